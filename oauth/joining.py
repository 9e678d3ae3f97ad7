"""Connecting a company to Stripe by its owner's consent, through the platform of the installation; and disconnecting.

Laws: the state is ours (`oauth.consents`); an account is stored only after it answered to the platform's key, and no
key of its own is; what an owner consented to and we do not keep is given back, unless a company of ours works on it.
"""

from __future__ import annotations

from typing import NamedTuple

import structlog

from connector.errors import GatewayError, Rejected, WrongInput
from connector.stripe.facts import AccountFacts
from connector.stripe.platform import Joined, Platform
from oauth import accounts, connections, consents
from oauth.connections import STRIPE
from oauth.desk import Desk

CALLBACK_PATH = "/connect/stripe/callback"
_AGAIN = "Stripe did not answer just now. Connect again in a minute."
_log = structlog.get_logger()


class Connected(NamedTuple):
    """What a consent came to. `may_charge` is false while Stripe still asks something of the business."""

    company_id: str
    account: str
    may_charge: bool


def platform_of(desk: Desk) -> Platform:
    """Return the platform that the settings name. Raises WrongInput where they name none."""
    settings = desk.settings
    if not settings.is_platform:
        raise WrongInput("This installation has no Stripe Connect platform. Enter the company's own keys.")
    return Platform(
        secret_key=settings.stripe_platform_key.get_secret_value(),
        client_id=settings.stripe_connect_client_id,
        api_base=settings.stripe_api_base,
        connect_base=settings.stripe_connect_base,
        clock=desk.clock,
    )


def begin_joining(desk: Desk, company_id: str, browser_hash: str) -> str:
    """Return the address at Stripe to send the browser to. Raises WrongInput where there is no platform."""
    state = desk.clock.new_token()
    url = platform_of(desk).consent_url(state, desk.settings.public_url + CALLBACK_PATH)
    consents.keep(desk, STRIPE, company_id, state=state, browser_hash=browser_hash)
    return url


def finish_joining(desk: Desk, *, state: str, code: str, browser_hash: str, at_company: str | None = None) -> Connected:
    """Connect the company that began this consent; `at_company` is where the browser is at work.

    Raises WrongInput with a sentence for the person.
    """
    platform = platform_of(desk)
    company_id = consents.use(desk, STRIPE, state=state, browser_hash=browser_hash, company_id=at_company)
    joined = _exchanged(platform, code)
    try:
        found = _proved(platform, joined)
        accounts.store(desk, company_id, joined.account, livemode=found.livemode, through_platform=True)
    except WrongInput:
        _let_go(desk, platform, joined.account)
        raise
    return Connected(company_id, joined.account, found.may_charge)


def disconnect_stripe(desk: Desk, company_id: str) -> None:
    """End a company's connection here, and at Stripe where it was by consent. Raises GatewayError: try again."""
    with desk.db.read() as session:
        row = connections.find(session, company_id, STRIPE)
    if row is None or row.state == "disconnected":
        return
    # First here: Stripe's notice may be quicker than its answer, and must find that an owner did this.
    nothing = {"secret_cipher": "", "webhook_cipher": "", "publishable_key": "", "last_error": ""}
    with desk.db.write("disconnect") as session:
        is_ended = connections.change(session, row, state="disconnected", **nothing)
    if not is_ended or not row.through_platform or not desk.settings.is_platform:
        return
    try:
        platform_of(desk).give_back(row.account)
    except GatewayError:
        with desk.db.write("disconnect_undone") as session:
            ended = connections.find(session, company_id, STRIPE)
            if ended is not None and ended.version == row.version + 1:
                connections.change(session, ended, state=row.state, last_error=row.last_error)
        raise


def _exchanged(platform: Platform, code: str) -> Joined:
    try:
        return platform.exchange(code)
    except Rejected:
        raise WrongInput("Stripe did not accept this consent. Connect again.") from None
    except GatewayError as error:
        _log.warning("joining_unclear", error=type(error).__name__, trace=error.trace)
        raise WrongInput(_AGAIN) from None


def _proved(platform: Platform, joined: Joined) -> AccountFacts:
    """Ask the account itself, with the platform's key. Raises WrongInput."""
    if not joined.may_write:
        raise WrongInput("Stripe was allowed to let Tieout read only. Connect again, and allow payments as well.")
    try:
        found = platform.gateway(joined.account).account()
    except GatewayError:
        raise WrongInput(_AGAIN) from None
    if found.livemode != platform.livemode:
        raise WrongInput("This Stripe account answers for tests and this installation is live, or the other way round.")
    return found


def _let_go(desk: Desk, platform: Platform, account: str) -> None:
    """Give back what is not kept; when Stripe does not hear of it, its owner can still end it there."""
    with desk.db.read() as session:
        if accounts.is_reached_by_consent(session, account):
            return
    try:
        platform.give_back(account)
    except GatewayError as error:
        _log.warning("account_not_given_back", account=account, error=type(error).__name__, trace=error.trace)
