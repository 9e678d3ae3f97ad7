"""The tie-out: Stripe's balance, our postings and QuickBooks' clearing account, read back and compared to the cent.

`prove` runs it and keeps the result; `latest` reads the last one. Law: every cent between the two sides stands in a
line with its name, and a difference nobody has explained is an open discrepancy.
"""

from sync.tieout.proof import CurrencyProof, Proof, latest, prove
from sync.tieout.words import NamedLine

__all__ = ["CurrencyProof", "NamedLine", "Proof", "latest", "prove"]
