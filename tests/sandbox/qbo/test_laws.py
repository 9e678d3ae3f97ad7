"""Laws that hold after any sequence of writes: the books balance, nothing settles twice, a restart changes nothing.

Random walks from a seed: a failing one is found again by its number.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.qbo.books import Books
from sandbox.qbo.codec import amount, held
from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.links import settled_by
from sandbox.qbo.refusals import Refusal
from sandbox.qbo.standin import QuickBooksStandin
from sandbox.qbo.writing import write, write_by_hand
from sandbox.shelf import Shelf

STEPS = 150
Body = dict[str, Any]


class Walk:
    """One company, written to at random by the API and by hand; refusals are fine, broken laws are not."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.standin = QuickBooksStandin(Shelf(), clock=SandboxClock(), faults=Faults())
        books = self.standin.books(self.standin.found())
        assert books is not None
        self.books: Books = books
        self.create("Account", Name="Clearing", AccountType="Bank")
        self.accounts = {name: key for key, name in books.docs.column("Account", "Name").items()}
        self.buyers = [self.create("Customer", DisplayName=name) for name in ("A", "B")]
        self.buyers.append(self.create("Customer", DisplayName="A1", Job=True, ParentRef={"value": self.buyers[0]}))
        self.refused = self.done = 0

    def create(self, entity: str, **body: Any) -> str:
        return write(self.books, ENTITIES[entity], "create", body)[0]

    def attempt(self, entity: str, verb: str, body: Body, *, by_hand: bool = False) -> None:
        before = self.books.trial_balance()
        try:
            if by_hand:
                write_by_hand(self.books, entity, verb, body["Id"], body)
            else:
                write(self.books, ENTITIES[entity], verb, body)
            self.done += 1
        except Refusal:
            self.refused += 1
            assert self.books.trial_balance() == before, "a refused write changed nothing"

    def rows(self, entity: str) -> list[Body]:
        return [self.books.docs.body(entity, key) or {} for key in self.books.docs.ids(entity)]

    def one(self, entity: str) -> Body | None:
        """Return a document, mostly one that payments settle: there the rules bite."""
        rows = self.rows(entity)
        tied = [row for row in rows if self.books.links.payments_on((entity, row["Id"]))]
        rows = tied if tied and self.draw.random() < 0.7 else rows
        return self.draw.choice(rows) if rows else None

    def minor(self) -> int:
        return self.draw.choice((1, 99, 5000, self.draw.randrange(1, 30_000)))

    # What may happen

    def sell(self) -> None:
        taxed = self.draw.random() < 0.4
        detail = {"TaxCodeRef": {"value": "TAX" if taxed else "NON"}}
        line = {"Amount": amount(self.minor()), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
        tax = {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "2"}}} if taxed else {}
        kind = self.draw.choice(("Invoice", "Invoice", "CreditMemo", "Estimate"))
        self.create(kind, CustomerRef={"value": self.draw.choice(self.buyers)}, Line=[line], **tax)

    def lines(self, buyer: str) -> list[Body]:
        lines = []
        for _ in range(self.draw.randrange(0, 4)):
            kind = self.draw.choice(("Invoice", "Invoice", "CreditMemo", "Expense"))
            rows = self.rows("Purchase" if kind == "Expense" else kind)
            owned = [row for row in rows if (row.get("CustomerRef") or row["EntityRef"])["value"] == buyer]
            if owned:
                target = self.draw.choice(owned)
                most = held(target, "Balance") or held(target, "TotalAmt")
                part = self.draw.choice((most, self.draw.randrange(0, most + 20)))
                lines.append({"Amount": amount(part), "LinkedTxn": [{"TxnId": target["Id"], "TxnType": kind}]})
        return lines

    def pay(self) -> None:
        buyer = self.draw.choice(self.buyers)
        into = {"DepositToAccountRef": {"value": self.accounts["Clearing"]}} if self.draw.random() < 0.5 else {}
        lines = self.lines(buyer)
        charged = sum(held(line, "Amount") for line in lines if line["LinkedTxn"][0]["TxnType"] != "CreditMemo")
        credit = sum(held(line, "Amount") for line in lines) - charged
        total = max(0, charged - credit + self.draw.choice((0, 0, 0, 500, -1)))
        self.attempt(
            "Payment", "create", {"CustomerRef": {"value": buyer}, "TotalAmt": amount(total), "Line": lines, **into}
        )

    def apply_again(self) -> None:
        payment = self.one("Payment")
        if payment is not None:
            owner = payment["CustomerRef"]["value"]
            sparse = self.draw.random() < 0.5
            head = {"Id": payment["Id"], "SyncToken": payment["SyncToken"], "sparse": sparse}
            more = {} if sparse else {"CustomerRef": {"value": owner}, "TotalAmt": payment["TotalAmt"]}
            self.attempt("Payment", "update", {**head, **more, "Line": self.lines(owner)})

    def change_the_amount(self) -> None:
        entity = self.draw.choice(("Invoice", "CreditMemo"))
        form = self.one(entity)
        if form is not None:
            line = {"Amount": amount(self.minor()), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}
            head = {"Id": form["Id"], "SyncToken": form["SyncToken"], "sparse": True}
            self.attempt(entity, "update", {**head, "Line": [line]}, by_hand=self.draw.random() < 0.5)

    def change_the_expense(self) -> None:
        expense = self.one("Purchase")
        if expense is not None:
            head = {"Id": expense["Id"], "SyncToken": expense["SyncToken"], "sparse": True, "PaymentType": "Cash"}
            self.attempt(
                "Purchase", "update", {**head, "Line": [{**expense["Line"][0], "Amount": amount(self.minor())}]}
            )

    def take_back(self) -> None:
        entity = self.draw.choice(("Invoice", "CreditMemo", "Payment", "Purchase"))
        body = self.one(entity)
        if body is not None:
            head = {"Id": body["Id"], "SyncToken": body["SyncToken"]}
            verb = self.draw.choice(("void", "delete"))
            self.attempt(entity, verb, head, by_hand=self.draw.random() < 0.5)

    def return_money(self) -> None:
        """Book an expense on the receivable, as for a refund or a debit that came back."""
        kind = "AccountBasedExpenseLineDetail"
        detail = {"AccountRef": {"value": self.accounts["Accounts Receivable (A/R)"]}}
        buyer = {"value": self.draw.choice(self.buyers), "type": "Customer"}
        line = {"Amount": amount(self.minor()), "DetailType": kind, kind: detail}
        clearing = {"value": self.accounts["Clearing"]}
        self.create("Purchase", PaymentType="Cash", AccountRef=clearing, EntityRef=buyer, Line=[line])

    def deposit(self) -> None:
        payment = self.one("Payment")
        if payment is not None:
            link = {"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}
            bank = {"value": self.accounts["Checking"]}
            line = {"Amount": payment["TotalAmt"], "LinkedTxn": [link]}
            self.attempt("Deposit", "create", {"DepositToAccountRef": bank, "Line": [line]})

    def undo_deposit(self) -> None:
        body = self.one("Deposit")
        if body is not None:
            self.attempt("Deposit", "delete", {"Id": body["Id"], "SyncToken": body["SyncToken"]})

    def step(self) -> None:
        weights = {
            self.sell: 6,
            self.pay: 8,
            self.apply_again: 4,
            self.change_the_amount: 3,
            self.change_the_expense: 1,
            self.take_back: 4,
            self.return_money: 1,
            self.deposit: 1,
            self.undo_deposit: 1,
        }
        self.draw.choices(list(weights), list(weights.values()))[0]()

    # What always holds

    def check_open_amounts(self) -> None:
        """What is open is the total less what settles it, and never negative."""
        settled: dict[tuple[str, str], int] = {}
        for payment in self.rows("Payment"):
            for key, minor in settled_by(payment).items():
                settled[key] = settled.get(key, 0) + minor
        for entity in ("Invoice", "CreditMemo"):
            for body in self.rows(entity):
                used = settled.pop((entity, body["Id"]), 0)
                assert held(body, "Balance") == held(body, "TotalAmt") - used >= 0
                payers = set(self.books.links.payments_on((entity, body["Id"])))
                assert {link["TxnId"] for link in body["LinkedTxn"]} == payers
        for (entity, key), used in settled.items():
            assert entity == "Purchase", "everything settled exists"
            assert used <= held(self.books.docs.body(entity, key) or {}, "TotalAmt")

    def check_payments(self) -> None:
        """A payment and its credits are spent exactly."""
        for body in self.rows("Payment"):
            settles = settled_by(body)
            credit = sum(minor for (entity, _), minor in settles.items() if entity == "CreditMemo")
            charged = sum(settles.values()) - credit
            assert held(body, "TotalAmt") + credit - charged == held(body, "UnappliedAmt") >= 0

    def check_balances(self) -> None:
        """Balances follow the ledger, and the ledger sums to zero."""
        self.books.settle_balances()
        assert sum(row["cents"] for row in self.books.trial_balance()) == 0
        for body in self.rows("Account"):
            shown = body["Classification"] in ("Asset", "Liability", "Equity")
            assert held(body, "CurrentBalance") == (self.books.ledger.total(body["Id"]) if shown else 0)
        owed = {row["Id"]: held(row, "Balance") for row in self.rows("Customer")}
        assert sum(owed.values()) == self.books.ledger.total(self.accounts["Accounts Receivable (A/R)"])
        parent = self.books.docs.body("Customer", self.buyers[0]) or {}
        assert held(parent, "BalanceWithJobs") == owed[self.buyers[0]] + owed[self.buyers[2]]

    def check_restart(self) -> None:
        """Reading everything again from the shelf gives the same ledger and the same links."""
        self.books.settle_balances()
        shelf, standin = self.standin._shelf, self.standin
        again = Books(shelf, standin.clock, self.books.realm, switches=standin.switches, announce=lambda *_: None)
        assert again.trial_balance() == self.books.trial_balance()
        for entity in ("Invoice", "CreditMemo", "Purchase"):
            for key in self.books.docs.ids(entity):
                assert again.links.payments_on((entity, key)) == self.books.links.payments_on((entity, key))


@pytest.mark.parametrize("seed", range(12))
def test_the_laws_hold_along_any_walk(seed: int) -> None:
    walk = Walk(seed)
    for _ in range(STEPS):
        walk.step()
        walk.check_open_amounts()
        walk.check_payments()
        walk.check_balances()
    walk.check_restart()
    assert walk.done > 40, "the walk went somewhere"
    assert walk.refused > 5, "and met refusals"


def test_a_kill_before_the_commit_leaves_the_books_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "quickbooks.db"
    standin = QuickBooksStandin(Shelf(path), clock=SandboxClock(), faults=Faults())
    books = standin.books(standin.found())
    assert books is not None
    buyer, _ = write(books, ENTITIES["Customer"], "create", {"DisplayName": "A"})
    line = {"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}
    invoice, _ = write(books, ENTITIES["Invoice"], "create", {"CustomerRef": {"value": buyer}, "Line": [line]})
    standin.commit()
    link = {"Amount": 10, "LinkedTxn": [{"TxnId": invoice, "TxnType": "Invoice"}]}
    write(books, ENTITIES["Payment"], "create", {"CustomerRef": {"value": buyer}, "TotalAmt": 10, "Line": [link]})
    again = QuickBooksStandin(Shelf(path), clock=SandboxClock(), faults=Faults())
    kept = again.books(again.found())
    assert kept is not None
    assert kept.docs.count("Payment") == 0
    assert held(kept.docs.body("Invoice", invoice) or {}, "Balance") == 1000
    assert held(kept.docs.body("Customer", buyer) or {}, "Balance") == 1000
    assert sum(row["cents"] for row in kept.trial_balance()) == 0


def test_legs_that_do_not_sum_to_zero_are_never_written() -> None:
    standin = QuickBooksStandin(Shelf(), clock=SandboxClock(), faults=Faults())
    books = standin.books(standin.found())
    assert books is not None
    unit = books.unit()
    lopsided = {"Id": "9", "SyncToken": "0", "MetaData": {}, "TotalAmt": 5, "Line": [], "CustomerRef": {"value": "1"}}
    unit.save("Invoice", lopsided, "Create")
    with pytest.raises(AssertionError, match="do not sum to zero"):
        unit.commit()
