"""What Tieout does: pull from QuickBooks, take payments, settle what Stripe says, push to the books, tie out.

Knows no page and no queue: everything it needs comes in a Runtime.
"""
