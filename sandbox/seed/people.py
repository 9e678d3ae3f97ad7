"""The seed's lists: items, vendors and customers of Harbor Tile Co."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sandbox.qbo.books import Books
from sandbox.qbo.codec import amount
from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.writing import write
from sandbox.seed import words


@dataclass(frozen=True)
class Buyer:
    """A customer that invoices can be written for."""

    id: str
    name: str
    email: str
    term: str
    taxed: bool


# Name, mail, parent: the customers every seed has, as many of them as are asked for.
FIXED = (
    ("Blue Mesa Ranch", "ap@bluemesa.example", ""),
    ("Cedar & Stone Builders", "accounts@cedarstone.example", ""),
    ("Alberta Street Lofts", "accounts@cedarstone.example", "Cedar & Stone Builders"),
    ("Sellwood Duplex", "accounts@cedarstone.example", "Cedar & Stone Builders"),
    ("Rose City Property Group", "billing@rosecityproperty.example", ""),
    ("Tabor Heights Apartments", "billing@rosecityproperty.example", "Rose City Property Group"),
    ("Pearl Court Lobby", "billing@rosecityproperty.example", "Rose City Property Group"),
    ("Kestrel Kitchens", "office@kestrelkitchens.example", ""),
    ("Trillium Hotel", "payables@trilliumhotel.example", ""),
    ("Joana Ferreira", "joana.ferreira@mail.example", ""),
    ("Bistro Zoë & Søn", "kontor@bistrozoe.example", ""),
)
INACTIVE = "Larch Lane Cafe"


def create(books: Books, entity: str, **payload: Any) -> str:
    """Write one document through the rules; returns its id."""
    return write(books, ENTITIES[entity], "create", payload)[0]


def add_items(books: Books) -> None:
    """Write what Harbor Tile sells."""
    for name, kind, price, account, taxable in words.ITEMS:
        income = {"value": books.named("Account", "Name", account)}
        create(books, "Item", Name=name, Type=kind, UnitPrice=amount(price), IncomeAccountRef=income, Taxable=taxable)


def add_vendors(books: Books) -> None:
    """Write whom Harbor Tile buys from."""
    for name in words.VENDORS:
        email = {"Address": f"billing@{_slug(name)}.example"}
        create(books, "Vendor", DisplayName=name, CompanyName=name, PrimaryEmailAddr=email)


def add_customers(books: Books, draw: random.Random, count: int) -> list[Buyer]:
    """Write customers, the fixed ones first; returns those that buy."""
    buyers: list[Buyer] = []
    ids: dict[str, str] = {}
    for name, email, parent in chain(FIXED, _invented(draw)):
        if len(ids) >= count:
            break
        if name in ids:
            continue
        washington = name not in ("Blue Mesa Ranch", INACTIVE) and draw.random() < 0.2
        term = draw.choices(("Net 30", "Net 15", "Due on receipt", "2% 10 Net 30"), (60, 20, 8, 12))[0]
        ids[name] = _customer(books, draw, name, email, parent=ids.get(parent, ""), washington=washington, term=term)
        if name == INACTIVE:
            write(
                books,
                ENTITIES["Customer"],
                "update",
                {"Id": ids[name], "SyncToken": "0", "sparse": True, "Active": False},
            )
        else:
            buyers.append(Buyer(ids[name], name, email, term, washington))
    return buyers


def _customer(
    books: Books, draw: random.Random, name: str, email: str, *, parent: str, washington: bool, term: str
) -> str:
    city, state, code = draw.choice(words.WASHINGTON if washington else words.OREGON)
    address = {
        "Line1": f"{draw.randrange(100, 9900)} {draw.choice(words.STREETS)}",
        "City": city,
        "CountrySubDivisionCode": state,
        "PostalCode": code,
    }
    payload: dict[str, Any] = {
        "DisplayName": name,
        "PrimaryEmailAddr": {"Address": email},
        "PrimaryPhone": {"FreeFormNumber": f"({draw.choice((503, 971, 360))}) 555-{draw.randrange(100, 200):04d}"},
        "BillAddr": address,
        "ShipAddr": dict(address),
        "SalesTermRef": {"value": books.named("Term", "Name", term)},
        "Taxable": washington,
    }
    given, _, family = name.partition(" ")
    if given in words.GIVEN:
        payload |= {"GivenName": given, "FamilyName": family}
    else:
        payload["CompanyName"] = name
    if washington:
        payload["DefaultTaxCodeRef"] = {"value": "2"}
    if parent:
        payload |= {"Job": True, "ParentRef": {"value": parent}, "BillWithParent": True}
    return create(books, "Customer", **payload)


def _invented(draw: random.Random) -> Iterator[tuple[str, str, str]]:
    """Yield names without end, the inactive one first; repeats are possible and are skipped by the caller."""
    yield INACTIVE, "hello@larchlane.example", ""
    number = 0
    while True:
        number += 1
        tail = f" {number}" if number > 2000 else ""  # beyond that the pairs run out
        if draw.random() < 0.35:
            name = f"{draw.choice(words.GIVEN)} {draw.choice(words.FAMILY)}{tail}"
            yield name, f"{_slug(name, '.')}@mail.example", ""
        else:
            name = f"{draw.choice(words.PLACES)} {draw.choice(words.TRADES)}{tail}"
            yield name, f"{draw.choice(('ap', 'office', 'accounts', 'billing'))}@{_slug(name)}.example", ""


def _slug(name: str, joint: str = "") -> str:
    return joint.join(re.findall(r"[a-z0-9]+", name.lower()))
