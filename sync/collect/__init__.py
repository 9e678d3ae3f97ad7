"""Collecting a payment: from the press of Pay to the intent at Stripe, and the watch over what became of it.

Knows no page: a press comes in as a value, and what cannot be is answered as a value. Laws: nothing is asked of Stripe
before its rows are committed; shares under way on an invoice never exceed what QuickBooks said is open a moment ago.
"""
