"""A row of the list of invoices in its words, which is made once for what it says and kept.

Knows no request and no database. Laws: a row depends on nothing but what it is asked with; what comes from outside is
escaped here; a mark says what the ledger says (a test holds them together).
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from markupsafe import Markup, escape

from connector.ledger.money import digits_of
from connector.words import day_text, known, mark, minor_figure

_ROW = (
    '<tr%s><th scope="row">%s<a href="%s">%s</a>%s</th><td>%s</td><td>%s</td><td class="number">%s</td>'
    '<td class="number">%s</td><td><span class="mark %s">%s</span></td></tr>\n'
)
_WHOSE = Markup('<span class="whose">{}</span>')


class Saying(NamedTuple):
    """What a row says beside its invoice's own columns."""

    base: str  # what the addresses begin with
    today: date
    locale: str  # the one that is spoken
    taken: int = 0  # what is on its way, in minor units
    is_busy: bool = False  # whether something is on its way
    whose: str = ""  # the customer's name, where it is to be said
    is_chosen: bool = False
    may_choose: bool = True  # whether it may be paid, once something is left


class Line(NamedTuple):
    """One row of the list, in words that stand on the page as they are, in the order in which it has them."""

    facts: str  # what the page's script adds up, where it may be paid
    tick: str
    href: str
    number: str
    whose: str
    issued: str
    due: str
    total: str
    left: str
    mark: str  # the mark's class
    word: str  # the mark's word


class Said(NamedTuple):
    """A row as it stands on the page, and whether it can be ticked."""

    markup: str
    can_be_chosen: bool


@lru_cache(maxsize=4096)
def say_row(row: tuple[Any, ...], saying: Saying) -> Said:
    """Return a row of the list. Whoever comes back to it, sorts it or pages through it asks for the same ones again."""
    line = line_of(row, saying)
    return Said(_ROW % line, bool(line.tick))


def line_of(row: tuple[Any, ...], saying: Saying) -> Line:
    """Return the words of a row of the list's query."""
    qbo_id, number, state, issued, due, total_minor, balance, currency, _, _ = row
    base, today, locale, taken, is_busy, whose, is_chosen, may_choose = saying
    issued_day, due_day = date.fromisoformat(issued), date.fromisoformat(due) if due else None
    left = max(balance - taken, 0) if state == "live" and balance > 0 else 0
    kind, word = _mark(state, total_minor, balance, left, due_day, today, is_busy)
    title = number if number.isalnum() else escape(number) if number else _word(mark("without a number"), locale)
    left_text = minor_figure(left, currency, locale=locale) if left else ""
    facts = ticked = ""
    if left and may_choose:
        facts = f' data-left="{left}" data-currency="{escape(currency)}" data-digits="{digits_of(currency)}"'
        ticked = _tick(locale).format(id=escape(qbo_id), number=title, amount=left_text, on=" checked" * is_chosen)
    return Line(
        facts,
        ticked,
        base + (qbo_id if qbo_id.isalnum() and qbo_id.isascii() else quote(qbo_id, safe="")),
        title,
        _WHOSE.format(whose) if whose else "",
        _day(issued_day, today.year, locale),
        _day(due_day, today.year, locale) if due_day else "",
        minor_figure(total_minor, currency, locale=locale),
        left_text,
        kind,
        _word(word, locale),
    )


@lru_cache(maxsize=16)
def _tick(locale: str) -> str:
    """Return the form of a row's tick, in `locale`, which is the one that is spoken."""
    words = escape(known(mark("Pay invoice {number}, {amount}")))
    return f'<input type="checkbox" class="tick" name="i" value="{{id}}" aria-label="{words}"{{on}}>'


@lru_cache(maxsize=64)
def _word(message: str, locale: str) -> str:
    """Say a word of the list; `locale` is the one that is spoken, which it is kept for."""
    return known(message)


@lru_cache(maxsize=2048)
def _day(day: date, year: int, locale: str) -> str:
    return day_text(day, this_year=year, locale=locale)


def _mark(
    state: str, total: int, balance: int, left: int, due_day: date | None, today: date, is_busy: bool
) -> tuple[str, str]:
    """Return an invoice's mark and its word, yet to be said."""
    if state != "live":
        return ("", mark("Cancelled")) if state == "voided" else ("", mark("Withdrawn"))
    if not left:
        return ("wait", mark("Under way")) if is_busy else ("good", mark("Paid"))
    if due_day is not None and due_day < today:
        return "bad", mark("Overdue")
    return ("wait", mark("Partly paid") if balance < total else mark("Open"))
