"""The seed's papers beside invoices: estimates in every state, a credit, photos and a plan that go out with invoices.

All of them are Blue Mesa Ranch's, whose pages a visitor of the demo opens first. Law: they are drawn here from the
seed's own chance, and change nothing of what the history wrote.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

from sandbox.qbo.attachments import keep_by_hand
from sandbox.qbo.books import Books
from sandbox.qbo.codec import amount
from sandbox.qbo.pdf import Sheet, bind
from sandbox.qbo.standin import QuickBooksStandin
from sandbox.seed.people import Buyer, create

OWNER = "Blue Mesa Ranch"
Lines = tuple[tuple[str, int, int], ...]  # item, quantity, unit price in cents
# Days ago, how many days it holds, state, what is offered.
ESTIMATES: tuple[tuple[int, int, str, Lines], ...] = (
    (6, 30, "Pending", (("Quartzite slab", 4, 48000), ("Tile installation", 60, 1250), ("Delivery", 1, 9500))),
    (75, 30, "Pending", (("Encaustic cement tile 8x8", 90, 1475), ("Tile installation", 90, 1250))),
    (140, 30, "Accepted", (("Design consultation", 3, 12500),)),
    (210, 30, "Rejected", (("Demolition and haul-away", 8, 6500),)),
)
CREDIT: Lines = (("Ceramic subway tile 3x6", 20, 325),)
_SANDS = ("#b9a58a", "#c7b59b", "#a8937a", "#d3c4ad", "#97836c")


def add_papers(
    standin: QuickBooksStandin, books: Books, draw: random.Random, buyers: list[Buyer], now: datetime
) -> None:
    """Write them at their own instants; a company without that customer has none."""
    buyer = next((one for one in buyers if one.name == OWNER), None)
    if buyer is None:
        return
    for days, holds, state, lines in ESTIMATES:
        moment = now - timedelta(days=days, hours=2)
        with standin.clock.at(moment.timestamp()):
            _estimate(books, buyer, moment, holds, state, lines)
    with standin.clock.at((now - timedelta(days=9)).timestamp()):
        day = (now - timedelta(days=9)).date().isoformat()
        create(books, "CreditMemo", **_form(books, buyer, day, CREDIT, "Returned, unopened boxes"))
    _attach(books, draw, buyer)


def _estimate(books: Books, buyer: Buyer, moment: datetime, holds: int, state: str, lines: Lines) -> None:
    form = _form(books, buyer, moment.date().isoformat(), lines)
    form["ExpirationDate"] = (moment.date() + timedelta(days=holds)).isoformat()
    form["TxnStatus"] = state
    form["CustomerMemo"] = {"value": "Prices hold until the last day. We start within two weeks of your answer."}
    if state == "Accepted":
        form |= {"AcceptedBy": "Dana Reyes", "AcceptedDate": (moment.date() + timedelta(days=4)).isoformat()}
    create(books, "Estimate", **form)


def _form(books: Books, buyer: Buyer, day: str, lines: Lines, said: str = "") -> dict[str, Any]:
    return {
        "CustomerRef": {"value": buyer.id},
        "TxnDate": day,
        "BillEmail": {"Address": buyer.email},
        "Line": [
            {
                "Description": said or name,
                "Amount": amount(quantity * price),
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": books.named("Item", "Name", name)},
                    "Qty": quantity,
                    "UnitPrice": amount(price),
                    "TaxCodeRef": {"value": "NON"},
                },
            }
            for name, quantity, price in lines
        ],
    }


def _attach(books: Books, draw: random.Random, buyer: Buyer) -> None:
    """Attach two photos and a plan to the oldest open invoice, and a calculation that stays in the house."""
    bodies = [books.docs.body("Invoice", key) or {} for key in books.docs.ids("Invoice")]
    mine = [
        one["Id"]
        for one in bodies
        if one["CustomerRef"]["value"] == buyer.id and books.open_cents("Invoice", one["Id"])
    ]
    if not mine:
        return
    files = (
        ("Terrace, before.jpg", "image/jpeg", _photo(draw, 6), True),
        ("Terrace, laid.jpg", "image/jpeg", _photo(draw, 11), True),
        ("Laying plan.pdf", "application/pdf", _plan(), True),
        ("Margin.pdf", "application/pdf", _plan(), False),
    )
    for name, kind, content, goes_out in files:
        ref = {"EntityRef": {"type": "Invoice", "value": mine[0]}, "IncludeOnSend": goes_out}
        keep_by_hand(books, {"FileName": name, "ContentType": kind, "AttachableRef": [ref]}, content)


def _photo(draw: random.Random, across: int) -> bytes:
    """Draw a floor of tiles, as a photo would show it."""
    picture = Image.new("RGB", (1200, 900), "#7d6f5f")
    pen, side = ImageDraw.Draw(picture), 1200 // across
    for top in range(0, 900, side):
        for left in range(0, 1200, side):
            pen.rectangle((left + 4, top + 4, left + side - 4, top + side - 4), fill=draw.choice(_SANDS))
    out = BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def _plan() -> bytes:
    sheet = Sheet()
    sheet.write("Laying plan", 72, 90, size=18, bold=True)
    sheet.write("Slate tile 16x16, 180 square feet, running bond, joints 3/8 inch.", 72, 120)
    for row in range(12):
        sheet.rule(72, 540, 160 + row * 36)
    return bind([sheet], title="Laying plan")
