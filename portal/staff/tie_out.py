"""The tie-out's page: three numbers, every named line between them, and the verdict; proved again by a button.

Law: the page shows the last run as it was kept; proving reads Stripe and QuickBooks afresh.
"""

from __future__ import annotations

import structlog
from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from connector.errors import GatewayError, NotConnected, TieoutError
from portal.access.members import BOOKKEEPER
from portal.here import runtime
from portal.ring import limiter
from portal.staff.gate import member, needs_role, pages
from sync import tieout

log = structlog.get_logger()


@pages.get("/tie-out")
def show_tie_out() -> ResponseReturnValue:
    """Show the last tie-out."""
    with runtime().db.read() as session:
        proof = tieout.latest(session, member().company.id)
    return render_template("staff/tie_out.html", proof=proof)


@pages.post("/tie-out")
@needs_role(BOOKKEEPER)
@limiter.limit("10 per minute")
def prove_now() -> ResponseReturnValue:
    """Prove now, and show what came of it."""
    try:
        proof = tieout.prove(runtime(), member().company.id)
    except NotConnected as error:
        name = {"quickbooks": "QuickBooks", "stripe": "Stripe"}[error.which]
        flash(f"{name} is not connected, so its side cannot be read.", "bad")
    except GatewayError as error:
        log.warning("tie_out_unread", error=type(error).__name__, trace=error.trace)
        flash("One side did not answer just now. The last result below still stands; try again in a minute.", "bad")
    except TieoutError as error:
        flash(str(error), "bad")
    else:
        flash("Read back from both sides just now.", "good" if proof.ties else "bad")
    return redirect(url_for(".show_tie_out"))
