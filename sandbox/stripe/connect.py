"""OAuth of Connect: an owner lets the platform work on an account, or takes that back.

Speaks in values and knows no HTTP. Law: a code serves once and for minutes; one that comes again takes away what it
gave, as somebody must have copied it.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from sandbox.courier import refuse_unless_loopback
from sandbox.stripe import accounts, events
from sandbox.stripe.scope import Ground, Obj, Scope, random_text

SCOPES = ("read_only", "read_write")
_CODES, _CODE_SECONDS = "_oauth_codes", 300


class OAuthError(Exception):
    """A refusal in the words of OAuth, with its HTTP status."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status, self.error, self.description = status, error, description


def asked(ground: Ground, query: dict[str, str]) -> Obj:
    """Return what a consent page is asked for. Raises OAuthError for what cannot lead back to anybody."""
    if query.get("client_id") != accounts.client_id(ground):
        raise OAuthError(
            400, "invalid_client", f"No application matches the supplied client identifier: {query.get('client_id')}"
        )
    uri = query.get("redirect_uri", "")
    try:
        refuse_unless_loopback(uri)
    except ValueError:
        message = f"Invalid redirect URI '{uri}'. The sandbox leads back to pages of this machine only."
        raise OAuthError(400, "invalid_redirect_uri", message) from None
    if query.get("response_type", "code") != "code":
        raise OAuthError(400, "unsupported_response_type", "Only the response type 'code' is supported.")
    scope = query.get("scope") or "read_only"
    if scope not in SCOPES:
        raise OAuthError(400, "invalid_scope", f"Unrecognized scope: {scope}.")
    return {"redirect_uri": uri, "scope": scope, "state": query.get("state"), "host": urlsplit(uri).netloc}


def candidates(ground: Ground) -> list[Obj]:
    """Return the accounts whose owner may connect them: those that the platform neither is nor made."""
    rows = ground.shelf.all(accounts.KEYS).values()
    keys = [row for row in rows if row["account"] != ground.platform and not row.get("created_by_platform")]
    return [Scope(ground, row["account"]).need("accounts", row["account"], "account") for row in keys]


def consent(ground: Ground, account: str, rights: str) -> str:
    """Record that an owner agreed and return the code that the platform exchanges."""
    code = f"ac_{random_text(32)}"
    held = {"account": account, "rights": rights, "until": ground.clock.seconds() + _CODE_SECONDS, "used": False}
    ground.shelf.put(_CODES, code, held)
    return code


def token(ground: Ground, secret: str, form: dict[str, str]) -> Obj:
    """Answer a code or a refresh token with an access token. Raises OAuthError."""
    _platform(ground, secret)
    grant = form.get("grant_type")
    if not grant:
        raise OAuthError(400, "invalid_request", "No grant type specified")
    if grant == "authorization_code":
        return _exchanged(ground, form.get("code") or "")
    if grant == "refresh_token":
        return _refreshed(ground, form.get("refresh_token") or "", form.get("scope"))
    raise OAuthError(400, "unsupported_grant_type", f"Unsupported grant type: {grant}")


def _platform(ground: Ground, secret: str) -> None:
    keys = ground.shelf.all(accounts.KEYS)[ground.platform]
    if not secret:
        raise OAuthError(401, "invalid_client", "No API key provided.")
    if not hmac.compare_digest(keys["secret_key"].encode(), secret.encode()):
        raise OAuthError(401, "invalid_client", f"Invalid API Key provided: {secret[:8]}****{secret[-4:]}")


def _exchanged(ground: Ground, code: str) -> Obj:
    held = ground.shelf.get(_CODES, code)
    if held is None:
        raise OAuthError(400, "invalid_grant", f"Authorization code does not exist: {code}")
    if held["used"]:
        if ground.shelf.all(accounts.KEYS)[held["account"]]["connected"]:
            accounts.revoke(ground, held["account"])
        message = "This authorization code has already been used. All tokens issued with this code have been revoked."
        raise OAuthError(400, "invalid_grant", message)
    if held["until"] <= ground.clock.seconds():
        raise OAuthError(400, "invalid_grant", f"Authorization code expired: {code}")
    ground.shelf.put(_CODES, code, {**held, "used": True})
    keys = ground.shelf.all(accounts.KEYS)[held["account"]]
    fresh = {"connected": True, "rights": held["rights"], "refresh_token": f"rt_{random_text(48)}"}
    ground.shelf.put(accounts.KEYS, held["account"], {**keys, **fresh})
    events.emit(Scope(ground, held["account"]), "account.application.authorized", accounts.application(ground))
    return _answer(ground, held["account"])


def _refreshed(ground: Ground, refresh: str, scope: str | None) -> Obj:
    for keys in ground.shelf.all(accounts.KEYS).values():
        if not keys["connected"] or not hmac.compare_digest(
            (keys.get("refresh_token") or "-").encode(), refresh.encode()
        ):
            continue
        if scope not in (None, "", keys["rights"], "read_only"):
            raise OAuthError(400, "invalid_scope", f"The refresh token does not give the scope {scope}.")
        return _answer(ground, keys["account"])
    raise OAuthError(400, "invalid_grant", "This refresh token does not exist, or access was revoked.")


def _answer(ground: Ground, account: str) -> Obj:
    keys = ground.shelf.all(accounts.KEYS)[account]
    access = f"sk_test_{random_text(32)}"
    ground.shelf.put(accounts.KEYS, account, {**keys, "access_token": access})
    return {
        "access_token": access,
        "livemode": False,
        "refresh_token": keys["refresh_token"],
        "scope": keys["rights"],
        "stripe_publishable_key": keys["publishable_key"],
        "stripe_user_id": account,
        "token_type": "bearer",
    }


def deauthorize(ground: Ground, secret: str, form: dict[str, str]) -> Obj:
    """Give an account back to its owner. Raises OAuthError for one that is not connected."""
    _platform(ground, secret)
    account = form.get("stripe_user_id") or ""
    if form.get("client_id") != accounts.client_id(ground):
        raise OAuthError(
            401, "invalid_client", f"No application matches the supplied client identifier: {form.get('client_id')}"
        )
    try:
        accounts.revoke(ground, account)
    except ValueError:
        message = f"This application is not connected to stripe account {account}, or that account does not exist."
        raise OAuthError(401, "invalid_client", message) from None
    return {"stripe_user_id": account}
