"""Names that are made from the fact: the posting's key, its QuickBooks requestid and its reference.

Knows no row and no attempt. Law: the same fact always gets the same three names, so that after a crash, a restore or a
second worker the same posting is asked for again and not another one.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class PostingKey:
    """What a posting is made from: whose Stripe account, which object, what kind of posting, for which customer."""

    stripe_account: str
    object_id: str  # a charge, a payout, or for a daily posting its day: fees-2026-11-22
    kind: str
    customer_id: str = ""  # the QuickBooks customer, where a charge is posted once for each

    def __str__(self) -> str:
        return "/".join((self.stripe_account, self.object_id, self.kind, self.customer_id))


def request_id(key: PostingKey | str, generation: int = 1) -> str:
    """Return the `requestid` QuickBooks remembers: 32 characters. The generation rises only by a person's decision."""
    return _base32(f"{key}#{generation}")[:32]


def batch_request_id(request_ids: list[str]) -> str:
    """Return the `requestid` of a batch from its members' ids, in their order."""
    return _base32("+".join(request_ids))[:32]


def reference(key: PostingKey | str) -> str:
    """Return the 21 characters for PaymentRefNum or DocNumber, by which a query finds the document again."""
    return "TO" + _base32(str(key))[:19]


def _base32(text: str) -> str:
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()
