"""The account: a contact sees where they are signed in, and ends their own sessions and nobody else's."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from portal.access.presence import browser_name
from tests import cast
from tests.portal.conftest import Opener, csrf_of

ACCOUNT = "/c/harbor-tile/account"


def tags(client: FlaskClient) -> list[str]:
    return re.findall(r'name="tag" value="([0-9a-f]{20})"', client.get(ACCOUNT).get_data(as_text=True))


def sign_out(client: FlaskClient, tag: str = "") -> str:
    form = {"csrf_token": csrf_of(client, ACCOUNT), "tag": tag}
    return client.post(f"{ACCOUNT}/sessions", data=form, follow_redirects=True).get_data(as_text=True)


def is_in(client: FlaskClient) -> bool:
    return client.get(ACCOUNT).status_code == 200


def test_one_other_browser_is_signed_out(signed_in: Opener) -> None:
    here, there, third = (signed_in(cast.DANA) for _ in range(3))
    assert len(tags(here)) == 2, "this browser has no button of its own"
    assert "1 browser signed out." in sign_out(here, tags(here)[0])
    assert [is_in(here), is_in(there) + is_in(third)] == [True, 1]


def test_everywhere_else_at_once(signed_in: Opener) -> None:
    here, *others = (signed_in(cast.DANA) for _ in range(4))
    assert "3 browsers signed out." in sign_out(here)
    assert is_in(here)
    assert not any(is_in(one) for one in others)


def test_nobody_sees_or_ends_another_persons_session(signed_in: Opener) -> None:
    dana, luis = signed_in(cast.DANA), signed_in(cast.LUIS)
    second = signed_in(cast.LUIS)
    assert tags(dana) == []
    [foreign] = tags(luis)
    assert "signed out already" in sign_out(dana, foreign)
    assert is_in(luis)
    assert is_in(second)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0", "Edge on Linux"),
        ("curl/8.5.0", ""),
        ("", ""),
    ],
)
def test_a_browser_is_called_what_people_call_it(agent: str, name: str) -> None:
    assert browser_name(agent) == name
