"""How things stand, read before and after a story: what came into being, what is named, where the money lies.

Knows no story. Law: everything is read from its owner: books and ledger at the stand-in of QuickBooks, the balance at
the stand-in of Stripe, differences and tie-out from the product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.scenarios.scene import Scene
from sandbox.scenarios.story import End

ENTITIES = ("Invoice", "Payment", "CreditMemo", "Purchase", "Transfer", "Deposit", "JournalEntry", "RefundReceipt")
_WORDS = {"Purchase": "Expense", "CreditMemo": "Credit memo", "JournalEntry": "Journal entry"}
CLEARING = "Stripe clearing"


@dataclass(frozen=True)
class Accounts:
    """What lies in the clearing account and in the bank accounts of the books, in cents."""

    clearing: int
    bank: int


@dataclass(frozen=True)
class Standing:
    """How things stand at one moment; amounts in cents."""

    newest: dict[str, int]
    found: frozenset[str]
    stripe: int
    accounts: Accounts


def standing(scene: Scene) -> Standing:
    """Read how things stand."""
    newest = {entity: max((int(one["Id"]) for one in scene.documents(entity)), default=0) for entity in ENTITIES}
    found = frozenset(row["id"] for row in scene.place.findings())
    return Standing(newest, found, _at_stripe(scene), _accounts(scene))


def ended(scene: Scene, before: Standing) -> End:
    """Return how a story ended, as seen in the books, at Stripe and in the product."""
    after = _accounts(scene)
    documents = [_told(entity, one) for entity in ENTITIES for one in scene.documents(entity, before.newest[entity])]
    fresh = [row for row in scene.place.findings() if row["id"] not in before.found]
    return End(
        documents=tuple(sorted(documents)),
        findings=tuple(sorted(f"{row['kind']} {dollars(row['amount_minor'])}" for row in fresh)),
        stripe_minor=_at_stripe(scene) - before.stripe,
        clearing_minor=after.clearing - before.accounts.clearing,
        bank_minor=after.bank - before.accounts.bank,
        owed_minor=sum(cents(one["Balance"]) for one in scene.documents("Customer") if one["Id"] in scene.customers),
        unexplained_minor=int(scene.place.proof()["unexplained_minor"]),
    )


def sentences(scene: Scene, before: Standing) -> list[str]:
    """Return what the product itself says of the differences that a story brought, with what to do."""
    fresh = [row for row in scene.place.findings() if row["id"] not in before.found]
    return [f"{row['sentence']} {row['next_step']}".strip() for row in fresh]


def dollars(minor: int) -> str:
    """Return cents as a person writes them, with a minus where something is missing."""
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100:,}.{abs(minor) % 100:02d}"


def cents(value: Any) -> int:
    """Return an amount of a document in cents."""
    return round(float(value) * 100)


def _told(entity: str, body: dict[str, Any]) -> str:
    amount = dollars(cents(body["Amount" if entity == "Transfer" else "TotalAmt"]))
    said = f"{_WORDS.get(entity, entity)} {amount}"
    if entity == "Invoice":
        return f"{said}, open {dollars(cents(body['Balance']))}"
    if entity == "Payment":
        return f"{said}, unapplied {dollars(cents(body['UnappliedAmt']))}"
    return said


def _at_stripe(scene: Scene) -> int:
    return int(scene.stripe("oracle")["sums"].get("usd", {"net": 0})["net"])


def _accounts(scene: Scene) -> Accounts:
    rows = scene.place.control("quickbooks/ledger")["accounts"]
    clearing = sum(int(row["cents"]) for row in rows if row["name"] == CLEARING)
    banks = sum(int(row["cents"]) for row in rows if row["type"] == "Bank")
    is_bank = any(row["name"] == CLEARING and row["type"] == "Bank" for row in rows)
    return Accounts(clearing, banks - clearing if is_bank else banks)
