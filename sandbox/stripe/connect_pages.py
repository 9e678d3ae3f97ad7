"""The pages of Connect: the consent of OAuth, its token and deauthorize endpoints, and the onboarding of a business.

Turns HTTP into calls of `connect` and `links` and back. Law: what changes, changes under the lock of the stand-in and
is committed before the answer.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.stripe import accounts, connect, links
from sandbox.stripe.connect import OAuthError
from sandbox.stripe.frames import merchant
from sandbox.stripe.scope import Asker, Obj, Scope, random_text

if TYPE_CHECKING:
    from sandbox.stripe.standin import StripeStandin

# An owner's consent must not be framed, whoever asks for it.
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"


def blueprint(standin: StripeStandin) -> Blueprint:
    """Return the routes of Connect."""
    routes = Blueprint("connect", __name__)

    @routes.after_request
    def guard(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = _POLICY
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer

    @routes.errorhandler(OAuthError)
    def refused(error: OAuthError) -> tuple[Response | str, int]:
        if request.path.endswith("/authorize"):
            return render_template("connect_refused.html", reason=error.description), error.status
        return jsonify({"error": error.error, "error_description": error.description}), error.status

    @routes.route("/oauth/authorize", methods=["GET", "POST"])
    @routes.route("/express/oauth/authorize", methods=["GET", "POST"])
    def authorize() -> AnyResponse | str:
        with standin.lock:
            return _authorize(standin)

    @routes.post("/oauth/token")
    def token() -> Response:
        with standin.lock:
            try:
                return jsonify(connect.token(standin.ground, _secret(), request.form.to_dict()))
            finally:
                standin.ground.shelf.commit()

    @routes.post("/oauth/deauthorize")
    def deauthorize() -> Response:
        with standin.lock:
            try:
                return jsonify(connect.deauthorize(standin.ground, _secret(), request.form.to_dict()))
            finally:
                standin.ground.shelf.commit()

    @routes.get("/setup/s/<account>/<link>")
    def open_link(account: str, link: str) -> AnyResponse:
        with standin.lock:
            visit, elsewhere = links.opened(standin.ground, account, link)
            standin.ground.shelf.commit()
        if visit is None and elsewhere is None:
            abort(404)
        return redirect(elsewhere or f"/setup/c/{visit}")

    @routes.route("/setup/c/<visit>", methods=["GET", "POST"])
    def onboarding(visit: str) -> AnyResponse | str:
        with standin.lock:
            return _onboarding(standin, visit)

    return routes


def _secret() -> str:
    """Return the key of a token request: as Bearer, as Basic user name, or in the form."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and value:
        return value.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            raise OAuthError(401, "invalid_client", "The Basic authorization header cannot be read.") from None
    return request.form.get("client_secret", "")


def _authorize(standin: StripeStandin) -> AnyResponse | str:
    """Show the consent page, or take the owner's answer and lead back to the platform."""
    ground = standin.ground
    asked = connect.asked(ground, request.args.to_dict())
    if request.method == "GET":
        return render_template(
            "connect_consent.html",
            app=accounts.application(ground)["name"],
            asked=asked,
            accounts=[
                {"id": row["id"], "name": row["settings"]["dashboard"]["display_name"] or "No name yet"}
                for row in connect.candidates(ground)
            ],
            suggested=request.args.get("stripe_user[business_name]", ""),
        )
    state = {"state": asked["state"]} if asked["state"] is not None else {}
    if request.form.get("outcome") != "connect":
        refusal = {"error": "access_denied", "error_description": "The user denied your request"}
        return redirect(_with(asked["redirect_uri"], {**refusal, **state}))
    code = connect.consent(ground, _account_chosen(standin), asked["scope"])
    ground.shelf.commit()
    return redirect(_with(asked["redirect_uri"], {**state, "scope": asked["scope"], "code": code}))


def _account_chosen(standin: StripeStandin) -> str:
    """Return the account the owner chose; a new one is opened and ready at once."""
    wanted = request.form.get("account", "")
    if wanted in (row["id"] for row in connect.candidates(standin.ground)):
        return wanted
    name = request.form.get("name", "").strip() or "A new business"
    key = f"acct_1{random_text(15)}"
    standin.open_account(key, name=name, connected=False)
    return key


def _with(url: str, told: dict[str, str]) -> str:
    """Return an address with something added to its query."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *told.items()])))


def _onboarding(standin: StripeStandin, visit: str) -> AnyResponse | str:
    """Show the form of a business, or take it: complete, or left for later."""
    link = links.visited(standin.ground, visit)
    if link is None:
        abort(404)
    asker = Asker(ip=request.remote_addr or "127.0.0.1", user_agent=request.headers.get("User-Agent", ""))
    scope = Scope(standin.ground, link["account"], asker)
    account = scope.need("accounts", scope.account, "account")
    form = request.form.to_dict()
    if request.method == "POST" and form.get("outcome") != "submit":
        return redirect(link["return_url"])
    wrong = links.complaints(form) if request.method == "POST" else {}
    if request.method == "POST" and not wrong:
        links.submit(scope, account, form)
        standin.ground.shelf.commit()
        return redirect(link["return_url"])
    return render_template(
        "onboarding.html", platform=merchant(standin.scope()), form=form or _known(account), wrong=wrong
    )


def _known(account: Obj) -> dict[str, str]:
    profile = account["business_profile"]
    known = {"name": profile["name"], "url": profile["url"], "email": account["email"]}
    return {**{name: value or "" for name, value in known.items()}, "business_type": account["business_type"] or ""}
