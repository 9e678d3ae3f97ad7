"""The switch that pauses online payment at a company: whole, for everybody, until somebody takes it up again.

Knows no page. Laws: nothing that was begun is stopped, for a payment under way is settled like any other; who switched
stands in the sync log, in the same commit.
"""

from __future__ import annotations

from connector.store.companies import CompanyRow
from connector.words import short_name
from sync import log
from sync.runtime import Runtime


def switch(rt: Runtime, company_id: str, *, on: bool, by: str) -> bool:
    """Let payers of a company start payments, or stop that; returns whether it was otherwise before."""
    with rt.db.write("pay_switch") as session:
        row = session.get_one(CompanyRow, company_id)
        if row.takes_payments == on:
            return False
        row.takes_payments = on
        done = "took online payment up again" if on else "paused online payment"
        sentence = f"{by} {done} at {short_name(row.name)}."
        log.write(session, rt, company_id, kind="connect", state="noted", sentence=sentence)
    return True
