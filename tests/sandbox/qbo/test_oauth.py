"""The OAuth side: consent, codes, rotation, revocation, and what a bearer is checked for."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.sandbox.client import Company

REDIRECT = "http://localhost:5000/oauth/callback"
SCOPE = "com.intuit.quickbooks.accounting"


def authorize_url(company: Company, **changes: str) -> str:
    args = {
        "client_id": company.credentials["client_id"],
        "response_type": "code",
        "scope": SCOPE,
        "redirect_uri": REDIRECT,
        "state": "s-1",
        **changes,
    }
    url = f"{company.credentials['api_base']}/connect/oauth2"
    return str(requests.Request("GET", url, params=args).prepare().url)


def consent(company: Company, decision: str = "connect", **form: str) -> dict[str, str]:
    answer = requests.post(
        authorize_url(company), data={"decision": decision, **form}, allow_redirects=False, timeout=5
    )
    assert answer.status_code == 302
    location = answer.headers["Location"]
    assert location.startswith(REDIRECT + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def token(company: Company, auth: tuple[str, str] | None = None, **form: str) -> requests.Response:
    keys = auth or (company.credentials["client_id"], company.credentials["client_secret"])
    url = f"{company.credentials['api_base']}/oauth2/v1/tokens/bearer"
    return requests.post(url, data=form, auth=keys, headers={"Accept": "application/json"}, timeout=5)


def exchange(company: Company, code: str, redirect_uri: str = REDIRECT) -> requests.Response:
    return token(company, grant_type="authorization_code", code=code, redirect_uri=redirect_uri)


def refresh(company: Company, value: str) -> requests.Response:
    return token(company, grant_type="refresh_token", refresh_token=value)


def api_status(company: Company, access_token: str, realm: str | None = None) -> tuple[int, dict[str, Any]]:
    url = f"{company.credentials['api_base']}/v3/company/{realm or company.realm}/companyinfo/1"
    headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
    answer = requests.get(url, headers=headers, timeout=5)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("slash", ["", "/"])
def test_discovery_names_every_endpoint_on_this_host(company: Company, slash: str) -> None:
    document = requests.get(company.credentials["discovery_url"] + slash, timeout=5).json()
    base = company.credentials["api_base"]
    names = (
        "authorization_endpoint",
        "token_endpoint",
        "revocation_endpoint",
        "userinfo_endpoint",
        "issuer",
        "jwks_uri",
    )
    assert all(document[name].startswith(base) for name in names)


def test_consent_page_names_the_company_and_both_choices(company: Company) -> None:
    page = requests.get(authorize_url(company), timeout=5)
    assert page.status_code == 200
    assert "Harbor Tile Co." in page.text
    assert 'value="connect"' in page.text
    assert 'value="deny"' in page.text


def test_consent_gives_a_code_that_becomes_tokens_for_that_company(company: Company) -> None:
    back = consent(company)
    assert (back["state"], back["realmId"]) == ("s-1", company.realm)
    answer = exchange(company, back["code"])
    tokens = answer.json()
    assert answer.status_code == 200
    assert (tokens["token_type"], tokens["expires_in"], tokens["x_refresh_token_expires_in"]) == (
        "bearer",
        3600,
        8726400,
    )
    assert answer.headers["intuit_tid"]
    assert api_status(company, tokens["access_token"])[0] == 200


def test_denial_goes_back_as_access_denied(company: Company) -> None:
    assert consent(company, "deny") == {"error": "access_denied", "state": "s-1"}


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "somebody else"},
        {"redirect_uri": "https://evil.example/callback"},
        {"response_type": "token"},
        {"scope": "openid"},
        {"state": ""},
    ],
)
def test_a_bad_authorization_request_is_told_to_the_person_and_never_redirected(
    company: Company, changes: dict[str, str]
) -> None:
    for send in (requests.get, requests.post):
        answer = send(authorize_url(company, **changes), allow_redirects=False, timeout=5)
        assert answer.status_code == 400
        assert "Location" not in answer.headers


def test_a_registered_redirect_must_match_to_the_letter(company: Company) -> None:
    company.steer("quickbooks/redirects", {"redirect_uris": [REDIRECT]})
    assert requests.get(authorize_url(company), timeout=5).status_code == 200
    assert requests.get(authorize_url(company, redirect_uri=REDIRECT + "/"), timeout=5).status_code == 400


def test_a_code_needs_its_own_redirect_and_lives_five_minutes(company: Company) -> None:
    wrong = exchange(company, consent(company)["code"], "http://localhost:5000/elsewhere")
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    late = consent(company)["code"]
    company.steer("clock/advance", {"seconds": 301})
    assert exchange(company, late).json()["error"] == "invalid_grant"


def test_using_a_code_twice_kills_what_the_first_use_gave(company: Company) -> None:
    code = consent(company)["code"]
    tokens = exchange(company, code).json()
    assert exchange(company, code).json()["error"] == "invalid_grant"
    assert api_status(company, tokens["access_token"])[0] == 403
    assert refresh(company, tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_wrong_client_credentials(company: Company) -> None:
    answer = token(company, auth=("x", "y"), grant_type="refresh_token", refresh_token="z")
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert token(company, grant_type="password").json() == {"error": "unsupported_grant_type"}


def test_a_refresh_token_stays_for_a_day_then_rotates(company: Company) -> None:
    first = company.credentials["refresh_token"]
    assert refresh(company, first).json()["refresh_token"] == first
    company.steer("clock/advance", {"seconds": 86401})
    second = refresh(company, first).json()["refresh_token"]
    assert second != first
    again = refresh(company, first)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert refresh(company, second).json()["refresh_token"] == second


def test_within_the_grace_the_old_value_still_works_and_names_the_new_one(company: Company) -> None:
    company.steer("quickbooks/switches", {"refresh_rotates_after": 0, "refresh_grace": 60})
    first = company.credentials["refresh_token"]
    company.steer("clock/advance", {"seconds": 5})
    second = refresh(company, first).json()["refresh_token"]
    assert second != first
    assert refresh(company, first).json()["refresh_token"] == second
    company.steer("clock/advance", {"seconds": 61})
    assert refresh(company, first).json()["error"] == "invalid_grant"


def test_a_refresh_token_unused_for_a_hundred_days_is_over(company: Company) -> None:
    value = company.credentials["refresh_token"]
    company.steer("clock/advance", {"days": 90})
    value = refresh(company, value).json()["refresh_token"]
    company.steer("clock/advance", {"days": 90})
    value = refresh(company, value).json()["refresh_token"]
    company.steer("clock/advance", {"days": 102})
    assert refresh(company, value).json()["error"] == "invalid_grant"


def test_five_years_end_every_connection(company: Company) -> None:
    keys = (company.credentials["client_id"], company.credentials["client_secret"])
    url = f"{company.credentials['api_base']}/oauth2/v1/tokens/bearer"
    form = {"grant_type": "refresh_token", "refresh_token": company.credentials["refresh_token"]}
    wanted = {"x-include-refresh-token-hard-expires-in": "true"}
    told = requests.post(url, data=form, auth=keys, headers=wanted, timeout=5).json()
    assert 0 < 5 * 365 * 86400 - told["x_refresh_token_hard_expires_in"] < 60
    assert "x_refresh_token_hard_expires_in" not in requests.post(url, data=form, auth=keys, timeout=5).json()
    value = told["refresh_token"]
    for _ in range(20):
        company.steer("clock/advance", {"days": 90})
        value = refresh(company, value).json()["refresh_token"]
    company.steer("clock/advance", {"days": 30})
    assert refresh(company, value).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
def test_revoking_either_token_ends_the_connection(company: Company, kind: str) -> None:
    tokens = exchange(company, consent(company)["code"]).json()
    keys = (company.credentials["client_id"], company.credentials["client_secret"])
    url = f"{company.credentials['api_base']}/v2/oauth2/tokens/revoke"
    first = requests.post(url, json={"token": tokens[kind]}, auth=keys, timeout=5)
    assert (first.status_code, first.content) == (200, b"")
    assert requests.post(url, json={"token": tokens[kind]}, auth=keys, timeout=5).status_code == 400
    assert api_status(company, tokens["access_token"])[0] == 403
    assert refresh(company, tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert api_status(company, company.headers["Authorization"].split()[1])[0] == 200, "the other connection lives on"


def test_an_expired_or_malformed_bearer_is_401_in_the_gateways_envelope(company: Company) -> None:
    status, body = api_status(company, "short")
    assert (status, body["fault"]["type"], body["fault"]["error"][0]["code"]) == (401, "AUTHENTICATION", "3200")
    assert "Malformed" in body["fault"]["error"][0]["detail"]
    bearer = company.headers["Authorization"].split()[1]
    company.steer("clock/advance", {"seconds": 3600})
    status, body = api_status(company, bearer)
    assert (status, body["fault"]["error"][0]["detail"][:13]) == (401, "Token expired")


def test_a_token_of_one_company_says_nothing_of_another(company: Company) -> None:
    other = company.steer("quickbooks/companies", {"name": "Cascade Cabinets"})
    bearer = company.headers["Authorization"].split()[1]
    status, body = api_status(company, bearer, other["realm_id"])
    error = body["fault"]["error"][0]
    assert (status, body["fault"]["type"], error["code"]) == (403, "SERVICE", "3100")
    assert api_status(company, bearer, "1234567890") == (403, body | {"time": pytest.approx(body["time"], abs=5000)})


def test_two_companies_share_an_app_and_nothing_else(company: Company) -> None:
    company.customer("Only In Harbor")
    told = company.steer("quickbooks/companies", {"name": "Cascade Cabinets"})
    other = Company(company.world, "control-of-the-tests", told["realm_id"])
    assert other.credentials["client_id"] == company.credentials["client_id"]
    assert other.query("SELECT * FROM Customer") == {}
    mine = other.customer("Only In Cascade")
    assert mine["Id"] == "1", "each company numbers for itself"
    assert [row["DisplayName"] for row in company.query("SELECT * FROM Customer")["Customer"]] == ["Only In Harbor"]
    page = requests.get(authorize_url(company), timeout=5).text
    assert "Cascade Cabinets" in page
    assert consent(company, realm_id=other.realm)["realmId"] == other.realm


def test_a_disconnect_inside_quickbooks_kills_all_tokens_of_that_company(company: Company) -> None:
    company.steer("quickbooks/disconnect")
    assert company.get("companyinfo/1").status_code == 403
    assert refresh(company, company.credentials["refresh_token"]).json()["error"] == "invalid_grant"
    fresh = company.standin.credentials()["refresh_token"]
    assert refresh(company, fresh).status_code == 200
