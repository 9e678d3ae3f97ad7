"""The table of invariants: each with its sentence, how rows show it, how the owners' own books show it, or why not.

Law: an invariant that cannot be checked here says so; it never counts as holding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlmodel import Session

from connector.errors import GatewayError, NotConnected
from sync.runtime import Runtime
from sync.verify import access, flow, live, money
from sync.verify.broken import Broken

Check = Callable[[Session, Runtime, str], Iterable[Broken]]


@dataclass(frozen=True)
class Invariant:
    """One rule. `by_rows` needs the database alone, `read_back` asks QuickBooks and Stripe."""

    name: str
    sentence: str
    by_rows: Check | None = None
    read_back: Check | None = None
    why_not: str = ""


@dataclass(frozen=True)
class Finding:
    """What a check came to: holds, broken (with every row that breaks it), or unchecked (with why)."""

    invariant: Invariant
    state: str
    broken: tuple[Broken, ...] = ()
    why: str = ""


INVARIANTS = (
    Invariant(
        "I-1",
        "Every charge that came is in the books exactly once, or somebody is told.",
        money.once_in_the_books,
        live.in_the_books_once,
    ),
    Invariant("I-2", "Nobody is charged twice for one press of Pay.", money.never_charged_twice),
    Invariant(
        "I-3",
        "Nothing stands in the books for money that did not come.",
        money.nothing_from_nothing,
        live.every_document_has_its_fact,
    ),
    Invariant(
        "I-4", "Stripe and the books agree to the cent, day by day.", money.cited_to_the_cent, live.both_sides_tie
    ),
    Invariant(
        "I-5",
        "A payout is the sum of its movements and one entry in the books.",
        money.payouts_tie,
        live.payouts_arrived_once,
    ),
    Invariant("I-6", "What is shared among invoices is what was paid, never less than nothing.", money.shares_fit),
    Invariant("I-7", "No charge gives back more than it took.", money.refunds_fit),
    Invariant("I-8", "A payment never goes back to an earlier state.", flow.never_back),
    Invariant("I-9", "An event is stored and acts once.", flow.event_once),
    Invariant("I-10", "What we said is so: recorded, received, thanked for.", flow.told_is_true),
    Invariant("I-11", "One requestid, the same bytes, every time.", flow.frozen),
    Invariant("I-12", "One worker at a time sends a posting, and none after it is recorded.", flow.one_holder),
    Invariant("I-13", "Nothing that is due waits for longer than a quarter of an hour unseen.", flow.swept),
    Invariant("I-14", "Nothing fails or waits in silence.", flow.nothing_silent),
    Invariant("I-15", "No attempt was altered or removed.", flow.chained),
    Invariant("I-16", "Nobody reaches into another company.", access.own_company_only),
    Invariant("I-17", "No secret stands where words stand.", access.no_secrets),
    Invariant("I-18", "What was shown is what was charged.", money.shown_is_charged),
    Invariant("I-19", "One success, one receipt number, used once.", money.one_receipt),
    Invariant("I-20", "What is shown is as fresh as it says.", flow.cache_is_one),
    Invariant("I-21", "A working connection holds a token that works.", flow.token_lives),
    Invariant("I-22", "After a restore everything above holds again.", why_not="recovering from a backup is not built"),
    Invariant("I-23", "A charge is dated on the company's own day.", flow.dated_where_it_was),
    Invariant("I-24", "Everything above holds beside an older version.", why_not="one version runs here"),
)


def verify(rt: Runtime, company_id: str, *, live: bool = False) -> list[Finding]:
    """Check every invariant of a company; with `live` also by reading QuickBooks and Stripe. Writes nothing."""
    return [_found(rt, company_id, invariant, live=live) for invariant in INVARIANTS]


def _found(rt: Runtime, company_id: str, invariant: Invariant, *, live: bool) -> Finding:
    checks = [invariant.by_rows, invariant.read_back if live else None]
    broken: list[Broken] = []
    try:
        for check in filter(None, checks):
            with rt.db.read() as session:
                broken += check(session, rt, company_id)
    except (GatewayError, NotConnected) as error:
        if not broken:
            return Finding(invariant, "unchecked", why=f"it cannot be read back now: {error}")
    if broken:
        return Finding(invariant, "broken", tuple(sorted(set(broken))))
    return Finding(invariant, "unchecked", why=invariant.why_not) if invariant.why_not else Finding(invariant, "holds")
