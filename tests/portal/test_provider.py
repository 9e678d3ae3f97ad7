"""Signing in through a company's OpenID provider: fresh, signed, verified, asked for here, and known already."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwk
from sqlmodel import select

from connector.errors import WrongInput
from connector.store.access import ProviderRow
from connector.store.companies import CompanyRow
from oauth import openid
from sync.runtime import Runtime
from sync.verify.access import no_secrets
from tests import cast
from tests.german import english_in
from tests.portal.conftest import Opener, browser, csrf_of
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.openid_provider import CLIENT_ID, SECRET, Provider, a_provider

PORTAL, DESK = "/c/harbor-tile", "/staff/settings/sign-in"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with a_provider(int(cast.NOW.timestamp())) as made:
        yield made


@pytest.fixture
def desk(provider: Provider, at_desk: Opener) -> FlaskClient:
    """Return the owner's browser, with the provider set up."""
    omar = at_desk(cast.OMAR)
    form = {"name": "Blue Login", "issuer": provider.issuer + "/", "client_id": CLIENT_ID, "secret": SECRET}
    saved = omar.post(DESK, data={**form, "csrf_token": csrf_of(omar, DESK)}, follow_redirects=True)
    assert "The button stands on the sign-in page now." in saved.get_data(as_text=True)
    return omar


def come_back(client: FlaskClient, provider: Provider, email: str = "dana@bluemesa.test", **changes: str) -> Any:
    """Press the button, sign in at the provider, and come back."""
    url = client.get(f"{PORTAL}/sign-in/provider").location
    brought = {**provider.authorize(url, email), **changes}
    return client.get(f"{PORTAL}/sign-in/provider/back", query_string=brought)


def test_there_and_back(provider: Provider, desk: FlaskClient, client: FlaskClient, rt: Runtime) -> None:
    assert "Sign in with Blue Login" in client.get(f"{PORTAL}/sign-in").get_data(as_text=True)
    client.get(f"{PORTAL}/i/68")  # the page that asked for the sign-in
    assert come_back(client, provider, "Dana@BlueMesa.test").location == f"{PORTAL}/i/68"
    assert client.get(f"{PORTAL}/i/68").status_code == 200
    assert provider.asked == ["/.well-known/openid-configuration"] * 3 + ["/token", "/keys"]
    kept = cast.in_session(rt.db, ProviderRow, cast.HARBOR)
    assert SECRET not in str(kept)
    with rt.db.read() as session:
        assert list(no_secrets(session, rt, cast.HARBOR)) == []
    assert SECRET not in desk.get(DESK).get_data(as_text=True)


@pytest.mark.usefixtures("desk")
def test_there_and_back_at_a_company_s_own_host(provider: Provider, client: FlaskClient, rt: Runtime) -> None:
    with rt.db.write("host") as session:
        session.get_one(CompanyRow, cast.HARBOR).host = "pay.harbortile.test"
    at_own = {"base_url": "http://pay.harbortile.test"}
    url = client.get(f"{PORTAL}/sign-in/provider", **at_own).location
    [back] = parse_qs(urlsplit(url).query)["redirect_uri"]
    assert back == f"http://pay.harbortile.test{PORTAL}/sign-in/provider/back"
    brought = provider.authorize(url, "dana@bluemesa.test")
    assert client.get(f"{PORTAL}/sign-in/provider/back", query_string=brought).status_code == 403, "another host"
    assert client.get(f"{PORTAL}/sign-in/provider/back", query_string=brought, **at_own).status_code == 302
    assert client.get(f"{PORTAL}/account", **at_own).status_code == 200


def test_an_address_that_is_no_contact_gets_nothing(provider: Provider, desk: FlaskClient, client: FlaskClient) -> None:
    answer = come_back(client, provider, "stranger@bluemesa.test")
    assert answer.status_code == 403
    assert "This address has no account here" in answer.get_data(as_text=True)
    for email in ("stranger@bluemesa.test", ""):
        client.get(f"{PORTAL}/sign-in?lang=de")
        german = come_back(client, provider, email or "dana@bluemesa.test", **({} if email else {"state": "no"}))
        assert english_in(german.get_data(as_text=True).replace("Blue Login", "")) == []
    assert client.get(f"{PORTAL}/i/68").status_code == 302


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": None},
        {"aud": "another client"},
        {"iss": "http://127.0.0.1:1"},
        {"nonce": "another nonce"},
        {"nonce": None},
        {"exp": int(cast.NOW.timestamp()) - 61},
        {"exp": None},
        {"iat": int(cast.NOW.timestamp()) + 3600},
    ],
    ids=str,
)
def test_a_token_that_does_not_hold(
    provider: Provider, desk: FlaskClient, client: FlaskClient, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    answer = come_back(client, provider)
    assert answer.status_code == 403
    assert "Blue Login did not let you in" in answer.get_data(as_text=True)
    assert client.get(f"{PORTAL}/i/68").status_code == 302


def test_a_token_signed_by_somebody_else(provider: Provider, desk: FlaskClient, client: FlaskClient) -> None:
    provider.signs_with = jwk.RSAKey.generate_key(2048, {"kid": "one"})
    assert come_back(client, provider).status_code == 403


def test_an_answer_is_of_the_browser_that_asked_and_counts_once(
    provider: Provider, desk: FlaskClient, app: Flask, rt: Runtime
) -> None:
    asker, thief = browser(app), browser(app)
    url = asker.get(f"{PORTAL}/sign-in/provider").location
    back = f"{PORTAL}/sign-in/provider/back"
    brought = provider.authorize(url, "dana@bluemesa.test")
    assert thief.get(back, query_string=brought).status_code == 403
    assert asker.get(back, query_string={**brought, "iss": "http://127.0.0.1:1"}).status_code == 403
    brought = provider.authorize(asker.get(f"{PORTAL}/sign-in/provider").location, "dana@bluemesa.test")
    assert asker.get(back, query_string=brought).status_code == 302
    assert browser(app).get(back, query_string=brought).status_code == 403
    brought = provider.authorize(thief.get(f"{PORTAL}/sign-in/provider").location, "dana@bluemesa.test")
    rt.clock.move(timedelta(minutes=10))  # type: ignore[attr-defined]
    assert thief.get(back, query_string=brought).status_code == 403


@pytest.mark.parametrize(
    "brought", [{}, {"code": "c"}, {"state": "s"}, {"error": "access_denied", "state": "s"}], ids=str
)
def test_nonsense_from_outside(
    provider: Provider, desk: FlaskClient, client: FlaskClient, brought: dict[str, str]
) -> None:
    assert client.get(f"{PORTAL}/sign-in/provider/back", query_string=brought).status_code == 403


def test_what_travels_through_the_browser_tells_no_secret(
    provider: Provider, desk: FlaskClient, client: FlaskClient, rt: Runtime
) -> None:
    url = client.get(f"{PORTAL}/sign-in/provider").location
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    key = rt.settings.secret_key.get_secret_value().encode()
    attempt = openid.Attempt(query["state"], query["redirect_uri"], key)
    assert query["nonce"] == attempt.nonce
    assert attempt.verifier not in url
    assert SECRET not in url


def test_a_company_without_one_offers_none(client: FlaskClient) -> None:
    assert "Sign in with" not in client.get(f"{PORTAL}/sign-in").get_data(as_text=True).replace("Sign in with a", "")
    assert client.get(f"{PORTAL}/sign-in/provider").status_code == 404
    assert client.get(f"{PORTAL}/sign-in/provider/back").status_code == 404


def test_an_issuer_that_does_not_answer_is_not_stored(rt: Runtime, at_desk: Opener) -> None:
    omar = at_desk(cast.OMAR)
    form = {"name": "Nowhere", "issuer": "http://127.0.0.1:9", "client_id": "c", "secret": "s"}
    saved = omar.post(DESK, data={**form, "csrf_token": csrf_of(omar, DESK)}, follow_redirects=True)
    assert "the provider cannot be asked" in saved.get_data(as_text=True)
    with rt.db.read() as session:
        assert session.exec(select(ProviderRow)).all() == []


def test_a_provider_is_taken_away(rt: Runtime, desk: FlaskClient, client: FlaskClient) -> None:
    desk.post(DESK, data={"what": "remove", "csrf_token": csrf_of(desk, DESK)})
    assert client.get(f"{PORTAL}/sign-in/provider").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://login.example.org"},
        {"token_endpoint": "http://login.example.com/token"},
        {"token_endpoint": "https://169.254.169.254/token"},
        {"jwks_uri": "https://vault.internal/keys"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=str,
)
def test_a_discovery_document_that_leads_astray(changes: dict[str, Any]) -> None:
    here = "https://login.example.com"
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    sound = {"issuer": here, **{name: f"{here}/{name}" for name in names}}
    openid.check_document(here, sound)
    with pytest.raises(openid.ProviderError):
        openid.check_document(here, {**sound, **changes})


@pytest.mark.parametrize(
    "issuer",
    [
        *("http://login.example.com", "https://127.0.0.1", "https://10.0.0.8:8443", "https://localhost"),
        *("https://[::1]", "https://metadata.internal", "https://db", "ftp://login.example.com", "login.example.com"),
        "https://user:pw@login.example.com",
    ],
)
def test_production_asks_no_neighbour(rt: Runtime, issuer: str) -> None:
    production = rt.settings.model_copy(update={"tieout_mode": "production"})
    with pytest.raises(WrongInput):
        openid.check_issuer(production, issuer)
    assert openid.check_issuer(production, " https://login.example.com/ ") == "https://login.example.com"
