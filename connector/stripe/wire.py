"""The wire to Stripe: one client for each key, and what each of its failures means for us.

Knows no object of Stripe and no row of ours. Laws: a failure that leaves open whether something happened is an unknown
outcome for whatever writes; no key and no header ever reaches a message.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import stripe
import tenacity

from connector import crash
from connector.clock import Clock
from connector.errors import GatewayError, NotFound, RateLimited, Rejected, Transient, Unauthorised, UnknownOutcome

stripe.enable_telemetry = False

RETRIES = 2  # the SDK's own, on lost connections, 409 and 5xx, with the same key
TIMEOUT = (5, 30)  # seconds to connect, to read
WAIT_WHEN_LIMITED = 30.0  # Stripe names no time in a 429
_SERVICE = "stripe"

T = TypeVar("T")


@lru_cache(maxsize=1)
def _http() -> stripe.HTTPClient:
    """Return the connections of this process, shared by all keys; each thread has a session of its own."""
    return stripe.RequestsClient(timeout=TIMEOUT)


# A forked worker must not write into its parent's sockets.
os.register_at_fork(after_in_child=_http.cache_clear)


def client_of(
    secret_key: str,
    api_base: str,
    *,
    account: str = "",
    connect_base: str = "",
    client_id: str = "",
    retries: int = RETRIES,
) -> stripe.StripeClient:
    """Return a client for a secret or restricted key, talking to `api_base`.

    With `account` every call works on that connected account; `connect_base` and `client_id` are for OAuth.
    """
    connect = connect_base or api_base
    return stripe.StripeClient(
        secret_key,
        stripe_account=account or None,
        client_id=client_id or None,
        max_network_retries=retries,
        base_addresses={"api": api_base, "connect": connect, "files": api_base, "meter_events": api_base},
        http_client=_http(),
    )


def call(name: str, send: Callable[[], T], *, clock: Clock, writes: bool) -> T:
    """Send once as the SDK does it, three times where Stripe asks us to slow down (which the SDK never repeats).

    Raises connector.errors only. `writes` makes an unclear end an UnknownOutcome, otherwise it is Transient.
    """

    def once() -> T:
        with crash.sending(name):
            return send()

    patient = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(stripe.RateLimitError),
        stop=tenacity.stop_after_attempt(3),
        wait=tenacity.wait_exponential_jitter(multiplier=0.5, max=4.0, jitter=0.5),
        sleep=clock.sleep,
        reraise=True,
    )
    try:
        return patient(once)
    except stripe.StripeError as error:
        raise meaning(error, writes=writes) from error


def meaning(error: stripe.StripeError, *, writes: bool) -> GatewayError:
    """Return what a failure of the SDK means, in our own words for errors."""
    kind, code = _kind_of(error), _code_of(error)
    text = _text_of(error)
    if kind is RateLimited:
        return RateLimited(
            _SERVICE, text, code, error.request_id or "", error.http_status, wait_seconds=WAIT_WHEN_LIMITED
        )
    if kind is None:
        kind = UnknownOutcome if writes else Transient
        text = f"no clear answer ({type(error).__name__}, status {error.http_status or 'none'})"
    return kind(_SERVICE, text, code, error.request_id or "", error.http_status)


def _kind_of(error: stripe.StripeError) -> type[GatewayError] | None:
    """Return the class of a definite failure; None when nobody can tell what happened."""
    if isinstance(error, stripe.RateLimitError) or error.http_status == 429:  # some proxy's, in other words
        return RateLimited
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return Unauthorised
    if isinstance(error, stripe.oauth_error.OAuthError):
        return Unauthorised if isinstance(error, stripe.oauth_error.InvalidClientError) else Rejected
    if isinstance(error, stripe.InvalidRequestError):
        return NotFound if error.http_status == 404 else Rejected
    if isinstance(error, stripe.CardError | stripe.IdempotencyError):
        return Rejected
    return None


def _text_of(error: stripe.StripeError) -> str:
    """Return what may be repeated of a failure: OAuth's words may hold a code, its error's name does not."""
    if isinstance(error, stripe.oauth_error.OAuthError):
        return f"the consent was refused ({error.code})"
    return error.user_message or "no answer came"


def _code_of(error: stripe.StripeError) -> str:
    """Return Stripe's code, or the type where it gives no code (an idempotency error has none)."""
    if error.code:
        return str(error.code)
    body = getattr(error, "error", None)
    return str(getattr(body, "code", None) or getattr(body, "type", None) or "")
