"""OAuth on the web: discovery, the consent page, the token and the revocation endpoint.

Law: what is wrong with the client or the redirect is shown to the person and never redirected; everything else goes
back to the app as OAuth says.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import draw
from sandbox.qbo.calls import operation_of, refusal_answer
from sandbox.qbo.journal import Entry
from sandbox.qbo.meanings import OF_TOKENS, mean
from sandbox.qbo.oauth import SCOPE, GrantRefused
from sandbox.qbo.refusals import Refusal
from sandbox.qbo.times import utc_text

if TYPE_CHECKING:
    from sandbox.qbo.standin import QuickBooksStandin


def build_oauth(standin: QuickBooksStandin) -> Blueprint:
    """Return the OAuth endpoints of a stand-in."""
    web = Blueprint("oauth", __name__)

    @web.get("/.well-known/openid_configuration")
    @web.get("/.well-known/openid_sandbox_configuration")
    def discovery() -> Response:
        return jsonify(_discovery(standin.public_url))

    @web.get("/connect/oauth2")
    def ask() -> Any:
        standin.found()
        trouble = _trouble(standin)
        if trouble:
            return render_template("trouble.html", trouble=trouble), 400
        app_name = request.args.get("redirect_uri", "").split("//")[-1].split("/")[0]
        return render_template("consent.html", companies=standin.companies(), app_name=app_name)

    @web.post("/connect/oauth2")
    def decide() -> Any:
        standin.found()
        trouble = _trouble(standin)
        if trouble:
            return render_template("trouble.html", trouble=trouble), 400
        target = request.args["redirect_uri"]
        return redirect(f"{target}{'&' if '?' in target else '?'}{urlencode(_decision(standin))}")

    @web.post("/oauth2/v1/tokens/bearer")
    def token() -> AnyResponse:
        return _granted(standin, lambda faults: _tokens(standin, faults))

    @web.post("/v2/oauth2/tokens/revoke")
    def revoke() -> AnyResponse:
        return _granted(standin, lambda _: _revoked(standin))

    _add_identity(web, standin)
    return web


def _add_identity(web: Blueprint, standin: QuickBooksStandin) -> None:
    """Add what OpenID Connect asks for: the keys and the person."""

    @web.get("/op/v1/jwks")
    def jwks() -> Response:
        with standin.lock:
            keys = standin.oauth.identity.keys()
            standin.commit()
        return jsonify(keys)

    @web.get("/v1/openid_connect/userinfo")
    def userinfo() -> Response:
        with standin.lock:
            try:
                return jsonify(standin.oauth.claims_of(request.headers.get("Authorization")))
            except Refusal as refusal:
                fault = refusal_answer(refusal, standin.clock.seconds())
        return Response(fault.content, status=fault.status, content_type=fault.kind)


def _discovery(base: str) -> dict[str, Any]:
    return {
        "issuer": f"{base}/op/v1",
        "authorization_endpoint": f"{base}/connect/oauth2",
        "token_endpoint": f"{base}/oauth2/v1/tokens/bearer",
        "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
        "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
        "jwks_uri": f"{base}/op/v1/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone", SCOPE],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }


def _trouble(standin: QuickBooksStandin) -> str:
    """Return what makes an authorization request one that must not be redirected, empty when nothing does."""
    with standin.lock:
        if request.args.get("client_id") != standin.oauth.app["client_id"]:
            return "The client_id is not the one of this stand-in's app."
        if not standin.oauth.allows_redirect(request.args.get("redirect_uri", "")):
            return (
                "The redirect_uri query parameter value is invalid: it is not registered for this app, to the letter."
            )
    if request.args.get("response_type") != "code":
        return "The response_type must be code."
    if SCOPE not in request.args.get("scope", "").split():
        return f"The scope {SCOPE} was not asked for."
    return "" if request.args.get("state") else "The state parameter is missing."


def _decision(standin: QuickBooksStandin) -> dict[str, str]:
    state = request.args["state"]
    with standin.lock:
        realm = request.form.get("realm_id") or standin.found()
        if request.form.get("decision") != "connect" or realm not in standin.companies():
            return {"error": "access_denied", "state": state}
        code = standin.oauth.give_code(realm, request.args["redirect_uri"], request.args["scope"])
        standin.commit()
    return {"code": code, "state": state, "realmId": realm}


def _client() -> tuple[str, str]:
    """Return the client's credentials from the Authorization header or the form."""
    scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return client_id, secret
    return request.form.get("client_id", ""), request.form.get("client_secret", "")


def _granted(standin: QuickBooksStandin, work: Callable[[set[str]], Response]) -> AnyResponse:
    """Run a token request under the lock: client check, faults of meaning, work, journal."""
    operation = operation_of(request.environ)
    with standin.lock:
        try:
            if not standin.oauth.knows_client(*_client()):
                raise GrantRefused("invalid_client", status=401)
            faults = standin.faults.pick("quickbooks", operation, only=OF_TOKENS)
            if any(fault.name == "invalid_grant" for fault in faults):
                raise GrantRefused("invalid_grant", "Incorrect or invalid refresh token")
            mean(faults)
            answer = work({fault.name for fault in faults})
        except GrantRefused as refused:
            words = {"error": refused.error, "error_description": refused.description}
            answer = jsonify({name: value for name, value in words.items() if value})
            answer.status_code = refused.status
        except Refusal as refusal:
            fault = refusal_answer(refusal, standin.clock.seconds())
            answer = Response(fault.content, status=fault.status, content_type=fault.kind)
        standin.commit()
        tid = f"1-{draw.hex_text(12)}"
        at = utc_text(standin.clock.seconds())
        standin.journal.add(Entry(at, request.method, request.path, operation, "", "", answer.status_code, tid))
    answer.headers["intuit_tid"] = tid
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _tokens(standin: QuickBooksStandin, faults: set[str]) -> Response:
    kind = request.form.get("grant_type")
    if kind == "authorization_code":
        standin.oauth.identity.issuer = f"{standin.public_url}/op/v1"
        answer = standin.oauth.exchange(request.form.get("code", ""), request.form.get("redirect_uri", ""))
    elif kind == "refresh_token":
        answer = _refreshed(standin, faults)
    else:
        raise GrantRefused("unsupported_grant_type")
    if request.headers.get("x-include-refresh-token-hard-expires-in", "").lower() != "true":
        answer.pop("x_refresh_token_hard_expires_in")
    return jsonify(answer)


def _refreshed(standin: QuickBooksStandin, faults: set[str]) -> dict[str, Any]:
    """Refresh, as a fault programme has it: rotated before its day without grace, or rotated and the reply lost."""
    lost = "lose_refresh_reply" in faults
    if lost:
        request.environ["tieout.lost"] = True
    grace = 0.0 if "rotate_no_grace" in faults else None
    return standin.oauth.refresh(request.form.get("refresh_token", ""), rotate=lost or grace is not None, grace=grace)


def _revoked(standin: QuickBooksStandin) -> Response:
    sent = request.get_json(silent=True)
    token = sent.get("token") if isinstance(sent, dict) else request.form.get("token")
    if not token or not standin.oauth.revoke(str(token)):
        raise GrantRefused("invalid_request", "Unknown token")
    return Response(status=200)
