"""Stripe's keys: stored only after Stripe said whose they are, sealed, and one account for one company."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from connector.errors import Transient, Unauthorised, WrongInput
from connector.store.companies import ConnectionRow
from oauth import connections
from oauth.connections import SECRET, STRIPE, WEBHOOK
from oauth.keys import connect_stripe
from tests.qbo.rig import Rig

KEYS = {"secret_key": "rk_test_1", "publishable_key": "pk_test_1", "webhook_secret": "whsec_1"}


@dataclass(frozen=True)
class Facts:
    account: str = "acct_1"
    livemode: bool = False


def test_keys_are_sealed_after_stripe_said_whose_they_are(rig: Rig) -> None:
    asked: list[str] = []

    def look(key: str) -> Facts:
        asked.append(key)
        return Facts()

    spaced = {name: f" {key}\n" for name, key in KEYS.items()}
    assert connect_stripe(rig.rt, rig.company_id, **spaced, look=look) == "acct_1"
    assert asked == ["rk_test_1"]
    with rig.db.read() as session:
        row = connections.connected(session, rig.company_id, STRIPE)
    assert (row.account, row.livemode, row.publishable_key) == ("acct_1", False, "pk_test_1")
    assert connections.secret_of(rig.rt, row, SECRET) == "rk_test_1"
    assert connections.secret_of(rig.rt, row, WEBHOOK) == "whsec_1"
    assert "rk_test_1" not in repr(row)
    assert "whsec_1" not in repr(row)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"secret_key": "pk_test_1"}, "begins with rk_ or sk_"),
        ({"publishable_key": "sk_test_1"}, "begins with pk_"),
        ({"webhook_secret": "secret"}, "begins with whsec_"),
        ({"publishable_key": "pk_live_1"}, "one of the two|One of the two"),
    ],
)
def test_keys_that_cannot_be_right_are_not_sent_anywhere(rig: Rig, changed: dict[str, str], why: str) -> None:
    def look(key: str) -> Facts:
        raise AssertionError("nobody is asked")

    with pytest.raises(WrongInput, match=why):
        connect_stripe(rig.rt, rig.company_id, **(KEYS | changed), look=look)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (Unauthorised(service="stripe", message="Invalid API Key"), "does not accept"),
        (Transient(service="stripe", message="down"), "did not answer"),
    ],
)
def test_what_stripe_does_not_confirm_is_not_stored(rig: Rig, error: Exception, why: str) -> None:
    def look(key: str) -> Facts:
        raise error

    with pytest.raises(WrongInput, match=why):
        connect_stripe(rig.rt, rig.company_id, **KEYS, look=look)
    with rig.db.read() as session:
        assert session.exec(select(ConnectionRow)).all() == []


def test_an_account_belongs_to_one_company_and_a_company_keeps_its_account(rig: Rig, second: Rig) -> None:
    connect_stripe(rig.rt, rig.company_id, **KEYS, look=lambda _: Facts())
    with pytest.raises(WrongInput, match="another company"):
        connect_stripe(second.rt, second.company_id, **KEYS, look=lambda _: Facts())
    with pytest.raises(WrongInput, match="a different Stripe account"):
        connect_stripe(rig.rt, rig.company_id, **KEYS, look=lambda _: Facts("acct_2"))
    rolled = KEYS | {"secret_key": "rk_test_2"}
    connect_stripe(rig.rt, rig.company_id, **rolled, look=lambda _: Facts())
    with rig.db.read() as session:
        row = connections.connected(session, rig.company_id, STRIPE)
    assert connections.secret_of(rig.rt, row, SECRET) == "rk_test_2"


def test_the_database_has_the_last_word_on_whose_an_account_is(rig: Rig, second: Rig) -> None:
    """Two companies that choose the same account at the same moment both find it free."""
    connect_stripe(rig.rt, rig.company_id, **KEYS, look=lambda _: Facts())
    with pytest.raises(IntegrityError), rig.db.write("connect") as session:
        connections.put(session, second.rt, second.company_id, STRIPE, {"account": "acct_1"})
