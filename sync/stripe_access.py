"""Whether we may still work on a company's Stripe account, and what is said when Stripe refuses us.

A connection by consent can be ended by its owner in Stripe's dashboard; one by a key loses rights there. Laws: an event
that tells of it is only a hint, and the account itself is asked; what was connected anew meanwhile is left alone.
"""

from __future__ import annotations

from connector.errors import Unauthorised
from connector.ledger.money import Money
from connector.store.companies import CompanyRow
from connector.stripe.platform import TAKEN_BACK
from oauth import connections
from sync import discrepancies
from sync.runtime import Runtime

REFUSED = "stripe_key_refused"
_ENDED = "The owner of this Stripe account ended Tieout’s access in Stripe’s dashboard."
_CONNECT_AGAIN = "An owner connects the same account again under Connections. What was paid is kept and goes on."
_KEY_STEP = "Check the key’s rights in Stripe’s dashboard, or connect Stripe again with a new key."
_PLATFORM_STEP = "Whoever runs this installation checks STRIPE_PLATFORM_KEY (tieout doctor says more)."


def look_again(rt: Runtime, company_id: str) -> bool:
    """Ask the account whether we may still work on it, after an event said not; returns whether it was ended."""
    with rt.db.asking() as reader:
        row = connections.find(reader, company_id, connections.STRIPE)
    if row is None or row.state != "connected" or not row.through_platform:
        return False
    try:
        rt.gateways.stripe(company_id).account()
    except Unauthorised as error:
        tell_refused(rt, row, error)
        return True
    return False


def tell_refused(rt: Runtime, row: connections.Connection, error: Unauthorised) -> None:
    """Say that Stripe refuses us, and end the connection where its owner ended it. `row` is from before the call."""
    is_ended = row.through_platform and error.code == TAKEN_BACK
    with rt.db.write("stripe_refused") as session:
        if is_ended and not connections.change(session, row, state="needs_reconnect", last_error=_ENDED):
            return
        sentence, next_step = _words(row, error)
        discrepancies.open_one(
            session,
            rt,
            row.company_id,
            kind=REFUSED,
            subject=row.account,
            sentence=sentence,
            next_step=next_step,
            amount=Money(0, session.get_one(CompanyRow, row.company_id).home_currency),
        )


def _words(row: connections.Connection, error: Unauthorised) -> tuple[str, str]:
    if not row.through_platform:
        return f"Stripe refuses our key for this account: {error.message}", _KEY_STEP
    if error.code == TAKEN_BACK:
        return f"{_ENDED} Nothing can be paid online until it is connected again.", _CONNECT_AGAIN
    return f"Stripe refuses the key of this installation: {error.message}", _PLATFORM_STEP
