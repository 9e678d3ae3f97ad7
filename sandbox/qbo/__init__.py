"""The stand-in of QuickBooks Online: books with their own accounting rules behind the v3 Accounting API.

Written from public documentation and wire recordings. Law: every amount inside is an integer of cents, every document
posts legs that sum to zero, and what a client reads is what was last committed.
"""
