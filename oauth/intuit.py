"""Intuit's authorisation server, through intuit-oauth: addresses, exchange, refresh, revoke.

The only module that names `intuitlib`. Adds what the library lacks: timeouts, a discovery document kept for a day, the
hard expiry of a refresh token, and our own errors. Laws: no call without a timeout; a token or a code is never part of
an error.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError

from connector import crash
from connector.clock import Clock
from connector.errors import GatewayError, Transient, Unauthorised, UnknownOutcome
from connector.qbo.faults import failed_to_send
from connector.settings import Settings

CONNECT_SECONDS, READ_SECONDS = 3.05, 10.0
ACCESS_SECONDS, REFRESH_SECONDS = 3600, 100 * 86_400  # where Intuit does not say
DISCOVERY_SECONDS = 86_400.0
CALLBACK_PATH = "/connect/quickbooks/callback"
INVALID_GRANT = "invalid_grant"
SERVICE = "quickbooks"

_discovered: dict[str, tuple[float, requests.Response]] = {}
_discovering = threading.Lock()


@dataclass(frozen=True)
class Tokens:
    """What an exchange or a refresh gave. `repr` shows none of it."""

    access: str
    refresh: str
    access_expires_at: datetime
    refresh_expires_at: datetime
    hard_expires_at: datetime | None

    def __repr__(self) -> str:
        return f"Tokens(access_expires_at={self.access_expires_at.isoformat()})"


class Intuit:
    """Intuit's authorisation server for our app."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def consent_url(self, state: str) -> str:
        """Return the address where a person chooses the QuickBooks company; `state` is our own."""
        client = self._client("discovery")
        return str(client.get_authorization_url([Scopes.ACCOUNTING], state_token=state))

    def exchange(self, code: str) -> Tokens:
        """Turn the code of a consent into tokens. Raises Unauthorised for a code that is used, old or not ours."""
        return self._tokens("exchange", lambda client: client.get_bearer_token(code))

    def refresh(self, refresh_token: str) -> Tokens:
        """Ask for fresh tokens. Raises Unauthorised with the code `invalid_grant` when the token is dead."""
        return self._tokens("refresh", lambda client: client.refresh(refresh_token))

    def revoke(self, token: str) -> None:
        """End the connection at Intuit; a token that is dead already is a success."""
        try:
            self._asked("revoke", lambda client: client.revoke(token))
        except Unauthorised as error:
            if error.status != 400:  # a token Intuit does not know any more is what we wanted
                raise

    def _tokens(self, name: str, ask: Any) -> Tokens:
        client = self._asked(name, ask)
        now = self._clock.now()
        hard = getattr(client, "x_refresh_token_hard_expires_in", None)
        return Tokens(
            access=client.access_token,
            refresh=client.refresh_token,
            access_expires_at=now + timedelta(seconds=int(client.expires_in or ACCESS_SECONDS)),
            refresh_expires_at=now + timedelta(seconds=int(client.x_refresh_token_expires_in or REFRESH_SECONDS)),
            hard_expires_at=now + timedelta(seconds=int(hard)) if hard else None,
        )

    def _asked(self, name: str, ask: Any) -> Any:
        """Make a client, let it ask, and return it with what the answer left on it."""
        client = self._client(name)
        with crash.sending(f"oauth.{name}"):
            try:
                ask(client)
            except AuthClientError as refusal:
                raise _error_of(refusal) from None
            except requests.RequestException as failure:
                # Also an answer that is no JSON: Intuit may have rotated the token all the same.
                raise failed_to_send(failure, writes=True) from None
        return client

    def _client(self, name: str) -> _Client:
        try:
            return _Client(
                client_id=self._settings.qbo_client_id,
                client_secret=self._settings.qbo_client_secret.get_secret_value(),
                redirect_uri=callback_url(self._settings),
                environment=self._settings.qbo_environment,
                clock=self._clock,
            )
        except (AuthClientError, requests.RequestException, KeyError):
            message = f"Intuit's discovery document cannot be read, so no {name}"
            raise Transient(service=SERVICE, message=message, code="discovery") from None


class _Client(AuthClient):  # type: ignore[misc]  # the library has no types
    """intuit-oauth's client (a requests session) with timeouts and a discovery document that is kept."""

    def __init__(self, *, clock: Clock, **options: str) -> None:
        self._clock = clock
        super().__init__(**options)
        self.auth = _as_it_is  # or requests would look into a .netrc and replace the app's keys

    def get(self, url: Any, **options: Any) -> requests.Response:
        """Fetch the discovery document, the one thing the library gets; an old copy is better than none."""
        with _discovering:
            until, kept = _discovered.get(url, (0.0, None))
            if kept is not None and self._clock.monotonic() < until:
                return kept
            try:
                with crash.sending("oauth.discovery"):
                    response: requests.Response = super().get(url, **options)
            except requests.RequestException:
                if kept is None:
                    raise
                return kept
            if response.status_code == 200:
                _discovered[url] = (self._clock.monotonic() + DISCOVERY_SECONDS, response)
            return response

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        """Send with timeouts, follow no redirect, and ask for the hard expiry, which 1.2.6 does not know."""
        options |= {"timeout": (CONNECT_SECONDS, READ_SECONDS), "allow_redirects": False}
        if method == "POST":
            options["headers"] = {**options.get("headers", {}), "x-include-refresh-token-hard-expires-in": "true"}
        response: requests.Response = super().request(method, url, *args, **options)
        return response


def callback_url(settings: Settings) -> str:
    """Return the address Intuit sends the browser back to; it is registered at Intuit to the letter."""
    return settings.public_url + CALLBACK_PATH


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _error_of(refusal: AuthClientError) -> GatewayError:
    status, trace = int(refusal.status_code), str(getattr(refusal, "intuit_tid", "") or "")
    code = INVALID_GRANT if INVALID_GRANT in str(refusal.content) else str(status)
    if status >= 500 or status == 408:
        message = "Intuit failed to answer"
        return UnknownOutcome(service=SERVICE, message=message, code=code, trace=trace, status=status)
    if status == 429:
        return Transient(service=SERVICE, message="Intuit asks us to wait", code=code, trace=trace, status=status)
    message = "Intuit does not accept the grant" if code == INVALID_GRANT else "Intuit refused our app"
    return Unauthorised(service=SERVICE, message=message, code=code, trace=trace, status=status)
