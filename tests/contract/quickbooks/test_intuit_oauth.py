"""intuit-oauth against the stand-in: connect, exchange, refresh, revoke."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError

from sandbox.world import World
from tests.contract.quickbooks.conftest import REDIRECT


def consented(auth: AuthClient) -> dict[str, str]:
    url = auth.get_authorization_url([Scopes.ACCOUNTING], state_token="state-of-ours")
    answer = requests.post(url, data={"decision": "connect"}, allow_redirects=False, timeout=5)
    assert answer.headers["Location"].startswith(REDIRECT)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def test_the_whole_life_of_a_connection(harbor: World, auth: AuthClient) -> None:
    back = consented(auth)
    assert back["state"] == "state-of-ours"
    auth.get_bearer_token(back["code"], realm_id=back["realmId"])
    assert (auth.realm_id, auth.expires_in, auth.x_refresh_token_expires_in) == (
        harbor.quickbooks.found(),
        3600,
        8726400,
    )
    first = auth.refresh_token
    harbor.clock.advance(86_401)
    auth.refresh()
    assert auth.refresh_token != first
    with pytest.raises(AuthClientError) as refused:
        auth.refresh(first)
    assert refused.value.status_code == 400
    assert b"invalid_grant" in refused.value.content
    assert refused.value.intuit_tid
    assert auth.revoke() is True
    with pytest.raises(AuthClientError):
        auth.refresh()


def test_a_code_works_once(auth: AuthClient) -> None:
    code = consented(auth)["code"]
    auth.get_bearer_token(code)
    with pytest.raises(AuthClientError):
        auth.get_bearer_token(code)
    with pytest.raises(AuthClientError):
        auth.refresh()


def test_wrong_keys_are_401(harbor: World) -> None:
    keys = harbor.quickbooks.credentials()
    wrong = AuthClient(keys["client_id"], "not the secret", REDIRECT, keys["discovery_url"])
    with pytest.raises(AuthClientError) as refused:
        wrong.refresh(keys["refresh_token"])
    assert refused.value.status_code == 401


def test_the_hard_end_is_told_to_those_who_ask(auth: AuthClient, harbor: World) -> None:
    token = harbor.quickbooks.credentials()["refresh_token"]
    if hasattr(AuthClient, "include_refresh_token_hard_expires_in"):  # 1.2.7 asks by itself
        auth.include_refresh_token_hard_expires_in = True
    else:
        auth.headers["x-include-refresh-token-hard-expires-in"] = "true"
    auth.refresh(token)
    assert auth.x_refresh_token_hard_expires_in > 4 * 365 * 86400


def test_userinfo_answers(auth: AuthClient, harbor: World) -> None:
    auth.refresh(harbor.quickbooks.credentials()["refresh_token"])
    assert auth.get_user_info().json()["email"]


def test_the_library_checks_our_id_token_with_our_key(auth: AuthClient, harbor: World) -> None:
    url = auth.get_authorization_url([Scopes.ACCOUNTING, Scopes.OPENID, Scopes.EMAIL], state_token="s")
    answer = requests.post(url, data={"decision": "connect"}, allow_redirects=False, timeout=5)
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    auth.get_bearer_token(code)
    assert auth.id_token, "the library drops a token that its own check refuses"
    told = auth.get_user_info().json()
    assert (told["email"], "givenName" in told) == ("bookkeeper@harbortile.example", False)


def test_who_may_not_ask_for_the_person_is_refused(auth: AuthClient) -> None:
    auth.get_bearer_token(consented(auth)["code"])
    assert auth.id_token is None
    with pytest.raises(AuthClientError) as refused:
        auth.get_user_info()
    assert refused.value.status_code == 403


def test_a_denied_consent_says_so(auth: AuthClient) -> None:
    url = auth.get_authorization_url([Scopes.ACCOUNTING], state_token="s")
    answer = requests.post(url, data={"decision": "deny"}, allow_redirects=False, timeout=5)
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"error": ["access_denied"], "state": ["s"]}


def test_a_code_is_for_its_own_redirect_and_its_own_five_minutes(auth: AuthClient, harbor: World) -> None:
    late = consented(auth)["code"]
    harbor.clock.advance(301)
    with pytest.raises(AuthClientError) as refused:
        auth.get_bearer_token(late)
    assert b"invalid_grant" in refused.value.content
    code = consented(auth)["code"]
    auth.redirect_uri = "http://localhost:5000/elsewhere"
    with pytest.raises(AuthClientError) as refused:
        auth.get_bearer_token(code)
    assert refused.value.status_code == 400


def test_a_hundred_days_unused_and_five_years_in_all(auth: AuthClient, harbor: World) -> None:
    auth.get_bearer_token(consented(auth)["code"])
    for _ in range(20):
        harbor.clock.advance(90 * 86_400)
        auth.refresh()
    harbor.clock.advance(30 * 86_400)
    with pytest.raises(AuthClientError):
        auth.refresh()
    auth.get_bearer_token(consented(auth)["code"])
    harbor.clock.advance(102 * 86_400)
    with pytest.raises(AuthClientError) as refused:
        auth.refresh()
    assert b"invalid_grant" in refused.value.content


def test_rotation_with_grace_and_without(auth: AuthClient, harbor: World) -> None:
    harbor.quickbooks.switches.set({"refresh_rotates_after": 0, "refresh_grace": 60})
    first = harbor.quickbooks.credentials()["refresh_token"]
    harbor.clock.advance(5)
    auth.refresh(first)
    second = auth.refresh_token
    assert second != first
    auth.refresh(first)
    assert auth.refresh_token == second
    harbor.clock.advance(61)
    with pytest.raises(AuthClientError):
        auth.refresh(first)


def test_a_lost_reply_costs_the_connection_where_there_is_no_grace(auth: AuthClient, harbor: World) -> None:
    first = harbor.quickbooks.credentials()["refresh_token"]
    harbor.faults.load([{"match": {"operation": "token.refresh"}, "do": "lose_refresh_reply"}])
    with pytest.raises(requests.ConnectionError):
        auth.refresh(first)
    with pytest.raises(AuthClientError) as refused:
        auth.refresh(first)
    assert b"invalid_grant" in refused.value.content


def test_either_token_revokes_the_connection(auth: AuthClient) -> None:
    auth.get_bearer_token(consented(auth)["code"])
    assert auth.revoke(auth.access_token) is True
    with pytest.raises(AuthClientError):
        auth.refresh()
    with pytest.raises(AuthClientError):
        auth.revoke(auth.access_token)
