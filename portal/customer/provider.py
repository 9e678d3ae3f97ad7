"""Signing in through the company's OpenID provider: there, and back with an address that it vouches for.

Laws: an attempt is bound to the browser that began it, counts once, and lives ten minutes; whoever comes back is let in
only as a contact the company has already; what went wrong is logged without anything secret and told in plain words.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.store.access import ProviderRow
from oauth.openid import Attempt, ProviderError, address_to_ask, verified_email
from portal.access import links, people, providers, sessions
from portal.access.limits import Limit, address, count_try
from portal.access.tokens import browser_hash
from portal.access.visitors import sign_in
from portal.customer.gate import let_in, pages, visitor, where_to
from portal.here import home, now, runtime
from portal.ring import DOOR, limiter

log = structlog.get_logger()


@pages.get("/sign-in/provider")
@limiter.limit(DOOR)
def ask_provider() -> ResponseReturnValue:
    """Send the browser to the company's provider."""
    who, rt = visitor(), runtime()
    row = _row()
    count_try([Limit("provider/address", address(), 60, timedelta(minutes=15))])
    with rt.db.write("provider.ask") as session:
        state = links.add_state(session, rt, company_id=who.company.id, browser_hash=browser_hash())
    try:
        return redirect(address_to_ask(providers.provider_of(rt, row), _attempt(state)))
    except ProviderError as error:
        return _failed(row, error)


@pages.get("/sign-in/provider/back")
@limiter.limit(DOOR)
def back_from_provider() -> ResponseReturnValue:
    """Start a session for the contact whose address the provider vouches for."""
    who, rt = visitor(), runtime()
    row = _row()
    state = request.args.get("state", "")
    with rt.db.write("provider.back") as session:
        link = links.find(session, now(), state, links.PROVIDER, who.company.id)
        is_own = link is not None and link.asked_by(browser_hash())
        is_first = bool(link and is_own and links.use_up(session, now(), link))
    try:
        if not is_first or request.args.get("iss", row.issuer).rstrip("/") != row.issuer:
            raise ProviderError("nobody here asked for this answer")
        if not request.args.get("code"):
            raise ProviderError("the provider let nobody in")
        provider = providers.provider_of(rt, row)
        email = verified_email(provider, _attempt(state), code=request.args["code"], now=now())
    except ProviderError as error:
        return _failed(row, error)
    return _let_in(row, email)


def _let_in(row: ProviderRow, email: str) -> ResponseReturnValue:
    who = visitor()
    with runtime().db.write("sign_in.provider") as session:
        contact = people.contact_by_email(session, who.company.id, email)
        cookie = sign_in(session, who, contact.id, sessions.PROVIDER) if contact else ""
    if not cookie:
        return render_template("customer/provider_over.html", provider=row.name, email=email), 403
    return let_in(cookie, where_to())


def _row() -> ProviderRow:
    with runtime().db.read() as session:
        return providers.row_of(session, visitor().company.id) or abort(404)


def _attempt(state: str) -> Attempt:
    key = runtime().settings.secret_key.get_secret_value().encode()
    return Attempt(state, home() + url_for(".back_from_provider"), key)


def _failed(row: ProviderRow, error: ProviderError) -> ResponseReturnValue:
    log.warning("provider_refused", company=visitor().company.slug, why=str(error))
    return render_template("customer/provider_over.html", provider=row.name, email=""), 403
