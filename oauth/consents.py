"""Consents under way: somebody was sent to Intuit or Stripe and has not come back yet.

Knows neither of the two. Law: the state is kept as a hash, bound to service, company and browser, and is good once and
for ten minutes.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from sqlmodel import col, select, update

from connector.errors import WrongInput
from connector.store.companies import ConsentRow
from oauth.desk import Desk

CONSENT_LASTS = timedelta(minutes=10)


def keep(desk: Desk, which: str, company_id: str, *, state: str, browser_hash: str) -> None:
    """Remember who was sent out with this state. `browser_hash` names the browser's session."""
    now = desk.clock.now()
    with desk.db.write("consent") as session:
        session.add(
            ConsentRow(
                state_hash=_hash(state),
                which=which,
                company_id=company_id,
                browser_hash=browser_hash,
                created_at=now,
                expires_at=now + CONSENT_LASTS,
            )
        )


def use(desk: Desk, which: str, *, state: str, browser_hash: str, company_id: str | None = None) -> str:
    """Use a consent up and return its company; the row decides, so a double click cannot use it twice.

    `company_id` is where the browser is at work: somebody who moved on meanwhile decides there and not here. Raises
    WrongInput for one that is old, used, of another browser, for another company or another service.
    """
    now = desk.clock.now()
    with desk.db.write("consent_used") as session:
        mine = (
            col(ConsentRow.state_hash) == _hash(state),
            col(ConsentRow.which) == which,
            col(ConsentRow.browser_hash) == browser_hash,
            col(ConsentRow.used_at).is_(None),
            col(ConsentRow.expires_at) > now,
            *([] if company_id is None else [col(ConsentRow.company_id) == company_id]),
        )
        if not session.exec(update(ConsentRow).where(*mine).values(used_at=now)).rowcount:
            raise WrongInput(
                "This consent was used already, is older than ten minutes, or began in another browser or for another "
                "company."
            )
        return session.exec(select(ConsentRow.company_id).where(ConsentRow.state_hash == _hash(state))).one()


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
