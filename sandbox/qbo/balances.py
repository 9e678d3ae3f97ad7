"""What accounts and customers show as their balances: noted with every posting, written when somebody looks.

Law: a balance is the sum of the legs on record, plus what it was loaded with; it moves LastUpdatedTime and never the
SyncToken.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sandbox.qbo.codec import Body, amount, held
from sandbox.qbo.ledger import Key, Leg
from sandbox.qbo.rules.lists import BALANCE_SHEET, add_balance
from sandbox.qbo.times import stamp

if TYPE_CHECKING:
    from sandbox.qbo.books import Books


class Balances:
    """The balances of one company's books that moved and are not written yet."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._moved: dict[Key, tuple[int, float]] = {}
        self.jobs_moved = False  # a job has another parent: what customers owe with their jobs is counted anew

    def waiting(self, account: str) -> int:
        """Return the cents that an account's shown balance lags behind its legs."""
        return self._moved.get(("Account", account), (0, 0.0))[0]

    def move(self, before: Iterable[Leg], after: Iterable[Leg]) -> None:
        """Note what legs do to the balances of accounts and customers; `settle` writes it."""
        receivables = self._books.receivables()
        for sign, legs in ((-1, before), (1, after)):
            for leg in legs:
                shown = leg.own if leg.account in self._books.chart.foreign else leg.cents
                self._note(("Account", leg.account), sign * shown)
                if leg.person and leg.account in receivables:
                    self._note(("Customer", leg.person), sign * leg.own)

    def _note(self, key: Key, minor: int) -> None:
        self._moved[key] = (self._moved.get(key, (0, 0.0))[0] + minor, self._books.now())

    def settle(self) -> None:
        """Write the balances that moved into their accounts and customers, parents included."""
        moved, self._moved = self._moved, {}
        for (entity, key), (minor, when) in moved.items():
            if minor and entity == "Account":
                self._settle_account(key, minor, when)
            elif minor:
                self._settle_customer(key, minor, when)
        if self.jobs_moved:
            self.jobs_moved = False
            self._recount_jobs()

    def _recount_jobs(self) -> None:
        """Write what customers owe with their jobs anew: a job has another parent now."""
        bodies = {key: self._books.docs.body("Customer", key) or {} for key in self._books.docs.ids("Customer")}
        sums = {key: held(body, "Balance") for key, body in bodies.items()}
        for key, body in bodies.items():
            for parent in self._books.parents_of("Customer", key):
                sums[parent["Id"]] += held(body, "Balance")
        for key, body in bodies.items():
            if held(body, "BalanceWithJobs") != sums[key]:
                self._books.docs.put("Customer", key, {**body, "BalanceWithJobs": amount(sums[key])})

    def _settle_account(self, key: str, minor: int, when: float) -> None:
        body = self._books.docs.body("Account", key)
        if body is None or body.get("Classification") not in BALANCE_SHEET:
            return  # QuickBooks shows 0 for income and expense accounts
        parents = list(self._books.parents_of("Account", key))
        self._add("Account", body, minor, when, fields=("CurrentBalance", "CurrentBalanceWithSubAccounts"))
        for parent in parents:
            self._add("Account", parent, minor, when, fields=("CurrentBalanceWithSubAccounts",))

    def _settle_customer(self, key: str, minor: int, when: float) -> None:
        body = self._books.docs.body("Customer", key)
        if body is None:
            return
        parents = list(self._books.parents_of("Customer", key))
        self._add("Customer", body, minor, when, fields=("Balance", "BalanceWithJobs"))
        for parent in parents:
            self._add("Customer", parent, minor, when, fields=("BalanceWithJobs",))

    def _add(self, entity: str, body: Body, minor: int, when: float, *, fields: tuple[str, ...]) -> None:
        add_balance(body, minor, fields=fields)
        if entity == "Account" or self._books.switches["balances_touch_customers"]:
            body["MetaData"] = {**body["MetaData"], "LastUpdatedTime": stamp(when)}
        self._books.docs.put(entity, body["Id"], body)
