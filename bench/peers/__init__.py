"""What a user would pick instead of Tieout, with the real libraries, written as their manuals show it.

Shares no code with the product. Law: a peer does the whole of the same job, no more and no less.
"""
