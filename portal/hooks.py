"""The webhook doors of QuickBooks, Stripe and mail: raw bytes in, stored, answered.

No session, no form token: what comes is signed, and `sync.doors` checks it over the very bytes. Law: 200 is said only
after the event is stored; what is refused is refused without a reason that would help a forger.
"""

from __future__ import annotations

import structlog
from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from portal.here import runtime
from portal.ring import HOOK, limiter
from sync.doors import Accepted, Refused, accept_quickbooks, accept_stripe
from sync.reminding.door import accept_report, accept_text

log = structlog.get_logger()

doors = Blueprint("hooks", __name__, url_prefix="/hooks")

LARGEST_EVENT = 1024 * 1024


@doors.before_request
def _bound() -> None:
    request.max_content_length = LARGEST_EVENT


@doors.post("/quickbooks")
@limiter.limit(HOOK)
def quickbooks() -> ResponseReturnValue:
    """Take a webhook of Intuit, for all realms."""
    return _answer(accept_quickbooks(runtime(), _body(), request.headers.get("intuit-signature", "")))


@doors.post("/stripe")
@limiter.limit(HOOK)
def stripe_by_account() -> ResponseReturnValue:
    """Take a webhook of Stripe that names its account."""
    return _answer(accept_stripe(runtime(), "", _body(), request.headers.get("Stripe-Signature", "")))


@doors.post("/stripe/<slug>")
@limiter.limit(HOOK)
def stripe_by_company(slug: str) -> ResponseReturnValue:
    """Take a webhook of a company's own Stripe account."""
    return _answer(accept_stripe(runtime(), slug, _body(), request.headers.get("Stripe-Signature", "")))


@doors.post("/mail")
@limiter.limit(HOOK)
def mail_report() -> ResponseReturnValue:
    """Take a report of a mail that did not arrive."""
    return _answer(accept_report(runtime(), _body(), request.headers.get("Tieout-Signature", "")))


@doors.post("/text")
@limiter.limit(HOOK)
def text_answer() -> ResponseReturnValue:
    """Take what somebody answered to a text message."""
    return _answer(accept_text(runtime(), _body(), request.headers.get("Tieout-Signature", "")))


def _body() -> bytes:
    return request.get_data(cache=False)


def _answer(result: Accepted | Refused) -> ResponseReturnValue:
    if isinstance(result, Refused):
        log.warning("webhook_refused", door=request.endpoint, status=result.status, reason=result.reason)
        return jsonify(error="refused"), result.status
    return jsonify(received=True), result.status
