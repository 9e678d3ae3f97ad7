"""The general ledger of a realm: which legs a document posts, and what they add up to.

Pure of HTTP and of rules. Law: the legs of a document sum to zero, and a balance is the sum of the legs on record
(plus what an account was loaded with). Debits are positive cents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sandbox.qbo.codec import Body, held, in_home

Read = Callable[[str, str], Body | None]
Key = tuple[str, str]  # entity, id

LINKED_ENTITY = {
    "Invoice": "Invoice",
    "CreditMemo": "CreditMemo",
    "JournalEntry": "JournalEntry",
    "Expense": "Purchase",
    "Check": "Purchase",
    "CreditCardCredit": "Purchase",
    "Payment": "Payment",
    "SalesReceipt": "SalesReceipt",
    "RefundReceipt": "RefundReceipt",
}


class Leg(NamedTuple):
    """One side of a posting; `person` names the customer or vendor on a receivable or payable account."""

    account: str
    cents: int
    person: str = ""
    foreign_cents: int | None = None  # in the document's currency, where that is not the company's

    @property
    def own(self) -> int:
        """The cents in the document's own currency."""
        return self.cents if self.foreign_cents is None else self.foreign_cents


class Chart(NamedTuple):
    """The accounts that documents imply without naming them."""

    receivable: str
    sales_tax: str
    undeposited: str
    exchange: str = ""  # where gains and losses of exchange go
    receivables: dict[str, str] = {}  # noqa: RUF012 - never changed; the receivable account of each foreign currency
    foreign: frozenset[str] = frozenset()  # accounts kept in another currency


def _ref(body: Body, name: str) -> str:
    return str((body.get(name) or {}).get("value", ""))


def _detail(line: Body) -> Body:
    detail: Body = line.get(line.get("DetailType", ""), {})
    return detail


def _sale_lines(lines: Iterable[Body], sign: int) -> Iterable[Leg]:
    for line in lines:
        detail = _detail(line)
        if line["DetailType"] == "SalesItemLineDetail":
            yield Leg(_ref(detail, "ItemAccountRef"), -sign * held(line, "Amount"))
        elif line["DetailType"] == "DiscountLineDetail":
            yield Leg(_ref(detail, "DiscountAccountRef"), sign * held(line, "Amount"))
        elif line["DetailType"] == "GroupLineDetail":
            yield from _sale_lines(detail.get("Line", ()), sign)


def _sale(body: Body, chart: Chart, money: list[Leg], sign: int) -> list[Leg]:
    tax = Leg(chart.sales_tax, -sign * held(body.get("TxnTaxDetail") or {}, "TotalTax"))
    return [*money, *_sale_lines(body["Line"], sign), tax]


def _on_account(body: Body, chart: Chart, sign: int) -> list[Leg]:
    deposit = held(body, "Deposit")
    total = sign * (held(body, "TotalAmt") - deposit)
    legs = [Leg(_ref(body, "ARAccountRef") or chart.receivable, total, _ref(body, "CustomerRef"))]
    return [*legs, Leg(_ref(body, "DepositToAccountRef"), deposit)] if deposit else legs


def invoice_legs(body: Body, chart: Chart, read: Read) -> list[Leg]:
    """Receivable against income and sales tax; a deposit taken at once goes to its account."""
    return _sale(body, chart, _on_account(body, chart, 1), 1)


def credit_memo_legs(body: Body, chart: Chart, read: Read) -> list[Leg]:
    """The reverse of an invoice."""
    return _sale(body, chart, _on_account(body, chart, -1), -1)


def sales_receipt_legs(body: Body, chart: Chart, read: Read) -> list[Leg]:
    """Money against income and sales tax."""
    return _sale(body, chart, [Leg(_ref(body, "DepositToAccountRef"), held(body, "TotalAmt"))], 1)


def refund_receipt_legs(body: Body, chart: Chart, read: Read) -> list[Leg]:
    """The reverse of a sales receipt."""
    return _sale(body, chart, [Leg(_ref(body, "DepositToAccountRef"), -held(body, "TotalAmt"))], -1)


def payment_legs(body: Body, chart: Chart, read: Read) -> list[Leg]:
    """Money against the customer's receivable, applied or not."""
    total = held(body, "TotalAmt")
    money = _ref(body, "DepositToAccountRef") or chart.undeposited
    return [Leg(money, total), Leg(_ref(body, "ARAccountRef") or chart.receivable, -total, _ref(body, "CustomerRef"))]


def purchase_legs(body: Body, chart: Chart, read: Read) -> list[Leg]:
    """What was bought against the account it was paid from; a credit is the reverse."""
    sign = -1 if body.get("Credit") else 1
    legs = [Leg(_ref(body, "AccountRef"), -sign * held(body, "TotalAmt"))]
    for line in body["Line"]:
        detail = _detail(line)
        account = _ref(detail, "AccountRef") or _ref(detail, "ItemAccountRef")
        person = _ref(body, "EntityRef") or _ref(detail, "CustomerRef")
        legs.append(Leg(account, sign * held(line, "Amount"), person))
    return legs


def transfer_legs(body: Body, chart: Chart, read: Read) -> list[Leg]:
    """From one account to another."""
    moved = held(body, "Amount")
    return [Leg(_ref(body, "ToAccountRef"), moved), Leg(_ref(body, "FromAccountRef"), -moved)]


def journal_legs(body: Body, chart: Chart, read: Read) -> list[Leg]:
    """Exactly what the entry says."""
    legs = []
    for line in body["Line"]:
        detail = _detail(line)
        sign = 1 if detail["PostingType"] == "Debit" else -1
        legs.append(
            Leg(_ref(detail, "AccountRef"), sign * held(line, "Amount"), _ref(detail.get("Entity") or {}, "EntityRef"))
        )
    return legs


def deposit_legs(body: Body, chart: Chart, read: Read) -> list[Leg]:
    """Into the bank, out of wherever each linked transaction sits, the rest as the lines say."""
    legs = [Leg(_ref(body, "DepositToAccountRef"), held(body, "TotalAmt"))]
    for line in body["Line"]:
        if line.get("DetailType") == "DepositLineDetail":
            legs.append(Leg(_ref(_detail(line), "AccountRef"), -held(line, "Amount"), _ref(_detail(line), "Entity")))
            continue
        linked = line["LinkedTxn"][0]
        source = read(LINKED_ENTITY[linked["TxnType"]], linked["TxnId"]) or {}
        legs.append(Leg(_ref(source, "DepositToAccountRef") or chart.undeposited, -held(line, "Amount")))
    cash = body.get("CashBack")
    return [*legs, Leg(_ref(cash, "AccountRef"), held(cash, "Amount"))] if cash else legs


_POSTINGS: dict[str, Callable[[Body, Chart, Read], list[Leg]]] = {
    "Invoice": invoice_legs,
    "CreditMemo": credit_memo_legs,
    "SalesReceipt": sales_receipt_legs,
    "RefundReceipt": refund_receipt_legs,
    "Payment": payment_legs,
    "Purchase": purchase_legs,
    "Transfer": transfer_legs,
    "JournalEntry": journal_legs,
    "Deposit": deposit_legs,
}


def legs_of(entity: str, body: Body | None, chart: Chart, read: Read) -> list[Leg]:
    """Return what a document posts: nothing for an absent one, an estimate or a list entry."""
    if body is None or entity not in _POSTINGS:
        return []
    legs = _POSTINGS[entity](body, chart, read)
    if body.get("ExchangeRate") not in (None, 1):
        legs = [*_at_home(legs, body), *_exchanged(entity, body, chart, read)]
    elif entity in ("Payment", "Deposit") and "ExchangeRate" in body:
        legs += _exchanged(entity, body, chart, read)
    return [leg for leg in legs if leg.cents or leg.own]


def _at_home(legs: list[Leg], body: Body) -> list[Leg]:
    """Turn legs into the company's currency; what rounding leaves goes to the last leg that is nobody's."""
    turned = [Leg(leg.account, in_home(leg.cents, body), leg.person, leg.cents) for leg in legs if leg.cents]
    left = sum(leg.cents for leg in turned)
    for place in reversed(range(len(turned) if left else 0)):
        if not turned[place].person:
            turned[place] = turned[place]._replace(cents=turned[place].cents - left)
            break
    return turned


def _exchanged(entity: str, body: Body, chart: Chart, read: Read) -> list[Leg]:
    """What a payment settles, or a deposit takes, went on record at another rate: the difference is gain or loss."""
    legs = []
    for line in body["Line"] if entity in ("Payment", "Deposit") else ():
        for linked in line.get("LinkedTxn") or ():
            kind = LINKED_ENTITY[linked["TxnType"]]
            source = read(kind, linked["TxnId"])
            if source is None:
                continue
            minor = (
                -held(line, "Amount") if entity == "Deposit" or not _is_credit(kind, source) else held(line, "Amount")
            )
            difference = in_home(minor, source) - in_home(minor, body)
            if entity == "Payment":
                account, person = _ref(body, "ARAccountRef") or chart.receivable, _ref(body, "CustomerRef")
            else:
                account, person = _ref(source, "DepositToAccountRef") or chart.undeposited, ""
            legs += [Leg(account, difference, person, 0), Leg(chart.exchange, -difference, "", 0)] if difference else []
    return legs


def _is_credit(kind: str, source: Body) -> bool:
    """Tell whether a payment line's target lowers what a customer owes."""
    if kind == "JournalEntry":
        owing = (line for line in source["Line"] if "Entity" in _detail(line))
        return sum(held(line, "Amount") * (1 if _detail(line)["PostingType"] == "Debit" else -1) for line in owing) < 0
    return kind == "CreditMemo" or (kind == "Purchase" and bool(source.get("Credit")))


class Ledger:
    """The legs on record, by account and document."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[Key, int]] = {}
        self._totals: dict[str, int] = {}

    def replace(self, key: Key, before: Iterable[Leg], after: Iterable[Leg]) -> None:
        """Take a document's old legs off the record and put its new ones on."""
        for leg in before:
            self._add(key, leg.account, -leg.cents)
        for leg in after:
            self._add(key, leg.account, leg.cents)

    def _add(self, key: Key, account: str, minor: int) -> None:
        entries = self._entries.setdefault(account, {})
        entries[key] = entries.get(key, 0) + minor
        if not entries[key]:
            del entries[key]
        self._totals[account] = self._totals.get(account, 0) + minor

    def total(self, account: str) -> int:
        """Return the sum of an account's legs in cents, debits positive."""
        return self._totals.get(account, 0)

    def accounts(self) -> list[str]:
        """Return every account that ever had a leg."""
        return list(self._totals)

    def entries(self, account: str) -> dict[Key, int]:
        """Return an account's legs: cents by document."""
        return self._entries.get(account, {})
