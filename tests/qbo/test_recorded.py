"""All 128 bodies recorded from a real QuickBooks company: pulled byte for byte, or judged by Intuit's own schema."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connector.store.cache import (
    AccountRow,
    BookPaymentRow,
    CreditRow,
    CustomerRow,
    InvoiceRow,
    ListingRow,
    RawRow,
)
from connector.store.session import Database
from sandbox.world import World
from sync.entities import BY_NAME
from sync.pull import pull_company
from tests.qbo.rig import Rig
from tests.xsd import judge

TABLES = {
    "Invoice": InvoiceRow,
    "CreditMemo": CreditRow,
    "Customer": CustomerRow,
    "Account": AccountRow,
    "Payment": BookPaymentRow,
}


@pytest.fixture(scope="session")
def recorded(shared: Path) -> list[dict[str, Any]]:
    """Return the index, each entry with its text."""
    folder = shared / "quickbooks_recorded"
    entries = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
    return [{**entry, "text": (folder / entry["file"]).read_text()} for entry in entries]


@dataclass(frozen=True)
class Recorded:
    """One recorded answer, and the company whose QuickBooks gave it."""

    entity: str
    text: str
    rig: Rig

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text, parse_float=str, parse_int=str)
        return found

    def row(self, table: Any) -> Any:
        key = (self.rig.company_id, *([self.entity] if table is ListingRow else []), self.body["Id"])
        with self.rig.db.read() as session:
            return session.get_one(table, key)


@pytest.fixture
def pulled(world: World, db: Database, recorded: list[dict[str, Any]]) -> list[Recorded]:
    """Return every recorded answer after the engine pulled it from a QuickBooks that holds it as it is.

    Some objects were recorded more than once; the second and third time they stand in companies of their own.
    """
    rigs: list[Rig] = []
    loaded: list[list[dict[str, str]]] = []
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for entry in recorded:
        if entry["role"] == "request":
            continue
        key = (entry["type"], json.loads(entry["text"])["Id"])
        if seen[key] == len(rigs):
            realm = world.quickbooks.add_company(f"Recorded {len(rigs)}", bare=True)
            rigs.append(Rig(world, db, slug=f"recorded-{len(rigs)}", realm=realm).connect())
            loaded.append([])
        loaded[seen[key]].append({"entity": entry["type"], "text": entry["text"]})
        found.append(Recorded(entry["type"], entry["text"], rigs[seen[key]]))
        seen[key] += 1
    for rig, documents in zip(rigs, loaded, strict=True):
        rig.quickbooks_control("load", documents=documents)
        pull_company(rig.rt, rig.company_id)
    return found


def test_every_recorded_body_is_accounted_for(recorded: list[dict[str, Any]]) -> None:
    roles = [entry["role"] for entry in recorded]
    assert (len(roles), roles.count("response"), roles.count("request")) == (128, 124, 4)


def test_every_recorded_answer_lands_byte_for_byte(pulled: list[Recorded]) -> None:
    assert len(pulled) == 124
    for one in pulled:
        with one.rig.db.read() as session:
            raw = session.get_one(RawRow, (one.rig.company_id, one.entity, one.body["Id"]))
        assert raw.body == one.text.strip()
        assert raw.sync_token == one.body["SyncToken"]
    assert not [line for one in pulled for line in one.rig.lines() if "could not be read" in line]


def test_the_heads_say_what_the_bodies_say(pulled: list[Recorded]) -> None:
    """Every amount of every head is the recorded number, to the cent, read here by another way."""
    checked = 0
    for one in pulled:
        table, body = TABLES.get(one.entity), one.body
        if table is None:
            continue
        row = one.row(table)
        assert row.currency == body["CurrencyRef"]["value"]
        if "TotalAmt" in body:
            assert row.total_minor == cents(body["TotalAmt"])
            assert row.customer_id == body["CustomerRef"]["value"]
        if "DocNumber" in body:
            assert row.number == body["DocNumber"]
        balance = body.get("RemainingCredit", body.get("Balance", body.get("CurrentBalance", body.get("UnappliedAmt"))))
        assert cents(balance) == (row.unapplied_minor if one.entity == "Payment" else row.balance_minor)
        checked += 1
    assert checked == sum(one.entity in TABLES for one in pulled) == 85


def test_what_has_no_table_of_its_own_is_listed(pulled: list[Recorded]) -> None:
    for one in pulled:
        if BY_NAME[one.entity].row is ListingRow:
            body = one.body
            assert one.row(ListingRow).name == body.get("Name", body.get("DocNumber", ""))


def test_recorded_requests_pass_intuits_schema(recorded: list[dict[str, Any]], shared: Path) -> None:
    for entry in recorded:
        if entry["role"] == "request":
            body = msgspec.json.decode(entry["text"])
            assert judge(entry["type"], body.get(entry["type"], body)) == [], entry["file"]


def cents(number: str) -> int:
    whole, _, part = number.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole)) * 100 + int(part.ljust(2, "0") or 0))
