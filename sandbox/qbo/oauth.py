"""Intuit's side of OAuth 2.0: codes, access tokens, refresh tokens that rotate, revocation.

Holds secrets of a stand-in that guards nothing real, so that `--folder` can print them again; the product must never
do so. Law: a code works once and its second use kills what it gave; a rotated refresh token works no longer than the
grace; a revoked connection has no living token.
"""

from __future__ import annotations

import hmac
import random
from typing import Any
from urllib.parse import urlsplit

from sandbox import draw
from sandbox.clock import SandboxClock
from sandbox.qbo.identity import Identity, person
from sandbox.qbo.refusals import unauthenticated, unauthorised
from sandbox.qbo.switches import Switches
from sandbox.shelf import Doc, Shelf

SCOPE = "com.intuit.quickbooks.accounting"
EVERYTHING = f"{SCOPE} openid profile email phone address"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class GrantRefused(Exception):
    """A token request that is refused; carries what OAuth answers."""

    def __init__(self, error: str, description: str = "", status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


class OAuth:
    """The tokens of every connection. Callers hold the lock of the stand-in."""

    def __init__(self, shelf: Shelf, clock: SandboxClock, switches: Switches) -> None:
        self._shelf, self._clock, self._switches = shelf, clock, switches
        self.identity = Identity(shelf)

    # The app ----------------------------------------------------------------------------------------------------------

    def register_app(self, seed: int) -> Doc:
        """Return the one app of this stand-in; made at first, the same for the same seed."""
        app = self._shelf.get("_oauth", "app")
        if app is not None:
            return app
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        dice = random.Random(f"quickbooks app {seed}")
        fresh = {
            "client_id": "AB" + "".join(dice.choices(letters, k=48)),
            "client_secret": "".join(dice.choices(letters, k=40)),
            "verifier_token": "-".join("".join(dice.choices("0123456789abcdef", k=n)) for n in (8, 4, 4, 4, 12)),
            "redirect_uris": [],
        }
        return self._shelf.put("_oauth", "app", fresh)

    @property
    def app(self) -> Doc:
        """The app; registered with seed 1 where nobody chose another."""
        return self.register_app(1)

    def allow_redirects(self, uris: list[str]) -> None:
        """Name the redirect URIs of the app; with none named any on this machine will do, as with development keys."""
        self._shelf.put("_oauth", "app", {**self.app, "redirect_uris": uris})

    def knows_client(self, client_id: str, client_secret: str) -> bool:
        """Tell whether these are the app's credentials."""
        right_id = hmac.compare_digest(client_id.encode(), self.app["client_id"].encode())
        right_secret = hmac.compare_digest(client_secret.encode(), self.app["client_secret"].encode())
        return right_id and right_secret

    def allows_redirect(self, uri: str) -> bool:
        """Tell whether a redirect URI is registered, to the letter."""
        registered = self.app["redirect_uris"]
        return uri in registered if registered else urlsplit(uri).hostname in _LOOPBACK

    # Connections ------------------------------------------------------------------------------------------------------

    def connect(self, realm: str, scopes: str = EVERYTHING) -> str:
        """Open a connection to a company; returns its id."""
        number = str(self._shelf.next_number("connection"))
        opened = {"realm": realm, "at": self._clock.seconds(), "dead": False, "scopes": scopes}
        self._shelf.put("_connection", number, opened)
        return number

    def is_connected(self, realm: str) -> bool:
        """Tell whether any connection to a company lives."""
        return any(c["realm"] == realm and not c["dead"] for c in self._shelf.all("_connection").values())

    def disconnect(self, realm: str) -> None:
        """End every connection to a company, as a person does inside QuickBooks."""
        for number, connection in list(self._shelf.all("_connection").items()):
            if connection["realm"] == realm:
                self._kill(number)

    def _kill(self, number: str) -> None:
        self._shelf.put("_connection", number, {**self._shelf.all("_connection")[number], "dead": True})

    def _is_dead(self, number: str) -> bool:
        connection = self._shelf.get("_connection", number)
        return connection is None or bool(connection["dead"])

    # Codes and tokens -------------------------------------------------------------------------------------------------

    def give_code(self, realm: str, redirect_uri: str, scopes: str = EVERYTHING) -> str:
        """Return a fresh authorization code for a company that a person consented to connect."""
        code = "XAB1" + draw.url_text(36)
        self._shelf.put("_code", code, {
            "realm": realm,
            "redirect_uri": redirect_uri,
            "scopes": scopes,
            "until": self._clock.seconds() + self._switches["code_lifetime"],
            "connection": None,
        })  # fmt: skip
        return code

    def exchange(self, code: str, redirect_uri: str) -> dict[str, Any]:
        """Turn a code into tokens. Raises GrantRefused; a second use also kills the tokens of the first."""
        held = self._shelf.get("_code", code)
        if held is None or held["until"] < self._clock.seconds():
            raise GrantRefused("invalid_grant", "Invalid authorization code")
        if held["connection"] is not None:
            self._kill(held["connection"])
            raise GrantRefused("invalid_grant", "Authorization code already used")
        if held["redirect_uri"] != redirect_uri:
            raise GrantRefused("invalid_grant", "Invalid redirect uri")
        connection = self.connect(held["realm"], held["scopes"])
        self._shelf.put("_code", code, {**held, "connection": connection})
        answer = self._answer(connection, self.give_refresh(connection))
        if "openid" in held["scopes"].split():
            answer["id_token"] = self.identity.token(self.app["client_id"], held["realm"], self._clock.seconds())
        return answer

    def give_refresh(self, connection: str) -> str:
        """Issue a refresh token to a connection."""
        token = "AB11" + draw.url_text(40)
        now = self._clock.seconds()
        self._shelf.put("_refresh", token, {"connection": connection, "at": now, "used": now, "dead_at": None})
        return token

    def refresh(self, token: str, *, rotate: bool = False, grace: float | None = None) -> dict[str, Any]:
        """Turn a refresh token into an access token, after a day into another refresh token. Raises GrantRefused.

        `rotate` does not wait for the day; `grace` is then how many seconds the old value lives on.
        """
        now = self._clock.seconds()
        held = self._shelf.get("_refresh", token)
        if held is None or self._is_dead(held["connection"]) or self._is_over(held, now):
            raise GrantRefused("invalid_grant", "Incorrect or invalid refresh token")
        young = now - held["at"] <= self._switches["refresh_rotates_after"]
        if held["dead_at"] is None and young and not rotate:
            self._shelf.put("_refresh", token, {**held, "used": now})
            return self._answer(held["connection"], token)
        if held["dead_at"] is not None:  # within the grace the newest value is the answer
            return self._answer(held["connection"], self.newest_refresh(held["connection"]) or token)
        lives_on = self._switches["refresh_grace"] if grace is None else grace
        self._shelf.put("_refresh", token, {**held, "dead_at": now + lives_on})
        return self._answer(held["connection"], self.give_refresh(held["connection"]))

    def _is_over(self, held: Doc, now: float) -> bool:
        opened = self._shelf.all("_connection")[held["connection"]]["at"]
        replaced = held["dead_at"] is not None and held["dead_at"] <= now
        idle = now > held["used"] + self._switches["refresh_idle_lifetime"]
        return bool(replaced or idle or now > opened + self._switches["refresh_hard_lifetime"])

    def newest_refresh(self, connection: str) -> str | None:
        """Return the living refresh token of a connection."""
        tokens = self._shelf.all("_refresh").items()
        return next(
            (t for t, held in reversed(tokens) if held["connection"] == connection and held["dead_at"] is None), None
        )

    def living_refresh(self, connection: str) -> str | None:
        """Return a refresh token that works, None when the connection is dead or ran out."""
        token = None if self._is_dead(connection) else self.newest_refresh(connection)
        if token is None or self._is_over(self._shelf.all("_refresh")[token], self._clock.seconds()):
            return None
        return token

    def _answer(self, connection: str, refresh_token: str) -> dict[str, Any]:
        access_token = "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.." + draw.url_text(64)
        now = self._clock.seconds()
        lifetime = int(self._switches["access_lifetime"])
        self._shelf.put("_access", access_token, {"connection": connection, "until": now + lifetime})
        opened = self._shelf.all("_connection")[connection]["at"]
        return {
            "token_type": "bearer",
            "access_token": access_token,
            "expires_in": lifetime,
            "refresh_token": refresh_token,
            "x_refresh_token_expires_in": int(self._switches["refresh_idle_lifetime"]),
            "x_refresh_token_hard_expires_in": int(opened + self._switches["refresh_hard_lifetime"] - now),
        }

    def revoke(self, token: str) -> bool:
        """Kill the connection a token of either kind belongs to; returns whether it was known and alive."""
        held = self._shelf.get("_refresh", token) or self._shelf.get("_access", token)
        if held is None or self._is_dead(held["connection"]):
            return False
        self._kill(held["connection"])
        return True

    def check_bearer(self, header: str | None, realm: str) -> None:
        """Raise 3200 for a missing, malformed or expired token, 3100 for one that is not for this company."""
        connection = self._bearer(header)
        if connection["dead"] or connection["realm"] != realm:
            raise unauthorised()

    def claims_of(self, header: str | None) -> dict[str, Any]:
        """Return what userinfo tells the bearer. Raises 3200, and 3100 for one that may not ask."""
        connection = self._bearer(header)
        scopes = str(connection["scopes"]).split()
        if connection["dead"] or "openid" not in scopes:
            raise unauthorised()
        return person(scopes)

    def _bearer(self, header: str | None) -> Doc:
        """Return the connection of a bearer token."""
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not 32 <= len(token) <= 4096:
            raise unauthenticated("Malformed bearer token: too short or too long")
        held = self._shelf.get("_access", token)
        if held is None or held["until"] <= self._clock.seconds():
            raise unauthenticated(f"Token expired: {token[:4]}***")
        return self._shelf.all("_connection")[held["connection"]]

    def expire_access(self) -> None:
        """End every access token now, as if an hour had passed."""
        for token, held in list(self._shelf.all("_access").items()):
            self._shelf.put("_access", token, {**held, "until": 0})
