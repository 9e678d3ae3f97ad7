"""What is sold and what becomes of it: the baskets, the fates and the open invoices that every seed has."""

from __future__ import annotations

import random
from dataclasses import dataclass

from sandbox.seed.people import Buyer
from sandbox.seed.words import BASKETS, ITEMS

Line = tuple[str, int, int]  # item, quantity, unit price in cents

FOREVER_OPEN = "open"
# Fate of an invoice and its weight; what its day of payment has not reached yet is simply open.
FATES = {"paid": 76, "open": 6, "part": 6, "discounted": 4, "voided": 3, "credited": 5}
_PRICES = {name: price for name, _, price, _, _ in ITEMS}


@dataclass(frozen=True)
class Plan:
    """An invoice to be written: for whom, what, and what becomes of it."""

    buyer: Buyer
    lines: tuple[Line, ...]
    fate: str
    term: str
    paid_cents: int = 0


def _of(*pairs: tuple[str, int]) -> tuple[Line, ...]:
    return tuple((name, quantity, _PRICES[name]) for name, quantity in pairs)


# Days ago, terms, lines, cents paid so far. The first is overdue, the second falls due in nine days.
BLUE_MESA = (
    (52, "Net 30", _of(("Slate tile 16x16", 180), ("Tile installation", 180), ("Delivery", 1)), 0),
    (21, "Net 30", _of(("Travertine 18x18", 90), ("Thinset mortar, 50 lb", 4), ("Grout, 25 lb", 2)), 0),
    (12, "Net 30", _of(("Shower pan, built in place", 1), ("Waterproof membrane", 60)), 40000),
    (5, "2% 10 Net 30", _of(("Zellige tile 4x4", 40), ("Tile installation", 40)), 0),
    (
        2,
        "Net 30",
        _of(
            ("Design consultation", 2),
        ),
        0,
    ),
)
OTHERS_OPEN = (
    (
        "Kestrel Kitchens",
        (
            (40, "Net 30", _of(("Ceramic subway tile 3x6", 120), ("Grout, 25 lb", 2)), 0),
            (9, "Net 15", _of(("Porcelain tile 12x24", 260), ("Thinset mortar, 50 lb", 6)), 0),
        ),
    ),
    (
        "Trillium Hotel",
        (
            (33, "Net 60", _of(("Quartzite slab", 3), ("Delivery", 2)), 0),
            (11, "Net 30", _of(("Encaustic cement tile 8x8", 140), ("Tile installation", 140)), 100000),
            (
                4,
                "2% 10 Net 30",
                _of(
                    ("Edge trim, 8 ft", 24),
                ),
                0,
            ),
        ),
    ),
    (
        "Joana Ferreira",
        (
            (18, "Net 30", _of(("Ceramic subway tile 3x6", 48), ("Tile installation", 48)), 0),
            (
                6,
                "Due on receipt",
                _of(
                    ("Design consultation", 1),
                ),
                0,
            ),
        ),
    ),
    (
        "Bistro Zoë & Søn",
        (
            (28, "Net 30", _of(("Encaustic cement tile 8x8", 65), ("Delivery", 1)), 0),
            (7, "Net 15", _of(("Grout, 25 lb", 4), ("Edge trim, 8 ft", 6)), 0),
        ),
    ),
    (
        "Tabor Heights Apartments",
        (
            (64, "Net 30", _of(("Porcelain tile 12x24", 420), ("Tile installation", 420)), 150000),
            (
                15,
                "Net 30",
                _of(
                    ("Demolition and haul-away", 6),
                ),
                0,
            ),
        ),
    ),
)


def basket(draw: random.Random) -> tuple[Line, ...]:
    """Return the lines of an ordinary sale. What is laid is as much as what is sold."""
    lines: list[Line] = []
    measured = 0
    for name, low, high in draw.choice(BASKETS):
        quantity = measured if name == "Tile installation" and measured else draw.randrange(low, high + 1)
        measured = measured or quantity
        lines.append((name, quantity, _PRICES[name]))
    return tuple(lines)


def long_list(count: int) -> tuple[Line, ...]:
    """Return a sale of very many lines."""
    names = list(_PRICES)
    return tuple((names[n % len(names)], 1 + n % 4, _PRICES[names[n % len(names)]]) for n in range(count))
