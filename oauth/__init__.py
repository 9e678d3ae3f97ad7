"""Consent, token exchange, refresh and the vault. Knows no Flask and no accounting.

Law: at most one refresh of a company is under way, and a rotated token is committed before it is used.
"""
