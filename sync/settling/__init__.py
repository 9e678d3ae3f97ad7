"""Settling, in its steps: what Stripe's answers make of a payment, of a movement on the account, and of a payout.

`sync.settle` and `sync.stripe_feed` are the doors. Law: what was looked up a moment ago decides, never an event's word.
"""
