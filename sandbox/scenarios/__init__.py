"""Stories that can be played on the demo: each ends in books, balances and named differences that are known before.

A story acts on the stand-ins and, as a payer's browser, on the portal; it sees of the product what a person sees. Law:
an end is read from the stand-ins' own books and from the product's own words, never from what a story believes.
"""
