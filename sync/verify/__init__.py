"""The invariants that hold in production, checked from the rows, and with `live` from both services read back.

`verify` runs the table. Laws: nothing is written; each row that breaks a rule comes with its reason.
"""

from sync.verify.broken import Broken
from sync.verify.table import INVARIANTS, Finding, Invariant, verify

__all__ = ["INVARIANTS", "Broken", "Finding", "Invariant", "verify"]
