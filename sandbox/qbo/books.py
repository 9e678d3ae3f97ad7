"""The books of one realm: documents, ledger, links and balances, always in step.

Rules live elsewhere; this keeps what they decided. Law: account and customer balances follow every posting. They move
a list entry's LastUpdatedTime but never its SyncToken, as recorded bodies show.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.qbo.balances import Balances
from sandbox.qbo.codec import Body, decode, held
from sandbox.qbo.documents import Documents
from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.ledger import Chart, Ledger, Leg, legs_of
from sandbox.qbo.links import Links
from sandbox.qbo.rules.lists import BALANCE_SHEET
from sandbox.qbo.switches import Switches
from sandbox.qbo.times import server_day, stamp
from sandbox.qbo.unit import Change, Unit
from sandbox.shelf import Shelf

Announce = Callable[[str, str, str, str, str], None]  # realm, entity, id, operation, who vanished in a merge


class Books:
    """One company's books. Callers hold the lock of the stand-in."""

    def __init__(
        self, shelf: Shelf, clock: SandboxClock, realm: str, *, switches: Switches, announce: Announce
    ) -> None:
        self.realm, self.switches = realm, switches
        self._shelf, self._clock, self._announce = shelf, clock, announce
        self.docs = Documents(shelf, realm)
        self.ledger = Ledger()
        self.links = Links()
        self._chart: Chart | None = None
        self._preferences: Body | None = None
        self._balances = Balances(self)
        self._named: dict[tuple[str, str], dict[str, str]] = {}
        # What was done lately and whether by hand, for the page that tells who did what; gone at a restart.
        self.trail: deque[tuple[float, str, str, str, bool]] = deque(maxlen=500)
        self.broken_emails: set[str] = set()  # invoices that poison a page of a query (4002)
        self._rebuild()

    def _rebuild(self) -> None:
        """Read ledger and links out of the documents, at start."""
        for name in ENTITIES:
            if not ENTITIES[name].transaction:
                continue
            for key in self.docs.ids(name):
                body = self.docs.body(name, key)
                self.ledger.replace((name, key), (), legs_of(name, body, self.chart, self.docs.body))
                self.links.replace(name, key, None, body)
                self._check_email(name, key, body)

    def unit(self, *, by_hand: bool = False) -> Unit:
        """Open a change."""
        return Unit(self, by_hand=by_hand)

    # What rules ask ---------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Return the stand-in's now in epoch seconds."""
        return self._clock.seconds()

    def today(self) -> str:
        """Return the server's date, Pacific, which is what a transaction without a date gets."""
        return server_day(self.now())

    @property
    def chart(self) -> Chart:
        """The accounts that documents imply."""
        if self._chart is None:
            types, subs = self.docs.column("Account", "AccountType"), self.docs.column("Account", "AccountSubType")
            self._chart = Chart(
                receivable=_first(types, "Accounts Receivable"),
                sales_tax=_first(subs, "GlobalTaxPayable") or _first(subs, "SalesTaxPayable"),
                undeposited=_first(subs, "UndepositedFunds"),
                exchange=_first(subs, "ExchangeGainOrLoss"),
                receivables=self._foreign(types, "Accounts Receivable"),
                foreign=frozenset(self._foreign(types).values()),
            )
        return self._chart

    @property
    def multicurrency(self) -> bool:
        """Whether the company uses several currencies."""
        return bool(self.preference("CurrencyPrefs", "MultiCurrencyEnabled"))

    def rate_key(self, code: str, day: str) -> str | None:
        """Return the id of the rate in force on a day, None where there is none."""
        codes = self.docs.column("ExchangeRate", "SourceCurrencyCode")
        days = self.docs.column("ExchangeRate", "AsOfDate")
        found = [(days[key], key) for key, held in codes.items() if held == code and days[key] <= day]
        return max(found)[1] if found else None

    def rate(self, code: str, day: str) -> Any:
        """Return the home units for one unit of a currency on a day; 1 where no rate is kept."""
        key = self.rate_key(code, day)
        return (self.docs.body("ExchangeRate", key) or {})["Rate"] if key else 1

    @property
    def home_currency(self) -> str:
        """The currency the books are kept in."""
        return str((self.preference("CurrencyPrefs", "HomeCurrency") or {}).get("value") or "USD")

    def _foreign(self, types: dict[str, Any], kind: str = "") -> dict[str, str]:
        """Return accounts that are kept in another currency: id by currency of one kind, or by id of every kind."""
        found = {}
        for key, held_kind in types.items() if self.multicurrency else ():
            code = ((self.docs.body("Account", key) or {}).get("CurrencyRef") or {}).get("value")
            if code != self.home_currency and kind in ("", held_kind):
                found[str(code) if kind else key] = key
        return found

    def receivables(self) -> set[str]:
        """Return the ids of every receivable account."""
        return {
            key for key, kind in self.docs.column("Account", "AccountType").items() if kind == "Accounts Receivable"
        }

    def preference(self, group: str, name: str) -> Any:
        """Return one preference of the company, None where it is not set."""
        if self._preferences is None:
            self._preferences = self.docs.body("Preferences", "1") or {}
        return (self._preferences.get(group) or {}).get(name)

    def named(self, entity: str, field: str, name: str) -> str | None:
        """Return the id of the list entry that has a name, whatever the case of its letters."""
        names = self._named.get((entity, field))
        if names is None:
            column = self.docs.column(entity, field)
            names = self._named[(entity, field)] = {str(held_by).casefold(): key for key, held_by in column.items()}
        return names.get(name.casefold())

    def _rename(self, entity: str, before: Body | None, after: Body | None) -> None:
        for (of, field), names in self._named.items():
            if of == entity:
                names.pop(str((before or {}).get(field)).casefold(), None)
                if after is not None:
                    names[str(after.get(field)).casefold()] = after["Id"]

    def next_number(self, name: str) -> str:
        """Return the next document number of a family of forms."""
        return str(self._shelf.next_number(f"{self.realm}/number/{name}", 1001))

    def number_addresses(self, body: Body) -> None:
        """Give an address its id, as QuickBooks does."""
        for field in ("BillAddr", "ShipAddr"):
            address = body.get(field)
            if isinstance(address, dict) and address and not address.get("Id"):
                address["Id"] = str(self._shelf.next_number(f"{self.realm}/address"))

    def parents_of(self, entity: str, key: str) -> Iterator[Body]:
        """Yield a list entry's parents, nearest first."""
        body = self.docs.body(entity, key)
        while body is not None and (body.get("ParentRef") or {}).get("value"):
            body = self.docs.body(entity, body["ParentRef"]["value"])
            if body is not None:
                yield body

    def bump(self, body: Body) -> None:
        """Move a document's SyncToken and time on."""
        body["SyncToken"] = str(int(body["SyncToken"]) + 1)
        body["MetaData"] = {**body["MetaData"], "LastUpdatedTime": stamp(self.now())}

    # What a unit writes -----------------------------------------------------------------------------------------------

    def keep(self, entity: str, key: str, change: Change) -> None:
        """Put one document of a committed unit on the shelf and tell the world."""
        before, after = change.before, change.after
        if after is None:
            times = {"LastUpdatedTime": stamp(self.now())}
            told = not change.merged_into or self.switches["merged_in_cdc"]
            grave = {"domain": "QBO", "status": "Deleted", "Id": key, "MetaData": times}
            self.docs.drop(entity, key, grave if told else None)
            if entity == "Attachable":
                self._shelf.drop(f"{self.realm}/file", key)
        else:
            self.docs.put(entity, key, after, change.text)
        self.links.replace(entity, key, before, after)
        self._forget(entity)
        self._rename(entity, before, after)
        self._check_email(entity, key, after)
        if entity == "Customer" and before and after and before["DisplayName"] != after["DisplayName"]:
            self._rename_in_forms(key, after["DisplayName"])
        if entity == "Customer" and before and (after or {}).get("ParentRef") != before.get("ParentRef"):
            self._balances.jobs_moved = True
        if change.merged_into:
            self._balances.jobs_moved = True
            self._announce(self.realm, entity, change.merged_into, "Merge", key)
        elif change.operation and change.operation != "Merge":  # the one that vanished tells of both
            self._announce(self.realm, entity, key, change.operation, "")

    def _rename_in_forms(self, customer: str, name: str) -> None:
        """Show a customer's new name on its forms. Recorded: neither their SyncToken nor their time moves."""
        for entity, described in ENTITIES.items():
            if "CustomerRef" not in described.queryable:
                continue
            owners = self.docs.column(entity, "CustomerRef")
            for key in [key for key, owner in owners.items() if owner == customer]:
                body = self.docs.body(entity, key) or {}
                self.docs.put(entity, key, {**body, "CustomerRef": {"value": customer, "name": name}})

    def _check_email(self, entity: str, key: str, body: Body | None) -> None:
        address = ((body or {}).get("BillEmail") or {}).get("Address")
        if entity == "Invoice" and address and "@" not in str(address):
            self.broken_emails.add(key)
        elif entity == "Invoice":
            self.broken_emails.discard(key)

    def _forget(self, entity: str) -> None:
        if entity == "Account":
            self._chart = None
        elif entity == "Preferences":
            self._preferences = self._chart = None

    def move_balances(self, before: Iterable[Leg], after: Iterable[Leg]) -> None:
        """Note what legs do to the balances of accounts and customers; `settle_balances` writes it."""
        self._balances.move(before, after)

    def settle_balances(self) -> None:
        """Write the balances that moved into their accounts and customers, parents included."""
        self._balances.settle()

    # Files ------------------------------------------------------------------------------------------------------------

    def keep_file(self, key: str, content: str, kind: str) -> None:
        """Keep an attachment's file, its bytes as base64."""
        self._shelf.put(f"{self.realm}/file", key, {"bytes": content, "type": kind})

    def file(self, key: str) -> dict[str, Any] | None:
        """Return an attachment's file, None where there is none."""
        return self._shelf.get(f"{self.realm}/file", key)

    # Documents from outside -------------------------------------------------------------------------------------------

    def load(self, entity: str, text: str) -> str:
        """Take a document in verbatim and serve those very bytes until it changes; returns its id.

        Its legs go on record without moving balances: loaded accounts and customers state theirs themselves.
        """
        body = decode(text)
        if not isinstance(body, dict) or not str(body.get("Id", "")):
            raise ValueError(f"a loaded {entity} needs an Id")
        key = str(body["Id"])
        self.settle_balances()
        before = self.docs.body(entity, key)
        chart = self.chart
        self.ledger.replace(
            (entity, key),
            legs_of(entity, before, chart, self.docs.body),
            legs_of(entity, body, chart, self.docs.body),
        )
        self.links.replace(entity, key, before, body)
        self.docs.put(entity, key, body, text)
        self.docs.reserve(entity, key)
        self._forget(entity)
        self._rename(entity, before, body)
        self._check_email(entity, key, body)
        return key

    # What people and tests look at ------------------------------------------------------------------------------------

    def opening(self, account: str) -> int:
        """Return the cents an account holds beyond its legs: what it was loaded with."""
        body = self.docs.body("Account", account)
        if body is None or body.get("Classification") not in BALANCE_SHEET or account in self.chart.foreign:
            return 0
        moved = self._balances.waiting(account)
        return held(body, "CurrentBalance") + moved - self.ledger.total(account)

    def trial_balance(self) -> list[dict[str, Any]]:
        """Return every account with its cents, debits positive; without loaded documents they sum to zero."""
        rows = []
        for key in dict.fromkeys([*self.docs.ids("Account"), *self.ledger.accounts()]):
            body = self.docs.body("Account", key) or {}
            cents = self.ledger.total(key) + self.opening(key)
            kind = body.get("AccountType", "")
            rows.append({"id": key, "name": body.get("FullyQualifiedName", ""), "type": kind, "cents": cents})
        return rows

    def register(self, account: str) -> list[dict[str, Any]]:
        """Return an account's register: day, entity, id, number, who, cents and running balance, oldest first."""
        rows = []
        for (entity, key), minor in self.ledger.entries(account).items():
            body = self.docs.body(entity, key) or {}
            who = (body.get("CustomerRef") or body.get("EntityRef") or {}).get("name", "")
            number = body.get("DocNumber") or body.get("PaymentRefNum") or ""
            row = {"day": body.get("TxnDate", ""), "entity": entity, "id": key, "number": number, "who": who}
            rows.append({**row, "note": body.get("PrivateNote", ""), "cents": minor})
        rows.sort(key=lambda row: (row["day"], int(row["id"])))
        balance = self.opening(account)
        for row in rows:
            balance += row["cents"]
            row["balance_cents"] = balance
        return rows

    def open_cents(self, entity: str, key: str) -> int:
        """Return what an invoice or a credit still has open, in cents."""
        return held(self.docs.body(entity, key) or {}, "Balance")


def _first(column: dict[str, Any], wanted: str) -> str:
    return next((key for key, value in column.items() if value == wanted), "")
