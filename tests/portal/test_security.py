"""What every answer carries and what every request must be: headers, hosts, sizes, cookies, methods, errors."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import ValidationError

from connector.store.session import Database
from portal.app import create_app
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import Opener, csrf_of
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.test_tenancy import RULES, path_of

READS = sorted(name for name, rule in RULES.items() if "GET" in (rule.methods or ()))


@pytest.mark.parametrize("endpoint", READS)
def test_every_answer_carries_its_headers(app: Flask, at_desk: Opener, endpoint: str) -> None:
    answer = at_desk(cast.OMAR).get(path_of(app, endpoint, {}))
    answer.close()  # a stream that nobody reads would end in the midst of another request, whenever it is collected
    headers = answer.headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy
    assert answer.status_code < 500 or answer.status_code == 503


@pytest.mark.parametrize("endpoint", READS)
def test_scripts_and_styles_in_a_page_carry_the_nonce_of_its_policy(app: Flask, at_desk: Opener, endpoint: str) -> None:
    answer = at_desk(cast.OMAR).get(path_of(app, endpoint, {}))
    html, policy = answer.get_data(as_text=True), answer.headers["Content-Security-Policy"]
    nonces = re.findall(r"<(?:script|style)[^>]*nonce=\"([^\"]+)\"", html)
    assert len(nonces) == len(re.findall(r"<(?:script|style)\b", html))
    assert all(f"'nonce-{nonce}'" in policy for nonce in nonces)
    assert " style=" not in html
    assert not re.search(r"\son\w+=", html)


def test_static_files_may_be_kept_and_pages_name_them_by_content(app: Flask, client: FlaskClient) -> None:
    html = client.get("/staff/sign-in").get_data(as_text=True)
    [path] = re.findall(r'"(/static/base\.css\?v=[0-9a-f]{12})"', html)
    answer = client.get(path)
    assert answer.status_code == 200
    assert "no-store" not in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_nonce_is_used_once(client: FlaskClient) -> None:
    policies = {client.get("/c/harbor-tile/sign-in").headers["Content-Security-Policy"] for _ in range(3)}
    assert len(policies) == 3


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH"])
def test_unused_methods_are_refused(client: FlaskClient, method: str) -> None:
    assert client.open("/staff/sign-in", method=method).status_code in (400, 403, 405)
    assert client.open("/healthz", method=method).status_code in (400, 403, 405)


def test_a_host_that_is_not_ours_is_refused(client: FlaskClient) -> None:
    answer = client.get("/staff/sign-in", base_url="http://evil.test")
    assert answer.status_code == 421
    assert b"evil" not in answer.data


def test_forms_have_a_size(client: FlaskClient) -> None:
    token = csrf_of(client, "/staff/sign-in")
    answer = client.post("/staff/sign-in", data={"csrf_token": token, "email": "x" * 70_000})
    assert answer.status_code == 413
    assert "That is too much at once" in answer.get_data(as_text=True)


def test_health_says_nothing_of_anybody(client: FlaskClient, rt: Runtime) -> None:
    assert client.get("/healthz").get_json() == {"status": "live"}
    assert client.get("/readyz").get_json() == {"status": "ready"}


def test_a_database_without_tables_is_not_ready(tmp_path: object) -> None:
    empty = Database(f"sqlite:///{tmp_path}/empty.db")
    client = create_app(cast.runtime_of(empty)).test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    page = client.get("/c/harbor-tile/sign-in")
    assert page.status_code == 503
    assert "Back in a moment" in page.get_data(as_text=True)


def test_an_unexpected_error_tells_nothing(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setitem(app.view_functions, "staff.show_sign_in", broken)
    answer = client.get("/staff/sign-in")
    assert answer.status_code == 500
    assert b"hunter2" not in answer.data
    assert b"Something broke on our side" in answer.data
    asked_by_script = client.get("/staff/sign-in", headers={"Accept": "application/json"})
    assert asked_by_script.get_json()["status"] == 500


@pytest.fixture
def production(db: Database) -> FlaskClient:
    """Return a browser at an installation over https behind one proxy."""
    cast.stage(db)
    settings = {
        "tieout_mode": "production",
        "public_url": "https://pay.example.test",
        "trusted_hosts": "",
        "proxy_hops": 1,
    }
    return create_app(cast.runtime_of(db, settings=settings)).test_client()


SECURE = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "pay.example.test", "X-Forwarded-For": "203.0.113.9"}


def test_cookies_and_transport_in_production(production: FlaskClient) -> None:
    answer = production.get("/c/harbor-tile/sign-in", headers=SECURE)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-tieout-form=")
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie


def test_the_session_cookie_in_production(production: FlaskClient) -> None:
    from portal.here import _KEY

    rt: Runtime = production.application.extensions[_KEY]
    cast.put(rt.db, cast.link("a link", "68"))
    cookie = production.get("/c/harbor-tile/l/a link", headers=SECURE).headers["Set-Cookie"]
    assert cookie.startswith("__Host-tieout-c-harbor-tile=")
    assert "Secure" in cookie


def test_only_as_many_proxies_as_named_are_believed(production: FlaskClient) -> None:
    spoofed = {**SECURE, "X-Forwarded-Host": "evil.test"}
    assert production.get("/staff/sign-in", headers=spoofed).status_code == 421


@pytest.mark.parametrize(
    "wrong",
    [
        {"public_url": "http://pay.example.test"},
        {"stripe_js_url": "http://127.0.0.1:9/endive/stripe.js"},
        {"stripe_api_base": "http://127.0.0.1:9"},
        {"qbo_api_base": "http://127.0.0.1:9"},
        {"secret_key": "short"},
    ],
)
def test_production_refuses_what_belongs_to_the_sandbox(wrong: dict[str, str]) -> None:
    given = {"tieout_mode": "production", "public_url": "https://pay.example.test", **wrong}
    with pytest.raises(ValidationError):
        cast.settings_of("sqlite://", **given)


def test_stripes_own_hosts_stand_in_the_policy_of_a_real_pay_page(production: FlaskClient) -> None:
    from portal.here import _KEY

    rt: Runtime = production.application.extensions[_KEY]
    cast.put(rt.db, cast.link("a link", "68"))
    production.get("/c/harbor-tile/l/a link", base_url="https://pay.example.test", headers=SECURE)
    answer = production.get("/c/harbor-tile/pay?i=68", base_url="https://pay.example.test", headers=SECURE)
    policy = answer.headers["Content-Security-Policy"]
    assert re.search(r"script-src 'nonce-[\w-]+' https://js\.stripe\.com https://\*\.js\.stripe\.com;", policy)
    assert "connect-src 'self' https://api.stripe.com" in policy
    assert 'src="https://js.stripe.com/endive/stripe.js"' in answer.get_data(as_text=True)
    assert 'payment=(self "https://js.stripe.com")' in answer.headers["Permissions-Policy"]
