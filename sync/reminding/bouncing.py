"""Bounces: what a report of a mail that did not arrive does to its address, and how that is undone.

Writes in the caller's transaction. Laws: a report counts once; the address that is stopped is the one we wrote to, and
never one that a report names; a stop is one open discrepancy, closed when the stop is lifted.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Table
from sqlmodel import Session, col, select, update

from connector.ledger.money import Money
from connector.store.cache import CustomerRow
from connector.store.companies import CompanyRow
from connector.store.mailing import BounceRow
from connector.store.outbox import MailRow
from connector.store.upsert import insert_ignoring
from sync import discrepancies, log
from sync.reminding.addresses import lift, row_of
from sync.runtime import Runtime

STOPPED = "mail_stopped"
HARD, SOFT, COMPLAINT = "hard", "soft", "complaint"
_LONGEST_WHY = 300


@dataclass(frozen=True)
class Report:
    """What somebody reports of a mail: `kind` is hard, soft or complaint; `key` is the report's own id."""

    key: str
    kind: str
    why: str


def kind_of(status: str) -> str:
    """Judge an enhanced status code (RFC 3463): what says that the address is wrong, or gone, is hard.

    5.2.2 is a full mailbox, 5.3 and 5.4 are trouble on the way, 5.7 is a policy: none of them is the address's fault.
    """
    return HARD if re.match(r"5\.(0|1|2\.[013456])", status) else SOFT


def mail_by_name(session: Session, message_id: str) -> MailRow | None:
    """Return the mail that was sent under a Message-ID."""
    name = f"<{message_id.strip().strip('<>')}>"
    return session.exec(select(MailRow).where(MailRow.message_id == name).limit(1)).first() if len(name) > 2 else None


def take(session: Session, rt: Runtime, mail: MailRow, report: Report) -> bool:
    """Note a report of a mail; a hard one stops its address. Returns whether it is new."""
    why = " ".join(report.why.split())[:_LONGEST_WHY]
    row = BounceRow(
        id=rt.clock.new_id(),
        company_id=mail.company_id,
        key=report.key,
        email=mail.to.lower(),
        mail_id=mail.id,
        kind=report.kind,
        why=why,
        at=rt.clock.now(),
    )
    table: Table = BounceRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    if not insert_ignoring(session, table, [row.model_dump()]):
        return False
    if report.kind != SOFT:
        mine = update(MailRow).where(col(MailRow.company_id) == mail.company_id, col(MailRow.id) == mail.id)
        session.exec(mine.values(bounced_at=row.at))
        _stop(session, rt, row)
    return True


def lift_stops(session: Session, rt: Runtime, company_id: str, emails: Collection[str], *, by: str, why: str) -> None:
    """Let mail go to addresses again that were stopped, and close what was open about it."""
    for email in lift(session, company_id, emails):
        discrepancies.close(session, rt, company_id, kind=STOPPED, subject=email, by=by, note=why)
        sentence = f"Mail goes to {email} again: {why}"
        log.write(session, rt, company_id, kind="mail", state="noted", sentence=sentence)


def on_changed_addresses(
    session: Session, rt: Runtime, company_id: str, came: Collection[str], gone: Collection[str]
) -> None:
    """Follow what QuickBooks says of a customer's addresses: one entered anew is tried again, one left needs nobody."""
    if came:
        lift_stops(session, rt, company_id, came, by=discrepancies.TIEOUT, why="it was entered anew in QuickBooks")
    for email in gone:
        discrepancies.close(
            session, rt, company_id, kind=STOPPED, subject=email, note="The address was changed in QuickBooks."
        )


def _stop(session: Session, rt: Runtime, bounce: BounceRow) -> None:
    address = row_of(session, rt, bounce.company_id, bounce.email)
    address.stopped_at, address.stopped_why = bounce.at, bounce.why
    session.add(address)
    currency = session.exec(select(CompanyRow.home_currency).where(CompanyRow.id == bounce.company_id)).one()
    told = "says it never asked for our mail" if bounce.kind == COMPLAINT else "takes no mail"
    discrepancies.open_one(
        session,
        rt,
        bounce.company_id,
        kind=STOPPED,
        subject=bounce.email,
        sentence=f"{bounce.email}{_whose(session, bounce)} {told}: {bounce.why}. Nothing is sent there any more.",
        next_step="Correct the address in QuickBooks, or press Mail it again under Mail if it is right.",
        amount=Money(0, currency),
    )


def _whose(session: Session, bounce: BounceRow) -> str:
    names = select(CustomerRow.name).where(
        CustomerRow.company_id == bounce.company_id,
        col(CustomerRow.email).icontains(bounce.email, autoescape=True),
    )
    name = session.exec(names.order_by(col(CustomerRow.name)).limit(1)).first()
    return f" ({name})" if name else ""
