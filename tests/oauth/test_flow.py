"""S-23: a consent is good once, for ten minutes, in the browser and for the company that began it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import select

from connector.errors import NotConnected, Transient, WrongInput
from connector.store.companies import CompanyRow, ConnectionRow, ConsentRow
from oauth import connections, intuit
from oauth.flow import begin_consent, disconnect, finish_consent
from tests.oauth.conftest import consent
from tests.qbo.rig import Rig, rule

BROWSER = "hash-of-the-browser"


def connect(rig: Rig, *, realm: str | None = None, browser: str = BROWSER) -> str:
    back = consent(begin_consent(rig.rt, rig.company_id, BROWSER), realm or rig.realm)
    return finish_consent(
        rig.rt, state=back["state"], code=back["code"], realm_id=back["realmId"], browser_hash=browser
    )


def test_a_company_is_connected_by_its_own_consent(rig: Rig) -> None:
    assert connect(rig) == rig.company_id

    row = rig.connection()
    assert (row.state, row.account) == ("connected", rig.realm)
    with rig.db.read() as session:
        assert session.get_one(CompanyRow, rig.company_id).realm_id == rig.realm
    assert rig.quickbooks(rig.company_id).company_info().qbo_id == "1"
    assert row.hard_expires_at is not None
    years = (row.hard_expires_at - rig.clock.now()).days / 365
    assert years == pytest.approx(5, abs=0.1)


def test_the_consent_asks_for_accounting_alone_with_a_state_of_our_own(rig: Rig) -> None:
    asked = {
        name: values[0]
        for name, values in parse_qs(urlsplit(begin_consent(rig.rt, rig.company_id, BROWSER)).query).items()
    }
    assert asked["scope"] == "com.intuit.quickbooks.accounting"
    assert asked["redirect_uri"] == intuit.callback_url(rig.settings)
    assert asked["redirect_uri"].startswith("http://127.0.0.1:8800/")
    assert len(asked["state"]) >= 43, "256 bits"
    with rig.db.read() as session:
        (row,) = session.exec(select(ConsentRow)).all()
    assert asked["state"] not in repr(row), "only its hash is kept"


def test_a_state_is_good_once(rig: Rig) -> None:
    back = consent(begin_consent(rig.rt, rig.company_id, BROWSER), rig.realm)
    finish = {"state": back["state"], "code": back["code"], "realm_id": back["realmId"], "browser_hash": BROWSER}
    finish_consent(rig.rt, **finish)
    with pytest.raises(WrongInput, match="used already"):
        finish_consent(rig.rt, **finish)
    # The second attempt did not reach Intuit, where a code used twice kills the tokens of its first use.
    assert rig.quickbooks(rig.company_id).company_info().qbo_id == "1"


@pytest.mark.parametrize("trouble", ["another browser", "too late", "made up"])
def test_a_state_that_is_not_this_browsers_own_is_refused(rig: Rig, trouble: str) -> None:
    back = consent(begin_consent(rig.rt, rig.company_id, BROWSER), rig.realm)
    if trouble == "too late":
        rig.world.advance(601)
    state = "x" * 43 if trouble == "made up" else back["state"]
    browser = "hash-of-an-attacker" if trouble == "another browser" else BROWSER
    with pytest.raises(WrongInput):
        finish_consent(rig.rt, state=state, code=back["code"], realm_id=back["realmId"], browser_hash=browser)
    with rig.db.read() as session:
        assert session.exec(select(ConnectionRow)).all() == []


def test_a_realm_in_the_address_is_not_believed(rig: Rig, second: Rig) -> None:
    """The browser brings the realm: whoever swaps it would connect our company to another one's books."""
    back = consent(begin_consent(rig.rt, rig.company_id, BROWSER), rig.realm)
    with pytest.raises(WrongInput, match="another QuickBooks company"):
        finish_consent(rig.rt, state=back["state"], code=back["code"], realm_id=second.realm, browser_hash=BROWSER)
    with rig.db.read() as session:
        assert session.exec(select(ConnectionRow)).all() == []
        assert session.get_one(CompanyRow, rig.company_id).realm_id is None


@pytest.mark.parametrize("realm", ["", "abc", "9341/../1", "１２３"])
def test_a_realm_is_digits(rig: Rig, realm: str) -> None:
    back = consent(begin_consent(rig.rt, rig.company_id, BROWSER), rig.realm)
    with pytest.raises(WrongInput, match="did not say"):
        finish_consent(rig.rt, state=back["state"], code=back["code"], realm_id=realm, browser_hash=BROWSER)


def test_a_realm_belongs_to_one_company(rig: Rig, second: Rig) -> None:
    connect(rig)
    with pytest.raises(WrongInput, match="connected to another company"):
        connect(second, realm=rig.realm)
    with rig.db.read() as session:
        assert session.get_one(CompanyRow, second.company_id).realm_id is None


def test_a_company_keeps_its_realm(rig: Rig, second: Rig) -> None:
    connect(rig)
    with pytest.raises(WrongInput, match="a different QuickBooks company"):
        connect(rig, realm=second.realm)
    assert rig.connection().account == rig.realm


def test_of_two_realms_at_the_same_moment_a_company_keeps_the_first(
    rig: Rig, second: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = consent(begin_consent(rig.rt, rig.company_id, BROWSER), second.realm)
    exchange = intuit.Intuit.exchange

    def meanwhile(self: intuit.Intuit, code: str) -> intuit.Tokens:
        monkeypatch.setattr(intuit.Intuit, "exchange", exchange)
        connect(rig)  # another owner, while Intuit answers
        return exchange(self, code)

    monkeypatch.setattr(intuit.Intuit, "exchange", meanwhile)
    with pytest.raises(WrongInput, match="a different QuickBooks company"):
        finish_consent(rig.rt, state=back["state"], code=back["code"], realm_id=second.realm, browser_hash=BROWSER)
    with rig.db.read() as session:
        assert session.get_one(CompanyRow, rig.company_id).realm_id == rig.realm == rig.connection().account


def test_a_code_that_intuit_refuses_is_told_in_words(rig: Rig) -> None:
    back = consent(begin_consent(rig.rt, rig.company_id, BROWSER), rig.realm)
    with pytest.raises(WrongInput, match="did not accept this consent"):
        finish_consent(rig.rt, state=back["state"], code="wrong", realm_id=rig.realm, browser_hash=BROWSER)


def test_without_an_answer_to_the_check_nothing_is_connected(rig: Rig) -> None:
    rig.faults(rule("companyinfo.read", "status:500", times=0))
    with pytest.raises(WrongInput, match="did not answer"):
        connect(rig)
    with rig.db.read() as session:
        assert session.exec(select(ConnectionRow)).all() == []


def test_disconnecting_ends_it_on_both_sides(rig: Rig) -> None:
    connect(rig)
    token = connections.secret_of(rig.rt, rig.connection(), connections.SECRET)
    disconnect(rig.rt, rig.company_id)

    row = rig.connection()
    assert (row.state, row.access_cipher, row.secret_cipher) == ("disconnected", "", "")
    with pytest.raises(NotConnected):
        rig.quickbooks(rig.company_id)
    with pytest.raises(Exception, match="invalid_grant"):
        intuit.Intuit(rig.settings, rig.clock).refresh(token)
    disconnect(rig.rt, rig.company_id)


def test_disconnecting_what_was_ended_in_quickbooks_already(rig: Rig) -> None:
    connect(rig)
    rig.quickbooks_control("disconnect")
    disconnect(rig.rt, rig.company_id)
    assert rig.connection().state == "disconnected"


def test_disconnecting_waits_for_intuit(rig: Rig) -> None:
    connect(rig)
    rig.faults(rule("revoke", "status:503", times=0))
    with pytest.raises(Exception, match="quickbooks"):
        disconnect(rig.rt, rig.company_id)
    assert rig.connection().state == "connected"


def test_connecting_again_works_after_all_of_it(rig: Rig) -> None:
    connect(rig)
    rig.quickbooks_control("disconnect")
    with pytest.raises(Exception, match="quickbooks"):
        rig.quickbooks(rig.company_id).company_info()
    connect(rig)
    assert rig.connection().state == "connected"
    assert rig.connection().last_error == ""
    assert rig.quickbooks(rig.company_id).company_info().qbo_id == "1"


def test_the_discovery_document_is_fetched_once_and_an_old_one_serves(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intuit, "_discovered", {})
    begin_consent(rig.rt, rig.company_id, BROWSER)
    (kept,) = intuit._discovered.items()
    begin_consent(rig.rt, rig.company_id, BROWSER)
    assert list(intuit._discovered.items()) == [kept]

    rig.clock.slept += 2 * intuit.DISCOVERY_SECONDS
    monkeypatch.setattr(intuit.AuthClient, "send", _unplugged)
    assert begin_consent(rig.rt, rig.company_id, BROWSER)
    monkeypatch.setattr(intuit, "_discovered", {})
    with pytest.raises(Transient, match="discovery document"):
        begin_consent(rig.rt, rig.company_id, BROWSER)


def _unplugged(*_args: object, **_options: object) -> None:
    import requests

    raise requests.ConnectionError("unplugged")
