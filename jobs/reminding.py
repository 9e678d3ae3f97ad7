"""One look at a company's schedule: what is due is owed, and the time of the next look is set.

Laws: running it twice, or at once, owes nothing twice; an invoice is owed in a commit of its own, so that a death
between two of them loses none; on old news from QuickBooks nobody is asked for money.
"""

from __future__ import annotations

from sqlmodel import Session, select

from connector.store.companies import CompanyRow
from sync.reminding.owing import owe
from sync.reminding.plan import Due, due_on
from sync.reminding.schedule import companies_due, is_fresh, looked, rule_of, schedule_of
from sync.reminding.texting import owe_texts
from sync.runtime import Runtime

__all__ = ["companies_due", "remind"]


def remind(rt: Runtime, company_id: str) -> int:
    """Owe what a company's schedule wants now; returns how many mails."""
    now = rt.clock.now()
    with rt.db.read() as session:
        company = session.exec(select(CompanyRow).where(CompanyRow.id == company_id)).one()
        due, texts = _due(session, rt, company), _sends_texts(session, rt, company_id)
    owed: list[str] = []
    for one in due:
        with rt.db.write("remind") as session:
            fresh = owe(session, rt, company, one)
            owed += fresh + (owe_texts(session, rt, company, one) if fresh and texts else [])
    with rt.db.write("remind.looked") as session:
        row = schedule_of(session, company_id)
        if row is not None and row.is_on:
            looked(session, row, rule_of(row, company.zone), now)
    for mail_id in owed:
        rt.bell.ring("mail", mail_id)
    return len(owed)


def _sends_texts(session: Session, rt: Runtime, company_id: str) -> bool:
    row = schedule_of(session, company_id)
    return bool(rt.settings.text_url) and row is not None and row.texts


def _due(session: Session, rt: Runtime, company: CompanyRow) -> list[Due]:
    now, row = rt.clock.now(), schedule_of(session, company.id)
    if row is None or not row.is_on or not is_fresh(session, company.id, now):
        return []
    rule = rule_of(row, company.zone)
    return due_on(session, company.id, rule, rt.clock.today(company.zone)) if rule.is_open(now) else []
