"""The bottom floor: the pure ledger, the adapters of QuickBooks, Stripe and the database, settings, errors, clock.

Nothing in here decides what should happen; it knows how to say it to the outside and how to keep it.
"""
