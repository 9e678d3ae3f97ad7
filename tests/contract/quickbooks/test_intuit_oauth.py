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
