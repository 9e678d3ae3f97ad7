"""The seed's two years: invoices in every state, checks, deposits, credits, bills, in order of time.

A heap of what happens next is merged with the stream of invoices, so that any number is written in one pass. Law:
nothing happens after today, and every event runs with the clock at its own instant.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.qbo.books import Books
from sandbox.qbo.codec import amount
from sandbox.qbo.rules.sales import due_day
from sandbox.qbo.standin import QuickBooksStandin
from sandbox.qbo.writing import write_by_hand
from sandbox.seed.people import Buyer, create
from sandbox.seed.plans import BLUE_MESA, FATES, FOREVER_OPEN, OTHERS_OPEN, Plan, basket, long_list
from sandbox.seed.words import BILLS

Happening = Callable[[str], None]
COMMIT_EVERY = 5000


class History:
    """Writes the history of one company."""

    def __init__(
        self,
        standin: QuickBooksStandin,
        books: Books,
        draw: random.Random,
        *,
        buyers: list[Buyer],
        start: datetime,
        today: datetime,
    ) -> None:
        self._standin, self._books, self._draw = standin, books, draw
        self._buyers, self._start, self._today = buyers, start, today
        self._later: list[tuple[float, int, Happening]] = []
        self._number = 0
        self._undeposited: list[tuple[str, int]] = []
        self._open: dict[str, list[str]] = {}
        self._memos: dict[str, list[str]] = {}
        self._check = 4100
        self._items = {name: key for key, name in books.docs.column("Item", "Name").items()}
        self._terms = {name: key for key, name in books.docs.column("Term", "Name").items()}
        self._accounts = {name: key for key, name in books.docs.column("Account", "Name").items()}
        self._bank = next(k for k, sub in books.docs.column("Account", "AccountSubType").items() if sub == "Checking")

    def write(self, count: int) -> None:
        """Write everything; `count` is the number of invoices."""
        self._at(self._start, self._open_books)
        self._plan_bills()
        self._plan_deposits()
        for written, (moment, plan) in enumerate(self._plans(count), 1):
            self._run_until(moment)
            self._now(moment, lambda day, plan=plan: self._invoice(day, plan))  # type: ignore[misc]
            if written % COMMIT_EVERY == 0:
                self._standin.commit()
        self._run_until(self._today)

    # Time -------------------------------------------------------------------------------------------------------------

    def _at(self, moment: datetime, happening: Happening) -> None:
        if moment <= self._today:
            self._number += 1
            heapq.heappush(self._later, (moment.timestamp(), self._number, happening))

    def _run_until(self, moment: datetime) -> None:
        while self._later and self._later[0][0] <= moment.timestamp():
            at, _, happening = heapq.heappop(self._later)
            self._now(datetime.fromtimestamp(at, self._today.tzinfo), happening)

    def _now(self, moment: datetime, happening: Happening) -> None:
        with self._standin.clock.at(moment.timestamp()):
            happening(moment.date().isoformat())

    def _in_days(self, day: str, days: int, happening: Happening) -> None:
        wanted = date.fromisoformat(day) + timedelta(days=days)
        minutes = self._draw.randrange(8 * 60, 17 * 60)
        noon = datetime(wanted.year, wanted.month, wanted.day, minutes // 60, minutes % 60, tzinfo=self._today.tzinfo)
        self._at(noon, happening)

    # The stream of invoices -------------------------------------------------------------------------------------------

    def _plans(self, count: int) -> Iterator[tuple[datetime, Plan]]:
        """Yield when each invoice is written and what is to become of it, in order of time."""
        fixed = self._fixed_plans()[:count]
        span = (self._today - self._start).total_seconds() - 86400
        free = count - len(fixed)
        for n in range(free):
            moment = _at_work(self._start + timedelta(seconds=86400 + span * (n + 0.5) / free))
            while fixed and fixed[0][0] <= moment:
                yield fixed.pop(0)
            yield moment, self._free_plan(n)
        yield from fixed

    def _fixed_plans(self) -> list[tuple[datetime, Plan]]:
        by_name = {buyer.name: buyer for buyer in self._buyers}
        plans = []
        for name, wanted in (("Blue Mesa Ranch", BLUE_MESA), *OTHERS_OPEN):
            for days, term, lines, paid in wanted if name in by_name else ():
                plans.append((self._morning(days), Plan(by_name[name], lines, FOREVER_OPEN, term, paid)))
        return sorted(plans, key=lambda pair: pair[0])

    def _morning(self, days_ago: int) -> datetime:
        return min(
            self._today, (self._today - timedelta(days=days_ago)).replace(hour=9, minute=30, second=0, microsecond=0)
        )

    def _free_plan(self, number: int) -> Plan:
        buyer = self._draw.choice(self._buyers)
        fate = self._draw.choices(list(FATES), list(FATES.values()))[0]
        if buyer.name == "Blue Mesa Ranch":
            fate = "paid"  # what it owes is the fixed list, and nothing else
        if number in (7, 23):
            return Plan(buyer, long_list(40 if number == 7 else 120), "paid", "Net 30")
        return Plan(buyer, basket(self._draw), fate, buyer.term)

    def _invoice(self, day: str, plan: Plan) -> None:
        buyer = plan.buyer
        payload: dict[str, Any] = {
            "CustomerRef": {"value": buyer.id},
            "TxnDate": day,
            "SalesTermRef": {"value": self._terms[plan.term]},
            "BillEmail": {"Address": buyer.email},
            "CustomerMemo": {"value": "Thank you for your business."},
            # What is open stays for the portal to mail about; the rest went out from QuickBooks long ago.
            "EmailStatus": "NotSet" if plan.fate == FOREVER_OPEN else "EmailSent",
            "Line": [self._line(*line, taxed=buyer.taxed) for line in plan.lines],
        }
        if buyer.taxed:
            payload["TxnTaxDetail"] = {"TxnTaxCodeRef": {"value": "2"}}
        if plan.fate == "discounted":
            detail = {"PercentBased": True, "DiscountPercent": 5}
            payload["Line"].append({"DetailType": "DiscountLineDetail", "DiscountLineDetail": detail})
        key = create(self._books, "Invoice", **payload)
        self._open.setdefault(buyer.id, []).append(key)
        self._decide(day, key, plan)

    def _line(self, name: str, quantity: int, price: int, *, taxed: bool) -> dict[str, Any]:
        taxable = taxed and not name.startswith(("Tile inst", "Demol", "Design", "Delivery", "Shower"))
        detail = {
            "ItemRef": {"value": self._items[name]},
            "Qty": quantity,
            "UnitPrice": amount(price),
            "TaxCodeRef": {"value": "TAX" if taxable else "NON"},
        }
        line = {"Description": name, "Amount": amount(quantity * price), "DetailType": "SalesItemLineDetail"}
        return {**line, "SalesItemLineDetail": detail}

    def _decide(self, day: str, key: str, plan: Plan) -> None:
        """Enter what will become of an invoice."""
        draw = self._draw
        term = self._books.docs.body("Term", self._terms[plan.term])
        due = (date.fromisoformat(due_day(day, term)) - date.fromisoformat(day)).days
        when = max(1, due + draw.choice((-12, -6, -2, 0, 1, 3, 6, 11, 19)))
        if plan.fate == FOREVER_OPEN:
            if plan.paid_cents:
                self._in_days(day, 4, lambda at: self._pay(at, plan.buyer, key, cents=plan.paid_cents))
        elif plan.fate in ("paid", "discounted"):
            self._in_days(day, when, lambda at: self._pay(at, plan.buyer, key))
        elif plan.fate == "part":
            self._in_days(day, when, lambda at: self._pay(at, plan.buyer, key, share=draw.choice((3, 5, 6))))
        elif plan.fate == "voided":
            self._in_days(day, 2, lambda at: self._void(plan.buyer, key))
        elif plan.fate == "credited":
            self._in_days(day, 6, lambda at: self._credit(at, plan.buyer))
            self._in_days(day, when + 5, lambda at: self._pay(at, plan.buyer, key, with_credits=True))

    # What becomes of them ---------------------------------------------------------------------------------------------

    def _void(self, buyer: Buyer, key: str) -> None:
        if not self._books.links.payments_on(("Invoice", key)):
            write_by_hand(self._books, "Invoice", "void", key)
            self._close(buyer, key)

    def _close(self, buyer: Buyer, key: str) -> None:
        if key in self._open[buyer.id]:
            self._open[buyer.id].remove(key)

    def _pay(
        self, day: str, buyer: Buyer, key: str, *, cents: int = 0, share: int = 10, with_credits: bool = False
    ) -> None:
        """Record a check for an invoice; sometimes it covers another open one too, sometimes a credit is used up."""
        owed = self._books.open_cents("Invoice", key)
        if not owed:
            return
        wanted = cents or max(1, owed * share // 10)
        lines = [self._applied(key, "Invoice", wanted)]
        total = wanted
        if share == 10 and not cents and self._draw.random() < 0.12:
            total += self._pay_another(buyer, key, lines)
        if with_credits:
            total -= self._use_credit(buyer, lines, total)
        if self._draw.random() < 0.01:
            total += 2500  # rounded up by the customer; stays unapplied
        self._record(day, buyer, lines, total)
        if wanted == owed:
            self._close(buyer, key)

    def _applied(self, key: str, kind: str, minor: int) -> dict[str, Any]:
        return {"Amount": amount(minor), "LinkedTxn": [{"TxnId": key, "TxnType": kind}]}

    def _pay_another(self, buyer: Buyer, key: str, lines: list[dict[str, Any]]) -> int:
        others = [other for other in self._open.get(buyer.id, ()) if other != key and int(other) < int(key)]
        if not others or buyer.name == "Blue Mesa Ranch":
            return 0
        owed = self._books.open_cents("Invoice", others[0])
        if owed:
            lines.append(self._applied(others[0], "Invoice", owed))
        self._close(buyer, others[0])
        return owed

    def _use_credit(self, buyer: Buyer, lines: list[dict[str, Any]], total: int) -> int:
        for memo in self._memos.get(buyer.id, ()):
            left = min(total, self._books.open_cents("CreditMemo", memo))
            if left:
                lines.append(self._applied(memo, "CreditMemo", left))
                return left
        return 0

    def _record(self, day: str, buyer: Buyer, lines: list[dict[str, Any]], total: int) -> None:
        self._check += 1
        by_check = self._draw.random() < 0.7
        payload: dict[str, Any] = {
            "CustomerRef": {"value": buyer.id},
            "TxnDate": day,
            "TotalAmt": amount(total),
            "Line": lines,
            "PaymentMethodRef": {"value": "2" if by_check else "5"},
        }
        if by_check:
            payload["PaymentRefNum"] = str(self._check)
        else:
            payload["DepositToAccountRef"] = {"value": self._bank}
        key = create(self._books, "Payment", **payload)
        if by_check and total:
            self._undeposited.append((key, total))

    def _credit(self, day: str, buyer: Buyer) -> None:
        boxes = self._draw.randrange(2, 14)
        name = "Ceramic subway tile 3x6"
        line = self._line(name, boxes, 325, taxed=buyer.taxed) | {"Description": "Returned, unopened boxes"}
        payload: dict[str, Any] = {"CustomerRef": {"value": buyer.id}, "TxnDate": day, "Line": [line]}
        if buyer.taxed:
            payload["TxnTaxDetail"] = {"TxnTaxCodeRef": {"value": "2"}}
        self._memos.setdefault(buyer.id, []).append(create(self._books, "CreditMemo", **payload))

    # The rest of the books --------------------------------------------------------------------------------------------

    def _open_books(self, day: str) -> None:
        held = self._accounts
        legs = ((self._bank, 4825000), (held["Savings"], 2000000), (held["Truck"], 3150000))
        lines = [self._journal(account, "Debit", minor) for account, minor in legs]
        lines.append(self._journal(held["Opening Balance Equity"], "Credit", sum(minor for _, minor in legs)))
        create(self._books, "JournalEntry", TxnDate=day, DocNumber="OPEN", PrivateNote="Opening balances", Line=lines)

    def _journal(self, account: str, side: str, minor: int) -> dict[str, Any]:
        detail = {"PostingType": side, "AccountRef": {"value": account}}
        return {"Amount": amount(minor), "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}

    def _plan_bills(self) -> None:
        month = self._start.date().replace(day=1)
        while month <= self._today.date():
            for vendor, account, low, high, day in BILLS:
                moment = datetime(month.year, month.month, day, 11, tzinfo=self._today.tzinfo)
                spent = self._draw.randrange(low, high + 1)
                if moment > self._start:
                    self._at(moment, lambda at, v=vendor, a=account, c=spent: self._bill(at, v, a, c))  # type: ignore[misc]
            month = (month + timedelta(days=32)).replace(day=1)

    def _bill(self, day: str, vendor: str, account: str, minor: int) -> None:
        detail = {"AccountRef": {"value": self._accounts[account]}}
        line = {"Amount": amount(minor), "DetailType": "AccountBasedExpenseLineDetail", "Description": account}
        create(
            self._books,
            "Purchase",
            PaymentType="Check",
            AccountRef={"value": self._bank},
            EntityRef={"value": self._books.named("Vendor", "DisplayName", vendor), "type": "Vendor"},
            TxnDate=day,
            Line=[{**line, "AccountBasedExpenseLineDetail": detail}],
        )

    def _plan_deposits(self) -> None:
        moment = self._start.replace(hour=16) + timedelta(days=7)
        while moment <= self._today - timedelta(days=5):  # the last checks still lie in the drawer
            self._at(moment, self._deposit)
            moment += timedelta(days=7)

    def _deposit(self, day: str) -> None:
        """Bring the week's checks to the bank."""
        links = [
            {"Amount": amount(minor), "LinkedTxn": [{"TxnId": key, "TxnType": "Payment", "TxnLineId": "0"}]}
            for key, minor in self._undeposited
        ]
        self._undeposited = []
        if links:
            account = {"value": self._bank}
            create(self._books, "Deposit", DepositToAccountRef=account, TxnDate=day, Line=links)


def _at_work(moment: datetime) -> datetime:
    """Squeeze the hours of a day into those of the office, keeping their order."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(hours=8) + (moment - midnight) * 9 / 24
