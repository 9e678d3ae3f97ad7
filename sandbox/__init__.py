"""Stateful stand-ins of QuickBooks Online and Stripe on localhost.

Written from public documentation and wire recordings, with a double-entry ledger inside, one movable clock and faults
by name. Shares no code with the product, so that the product cannot agree with itself by accident. Never for real
money: it answers loopback only.
"""
