"""Stripe by consent: a state of our own, one account for one company, nothing kept at Stripe that is not kept here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.errors import NotConnected, Transient, Unauthorised, UnknownOutcome, WrongInput
from connector.settings import Settings
from connector.store.companies import ConnectionRow
from connector.stripe.webhooks import PLATFORM_EVENTS
from jobs.gateways import CompanyGateways
from oauth import connections
from oauth.connections import STRIPE
from oauth.flow import begin_consent, finish_consent
from oauth.joining import begin_joining, disconnect_stripe, finish_joining, platform_of
from oauth.keys import connect_stripe
from sync.runtime import Runtime
from tests.joined import CEDAR, agree, business, platform_settings
from tests.oauth.conftest import consent as intuits_consent
from tests.oauth.test_keys import KEYS, Facts
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.qbo.rig import Rig, settings_for

BROWSER = "hash-of-the-browser"


def hosted(rig: Rig) -> Runtime:
    """Return the rig's runtime with a platform and real gateways."""
    settings = settings_for(rig.world, **platform_settings(rig.world))
    gateways = CompanyGateways(settings, rig.db, rig.clock, rig.vault, rig.throttle)
    return replace(rig.rt, settings=settings, gateways=gateways)


def join(rt: Runtime, company_id: str, account: str = CEDAR, browser: str = BROWSER) -> tuple[str, ...]:
    back = agree(begin_joining(rt, company_id, BROWSER), account)
    return finish_joining(rt, state=back["state"], code=back["code"], browser_hash=browser)[:2]


def row_of(rt: Runtime, company_id: str) -> ConnectionRow | None:
    with rt.db.read() as session:
        return connections.find(session, company_id, STRIPE)


def is_connected_at_stripe(rig: Rig, account: str) -> bool:
    return bool(rig.world.stripe.ground.shelf.all("_accounts")[account]["connected"])


def test_an_owner_connects_without_any_key(rig: Rig) -> None:
    rt = hosted(rig)
    business(rig.world)
    assert join(rt, rig.company_id) == (rig.company_id, CEDAR)
    row = row_of(rt, rig.company_id)
    assert row is not None
    assert (row.state, row.account, row.through_platform, row.livemode) == ("connected", CEDAR, True, False)
    assert (row.secret_cipher, row.webhook_cipher, row.access_cipher, row.publishable_key) == ("", "", "", "")
    gateway = rt.gateways.stripe(rig.company_id)
    assert (gateway.stripe_account, gateway.account().name) == (CEDAR, "Cedar Stone")


def test_the_consent_asks_for_payments_with_a_state_of_our_own(rig: Rig) -> None:
    rt = hosted(rig)
    asked = parse_qs(urlsplit(begin_joining(rt, rig.company_id, BROWSER)).query)
    assert asked["scope"] == ["read_write"]
    assert asked["redirect_uri"] == ["http://127.0.0.1:8800/connect/stripe/callback"]
    assert len(asked["state"][0]) >= 43, "256 bits"
    with pytest.raises(WrongInput, match="no Stripe Connect platform"):
        begin_joining(rig.rt, rig.company_id, BROWSER)


def test_a_consent_is_good_once_here_and_for_ten_minutes(rig: Rig) -> None:
    rt = hosted(rig)
    business(rig.world)
    back = agree(begin_joining(rt, rig.company_id, BROWSER), CEDAR)
    given = {"state": back["state"], "code": back["code"]}
    with pytest.raises(WrongInput, match="another browser"):
        finish_joining(rt, **given, browser_hash="another")
    finish_joining(rt, **given, browser_hash=BROWSER)
    with pytest.raises(WrongInput, match="used already"):
        finish_joining(rt, **given, browser_hash=BROWSER)
    assert is_connected_at_stripe(rig, CEDAR), "the code was not sent twice, which Stripe takes for theft"
    late = agree(begin_joining(rt, rig.company_id, BROWSER), CEDAR)
    rig.world.advance(601)
    with pytest.raises(WrongInput, match="ten minutes"):
        finish_joining(rt, state=late["state"], code=late["code"], browser_hash=BROWSER)


def test_a_consent_of_one_service_is_none_of_the_other(rig: Rig) -> None:
    rt = hosted(rig)
    business(rig.world)
    ours = agree(begin_joining(rt, rig.company_id, BROWSER), CEDAR)
    with pytest.raises(WrongInput, match="used already"):
        finish_consent(rt, state=ours["state"], code=ours["code"], realm_id=rig.realm, browser_hash=BROWSER)
    theirs = intuits_consent(begin_consent(rt, rig.company_id, BROWSER), rig.realm)
    with pytest.raises(WrongInput, match="used already"):
        finish_joining(rt, state=theirs["state"], code=theirs["code"], browser_hash=BROWSER)


def test_an_account_belongs_to_one_company_and_stays_its_own(rig: Rig, second: Rig) -> None:
    rt = hosted(rig)
    business(rig.world)
    other = business(rig.world, "acct_1DeltaBrick0000", "Delta Brick")
    join(rt, rig.company_id)
    with pytest.raises(WrongInput, match="another company"):
        join(rt, second.company_id)
    assert is_connected_at_stripe(rig, CEDAR), "the company that works on it keeps it"
    with pytest.raises(WrongInput, match="a different Stripe account"):
        join(rt, rig.company_id, other)
    assert not is_connected_at_stripe(rig, other), "what is not kept is given back"
    assert row_of(rt, second.company_id) is None


def test_an_account_with_keys_of_its_own_is_no_other_companys_by_consent(rig: Rig, second: Rig) -> None:
    rt = hosted(rig)
    business(rig.world)
    connect_stripe(rt, rig.company_id, **KEYS, look=lambda _: Facts(CEDAR))
    with pytest.raises(WrongInput, match="another company"):
        join(rt, second.company_id)
    assert not is_connected_at_stripe(rig, CEDAR)


def test_a_company_goes_from_keys_to_consent_and_back(rig: Rig) -> None:
    rt = hosted(rig)
    business(rig.world)
    connect_stripe(rt, rig.company_id, **KEYS, look=lambda _: Facts(CEDAR))
    join(rt, rig.company_id)
    assert rt.gateways.stripe(rig.company_id).account().account == CEDAR, "the key that was invented is not used"
    row = row_of(rt, rig.company_id)
    assert row is not None
    assert (row.through_platform, row.secret_cipher) == (True, "")
    connect_stripe(rt, rig.company_id, **KEYS, look=lambda _: Facts(CEDAR))
    row = row_of(rt, rig.company_id)
    assert row is not None
    assert (row.through_platform, row.publishable_key) == (False, "pk_test_1")
    with pytest.raises(Unauthorised):
        rt.gateways.stripe(rig.company_id).account()


@pytest.mark.parametrize(
    ("wrong", "why"), [("rights", "read only"), ("mode", "for tests"), ("code", "did not accept this consent")]
)
def test_what_cannot_take_payments_is_given_back(rig: Rig, wrong: str, why: str) -> None:
    rt = hosted(rig)
    business(rig.world)
    url = begin_joining(rt, rig.company_id, BROWSER)
    back = agree(url.replace("read_write", "read_only") if wrong == "rights" else url, CEDAR)
    if wrong == "mode":  # the settings say live, and the account answers for tests
        live = {"stripe_platform_key": f"{rt.settings.stripe_platform_key.get_secret_value()}_live_"}
        live |= {"stripe_platform_publishable_key": "pk_live_1"}
        rig.world.stripe.ground.shelf.put(
            "_accounts",
            rig.world.stripe.ground.platform,
            {
                **rig.world.stripe.ground.shelf.all("_accounts")[rig.world.stripe.ground.platform],
                "secret_key": live["stripe_platform_key"],
            },
        )
        rt = replace(rt, settings=settings_for(rig.world, **(platform_settings(rig.world) | live)))
    with pytest.raises(WrongInput, match=why):
        finish_joining(
            rt, state=back["state"], code="ac_none" if wrong == "code" else back["code"], browser_hash=BROWSER
        )
    assert row_of(rt, rig.company_id) is None
    assert not is_connected_at_stripe(rig, CEDAR)


def test_disconnecting_gives_the_account_back(rig: Rig) -> None:
    rt = hosted(rig)
    business(rig.world)
    join(rt, rig.company_id)
    disconnect_stripe(rt, rig.company_id)
    disconnect_stripe(rt, rig.company_id)
    row = row_of(rt, rig.company_id)
    assert row is not None
    assert (row.state, row.account) == ("disconnected", CEDAR)
    assert not is_connected_at_stripe(rig, CEDAR)
    with pytest.raises(NotConnected):
        rt.gateways.stripe(rig.company_id)
    assert join(rt, rig.company_id) == (rig.company_id, CEDAR), "and it may be connected again"


def test_what_stripe_did_not_hear_of_still_stands(rig: Rig) -> None:
    rt = hosted(rig)
    business(rig.world)
    join(rt, rig.company_id)
    rig.world.stripe_host.stop()
    with pytest.raises(UnknownOutcome):
        disconnect_stripe(rt, rig.company_id)
    row = row_of(rt, rig.company_id)
    assert row is not None
    assert (row.state, row.account) == ("connected", CEDAR)


def test_one_that_the_owner_ended_at_stripe_is_disconnected_here_as_well(rig: Rig) -> None:
    rt = hosted(rig)
    business(rig.world)
    join(rt, rig.company_id)
    rig.world.stripe.control("revoke_account", {"account": CEDAR})
    assert not platform_of(rt).still_ours(CEDAR)
    disconnect_stripe(rt, rig.company_id)
    row = row_of(rt, rig.company_id)
    assert row is not None
    assert row.state == "disconnected"


def test_a_platform_of_the_other_mode_reaches_nobody(rig: Rig) -> None:
    rt = hosted(rig)
    business(rig.world)
    join(rt, rig.company_id)
    none = CompanyGateways(rig.settings, rig.db, rig.clock, rig.vault, rig.throttle)
    live = settings_for(
        rig.world,
        **platform_settings(rig.world)
        | {"stripe_platform_key": "sk_live_1", "stripe_platform_publishable_key": "pk_live_1"},
    )
    for gateways in (none, CompanyGateways(live, rig.db, rig.clock, rig.vault, rig.throttle)):
        with pytest.raises(NotConnected):
            gateways.stripe(rig.company_id)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"stripe_connect_webhook_secret": ""}, "STRIPE_CONNECT_WEBHOOK_SECRET is needed"),
        ({"stripe_platform_key": "pk_test_1"}, "begins with sk_ or rk_"),
        ({"stripe_platform_publishable_key": "pk_live_1"}, "one is live"),
        ({"tieout_mode": "production"}, "STRIPE_CONNECT_BASE over plain http"),
    ],
)
def test_half_a_platform_does_not_start(rig: Rig, changed: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        settings_for(rig.world, **platform_settings(rig.world) | changed)
    assert rig.world.stripe.secret_key not in str(caught.value)


def test_the_settings_show_no_secret(rig: Rig) -> None:
    settings: Settings = hosted(rig).settings
    for secret in (rig.world.stripe.secret_key, rig.world.stripe.webhook_secret):
        assert secret not in repr(settings)


def test_stripe_away_is_said_and_nothing_is_stored(rig: Rig) -> None:
    rt = hosted(rig)
    business(rig.world)
    back = agree(begin_joining(rt, rig.company_id, BROWSER), CEDAR)
    rig.world.stripe_host.stop()
    with pytest.raises(WrongInput, match="did not answer"):
        finish_joining(rt, state=back["state"], code=back["code"], browser_hash=BROWSER)
    assert row_of(rt, rig.company_id) is None
    with pytest.raises(Transient):
        platform_of(rt).still_ours(CEDAR)


def test_the_page_of_connecting_lists_every_event_of_a_platforms_endpoint() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "stripe-connect.md").read_text()
    assert tuple(page.split("```")[1].split()) == PLATFORM_EVENTS
