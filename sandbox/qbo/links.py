"""Which transactions are tied to which: payments to what they settle, deposits to what they carry.

An index over the documents, rebuilt at start. Law: it says exactly what the Line arrays of the payments and deposits
say.
"""

from __future__ import annotations

from sandbox.qbo.codec import Body, held
from sandbox.qbo.ledger import LINKED_ENTITY, Key


def settled_by(payment: Body | None) -> dict[Key, int]:
    """Return what a payment's lines settle: cents by document."""
    settled: dict[Key, int] = {}
    for line in (payment or {}).get("Line", ()):
        for linked in line.get("LinkedTxn", ()):
            key = (LINKED_ENTITY.get(linked["TxnType"], linked["TxnType"]), str(linked["TxnId"]))
            settled[key] = settled.get(key, 0) + held(line, "Amount")
    return settled


def carried_by(deposit: Body | None) -> set[Key]:
    """Return the transactions on a deposit."""
    lines = (deposit or {}).get("Line", ())
    linked = (link for line in lines for link in line.get("LinkedTxn", ()))
    return {(LINKED_ENTITY.get(link["TxnType"], link["TxnType"]), str(link["TxnId"])) for link in linked}


class Links:
    """The index, asked from the far end: who settles this invoice, which deposit holds this payment."""

    def __init__(self) -> None:
        self._payments: dict[Key, dict[str, int]] = {}
        self._deposits: dict[Key, str] = {}

    def payments_on(self, key: Key) -> dict[str, int]:
        """Return the payments that settle a document: cents by payment id."""
        return self._payments.get(key, {})

    def deposit_of(self, key: Key) -> str | None:
        """Return the deposit that holds a transaction."""
        return self._deposits.get(key)

    def replace(self, entity: str, key: str, before: Body | None, after: Body | None) -> None:
        """Follow a changed payment or deposit."""
        if entity == "Payment":
            for target in settled_by(before):
                self._payments.get(target, {}).pop(key, None)
            for target, minor in settled_by(after).items():
                self._payments.setdefault(target, {})[key] = minor
        elif entity == "Deposit":
            for source in carried_by(before):
                self._deposits.pop(source, None)
            self._deposits.update(dict.fromkeys(carried_by(after), key))
