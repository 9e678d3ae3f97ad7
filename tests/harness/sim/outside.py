"""What others do meanwhile: bookkeepers at the books, the owner in Stripe's dashboard, banks, Redis, and the clock.

Everything goes through the stand-ins' own control planes. Law: an action is a word of the script with its instant, so
that it can be left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.qbo.control import QuickBooksControl

if TYPE_CHECKING:
    from tests.harness.sim.stage import Stage

Action = Callable[["Outside", Random], object]


class Outside:
    """The world around one company."""

    def __init__(self, stage: Stage, realm: str, *, acts: bool) -> None:
        self.stage, self._realm = stage, realm
        self._books = QuickBooksControl(stage.world.quickbooks)
        self.done: Counter[str] = Counter()
        dice = stage.script.dice("actions")
        self._names = [name for name in ACTIONS if dice.random() < 0.5] if acts else []

    def plan(self, number: int, within: float) -> None:
        """Enter that many actions within some seconds."""
        for n in range(number):
            word = self.stage.script.next("action", self._draw)
            if word:
                name, _, share = word.partition("@")
                self.stage.later(float(share) * within, name, lambda name=name, n=n: self._act(name, n))

    def _draw(self, dice: Random) -> str:
        return f"{dice.choice(self._names)}@{dice.random():.4f}" if self._names else ""

    def _act(self, name: str, number: int) -> None:
        dice = self.stage.script.dice("act", number)
        try:
            ACTIONS[name](self, dice)
            self.done[name] += 1
            self.stage.note(f"outside: {name}")
        except (ValueError, LookupError) as error:
            self.stage.note(f"outside: {name} cannot be done ({type(error).__name__})")

    # The books ----------------------------------------------------------------------------------------------------

    def books(self, order: str, **sent: Any) -> Any:
        return self._books.control(order, {"realm": self._realm, **sent}, reading=False)

    def invoice(self, dice: Random) -> dict[str, Any]:
        """Return an open invoice as the books have it now."""
        docs = self.stage.world.quickbooks.books(self._realm).docs  # type: ignore[union-attr]
        found = [body for key in docs.ids("Invoice") if float((body := docs.body("Invoice", key))["Balance"]) > 2]
        if not found:
            raise LookupError("no invoice is open")
        return dict(dice.choice(found))

    def stripe(self, order: str, **sent: Any) -> Any:
        return self.stage.stripe(order, **sent)

    def charge(self, dice: Random, kind: str = "card") -> dict[str, Any]:
        """Return a charge that came."""
        charges = self.stripe("state", kind="charges")["charges"]
        fitting = [
            one for one in charges if one["status"] == "succeeded" and not one["refunded"] and not one["disputed"]
        ]
        fitting = [one for one in fitting if one["payment_method_details"]["type"] == kind]
        if not fitting:
            raise LookupError("nothing was charged")
        found: dict[str, Any] = dice.choice(fitting)
        return found


def _priced(invoice: dict[str, Any], factor: float) -> dict[str, Any]:
    """Return the changes that make an invoice's first line cost more or less."""
    lines = [dict(line) for line in invoice["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    amount = max(1.0, round(float(lines[0]["Amount"]) * factor, 2))
    detail = {**lines[0]["SalesItemLineDetail"], "Qty": 1, "UnitPrice": amount}
    lines[0] = {**lines[0], "Amount": amount, "SalesItemLineDetail": detail}
    return {"Line": lines}


def _edit(factor: float) -> Action:
    def act(outside: Outside, dice: Random) -> object:
        invoice = outside.invoice(dice)
        plain = {"Line": [_plain(line) for line in _priced(invoice, factor)["Line"]]}
        return outside.books("edit", entity="Invoice", id=invoice["Id"], changes=plain)

    return act


def _plain(value: Any) -> Any:
    """Return exact numbers as JSON has them."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | bool | int | type(None)) else float(value)


def _by_hand(order: str) -> Action:
    def act(outside: Outside, dice: Random) -> object:
        return outside.books(order, entity="Invoice", id=outside.invoice(dice)["Id"])

    return act


def _pay_elsewhere(outside: Outside, dice: Random) -> object:
    invoice = outside.invoice(dice)
    amount = float(invoice["Balance"])
    line = {"Amount": amount, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    document = {"CustomerRef": {"value": invoice["CustomerRef"]["value"]}, "TotalAmt": amount, "Line": [line]}
    return outside.books("create", entity="Payment", document=document)


def _deactivate(outside: Outside, dice: Random) -> object:
    customer = outside.invoice(dice)["CustomerRef"]["value"]
    return outside.books("edit", entity="Customer", id=customer, changes={"Active": False})


def _close_books(outside: Outside, dice: Random) -> object:
    day = outside.stage.world.clock.in_days(dice.choice((-30, -1, 1))).date().isoformat()
    changes = {"AccountingInfoPrefs": {"BookCloseDate": day}}
    return outside.books("edit", entity="Preferences", id="1", changes=changes)


def _refund(outside: Outside, dice: Random) -> object:
    charge = outside.charge(dice)
    return outside.stripe("refund", charge=charge["id"], amount=max(1, charge["amount"] // dice.choice((1, 2, 5))))


def _dispute(outside: Outside, dice: Random) -> object:
    return outside.stripe("dispute", charge=outside.charge(dice)["id"])


def _return_debit(outside: Outside, dice: Random) -> object:
    return outside.stripe("return_debit", charge=outside.charge(dice, "us_bank_account")["id"])


def _payout(outside: Outside, dice: Random) -> object:
    outside.stripe("release")
    return outside.stripe("payout")


def _redis_away(outside: Outside, dice: Random) -> object:
    stage = outside.stage

    def back() -> None:
        stage.is_redis_up = True

    stage.is_redis_up = False
    stage.flush_redis()
    return stage.later(dice.choice((30, 600, 3000)), "redis is back", back)


def _maintenance(outside: Outside, dice: Random) -> object:
    """QuickBooks, Stripe, or both answer nothing but 503 for a while."""
    stage = outside.stage
    gone = dice.choice((["127.0.0.1:8701"], ["127.0.0.1:8702"], ["127.0.0.1:8701", "127.0.0.1:8702"]))
    stage.take_away(gone)
    return stage.later(dice.choice((60, 1200, 7200)), "maintenance is over", lambda: stage.bring_back(gone))


def _time_passes(outside: Outside, dice: Random) -> object:
    return outside.stage.time.advance(dice.choice((600, 3700, 9000)))


def _expire_access(outside: Outside, dice: Random) -> object:
    return outside.books("expire_access")


ACTIONS: dict[str, Action] = {
    "invoice edited up": _edit(1.4),
    "invoice edited down": _edit(0.4),
    "invoice voided": _by_hand("void"),
    "invoice deleted": _by_hand("delete"),
    "paid elsewhere": _pay_elsewhere,
    "customer made inactive": _deactivate,
    "books closed": _close_books,
    "refund in the dashboard": _refund,
    "dispute": _dispute,
    "debit returned": _return_debit,
    "payout": _payout,
    "redis flushed and away": _redis_away,
    "maintenance": _maintenance,
    "time jumps": _time_passes,
    "access token expires": _expire_access,
}
