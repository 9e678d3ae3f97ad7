"""Companies by consent on one platform: the same job as with keys of their own, and none reaches into another's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import stripe
from click.testing import CliRunner
from sqlmodel import select

from connector.errors import NotConnected, NotFound
from connector.store.books import DiscrepancyRow
from connector.store.companies import CompanyRow, ConnectionRow
from connector.store.money import BalanceTxnRow, PaymentRow
from connector.store.outbox import InboxRow
from connector.stripe.webhooks import DEAUTHORIZED, PLATFORM_EVENTS
from jobs import boot
from oauth.joining import disconnect_stripe
from portal.app import create_app
from portal.cli import main
from portal.commands import doctor, shared
from sandbox.host import Host
from sandbox.world import World
from sync.inbox import settle_inbox
from sync.stripe_feed import follow
from sync.tieout import prove
from sync.wallets import offer_wallets
from tests.flows.test_main_job import VISA

# The main job once more, in the house of this module.
from tests.flows.test_main_job import test_several_invoices_in_part_a_debit_and_the_payout as _job
from tests.house import House
from tests.joined import CEDAR, business
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture

QUARRY, NOBODYS = "acct_1QuarryLane0000", "acct_1NobodyHere0000"
test_the_main_job_by_consent = _job


@pytest.fixture
def house(world: World, database_url: str) -> Iterator[House]:  # noqa: F811
    house = House(world, database_url, customers=2, invoices=8, by_consent=True)
    yield house
    house.close()


@pytest.fixture
def door(house: House) -> Iterator[Host]:
    """Serve the portal, and let the platform's endpoint send to its common door."""
    host = Host(create_app(house.rt))
    host.start()
    wanted = {"url": f"{host.url}/hooks/stripe", "connect": True, "enabled_events": list(PLATFORM_EVENTS)}
    house.world.stripe.control("webhooks", wanted)
    yield host
    host.stop()


@pytest.fixture
def quarry(house: House) -> str:
    """Return another company of the installation, with an account of its own on the same platform."""
    company_id = house.rt.clock.new_id()
    with house.rt.db.write("found") as session:
        session.add(CompanyRow(id=company_id, slug="quarry", name="Quarry", created_at=house.rt.clock.now()))
    house.join(company_id, business(house.world, QUARRY, "Quarry Lane"))
    return company_id


def charged(house: House, account: str, **metadata: str) -> str:
    """Let the platform charge on an account, past the product; returns the intent."""
    address: Any = {"api": house.world.stripe_host.url}
    client = stripe.StripeClient(house.world.stripe.secret_key, base_addresses=address, stripe_account=account)
    wanted: Any = {"amount": 7_00, "currency": "usd", "automatic_payment_methods": {"enabled": True}}
    intent = client.v1.payment_intents.create({**wanted, "metadata": metadata})
    house.world.stripe.control("pay", {"account": account, "payment_intent": intent.id, "card": VISA})
    house.world.advance(3)
    return str(intent.id)


def inbox(house: House) -> list[InboxRow]:
    with house.rt.db.read() as session:
        return list(session.exec(select(InboxRow)))


def hear(house: House) -> None:
    assert house.world.settle()
    for row in inbox(house):
        settle_inbox(house.rt, row.id)


def connection(house: House, company_id: str) -> ConnectionRow:
    with house.rt.db.read() as session:
        return session.get_one(ConnectionRow, (company_id, "stripe"))


def discrepancies(house: House) -> list[DiscrepancyRow]:
    with house.rt.db.read() as session:
        return list(session.exec(select(DiscrepancyRow).where(DiscrepancyRow.closed_at.is_(None))))  # type: ignore[union-attr]


def test_a_payment_is_settled_by_the_platforms_webhook_and_ties(house: House, door: Host) -> None:
    customer = house.customer("Blue Mesa Ranch")
    invoice = house.open_invoices(customer)[0]
    payment = house.press(customer, {invoice.qbo_id: invoice.balance_minor})
    house.confirm(payment.payment_id, card=VISA)
    house.world.advance(3)
    hear(house)
    row = house.payment(payment.payment_id)
    assert (row.state, row.stripe_account) == ("succeeded", CEDAR)
    assert {one.account for one in inbox(house)} == {CEDAR}
    assert house.world.stripe.control("state", {"kind": "charges"})["charges"] == [], "nothing is the platform's own"
    assert prove(house.rt, house.company_id).ties


def test_no_company_reads_anothers_account(house: House, door: Host, quarry: str) -> None:
    theirs = charged(house, QUARRY, tieout_payment_id="none of Harbor's")
    ours, other = house.rt.gateways.stripe(house.company_id), house.rt.gateways.stripe(quarry)
    assert other.intent(theirs).amount.minor == 7_00
    with pytest.raises(NotFound):
        ours.intent(theirs)
    assert list(ours.balance_txns()) == []
    hear(house)
    assert {(row.account, row.company_id) for row in inbox(house)} == {(QUARRY, quarry)}
    follow(house.rt, house.company_id)
    follow(house.rt, quarry)
    with house.rt.db.read() as session:
        assert {row.company_id for row in session.exec(select(BalanceTxnRow))} == {quarry}
        assert session.exec(select(PaymentRow)).all() == []
    assert prove(house.rt, house.company_id).ties, "what moved there is nothing here"
    assert {row.company_id for row in discrepancies(house)} <= {quarry}


def test_an_event_that_names_anothers_object_moves_nothing(house: House, quarry: str) -> None:
    """The event's account chooses the company, and the account's own objects are all that it can lead to."""
    theirs = charged(house, QUARRY)
    with house.rt.db.write("event") as session:
        row = InboxRow(
            id="e1",
            provider="stripe",
            account=CEDAR,
            event_id="evt_1",
            company_id=house.company_id,
            kind="payment_intent.succeeded",
            object_id=theirs,
            received_at=house.rt.clock.now(),
            due_at=house.rt.clock.now(),
        )
        session.add(row)
    assert settle_inbox(house.rt, "e1") == "new", "it is not found there, and waits until a person is told"
    assert [row.error for row in inbox(house)] == ["NotFound resource_missing"]


def test_events_of_accounts_that_nobody_has_are_answered_and_kept_apart(house: House, door: Host) -> None:
    house.world.stripe.control("connect_account", {"id": NOBODYS, "name": "Connected, but to no company here"})
    charged(house, NOBODYS)
    hear(house)
    assert {(row.account, row.company_id, row.state) for row in inbox(house)} == {(NOBODYS, "", "unmatched")}
    sent = house.world.stripe.control("deliveries", {})["deliveries"]
    assert sent
    assert {one["state"] for one in sent} == {"delivered"}, "a refusal would hold back the events of all others"


def test_an_owner_ends_it_at_stripe_and_connects_again(house: House, door: Host) -> None:
    house.world.stripe.control("revoke_account", {"account": CEDAR})
    hear(house)
    assert connection(house, house.company_id).state == "needs_reconnect"
    [told] = discrepancies(house)
    assert (told.kind, told.subject) == ("stripe_key_refused", CEDAR)
    assert "ended Tieout’s access" in told.sentence
    assert "connects the same account again" in told.next_step
    with pytest.raises(NotConnected):
        follow(house.rt, house.company_id)
    house.join(house.company_id, CEDAR)
    follow(house.rt, house.company_id)
    assert connection(house, house.company_id).state == "connected"
    assert discrepancies(house) == []


def test_an_old_notice_ends_nothing_that_was_connected_since(house: House, door: Host) -> None:
    house.world.stripe.control("revoke_account", {"account": CEDAR})
    assert house.world.settle()
    house.join(house.company_id, CEDAR)
    hear(house)
    assert connection(house, house.company_id).state == "connected"
    assert discrepancies(house) == []


def test_the_feed_finds_out_when_no_notice_came(house: House) -> None:
    house.world.stripe.control("revoke_account", {"account": CEDAR})
    with pytest.raises(Exception, match="does not have access"):
        follow(house.rt, house.company_id)
    assert connection(house, house.company_id).state == "needs_reconnect"
    assert [row.kind for row in discrepancies(house)] == ["stripe_key_refused"]


def test_a_wrong_key_of_the_installation_ends_no_connection(house: House) -> None:
    settings = house.settings.model_copy(update={"stripe_platform_key": type(house.settings.secret_key)("sk_test_no")})
    house.rt.gateways.settings = settings  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="Invalid API Key"):
        follow(replace(house.rt, settings=settings), house.company_id)
    assert connection(house, house.company_id).state == "connected"
    [told] = discrepancies(house)
    assert "STRIPE_PLATFORM_KEY" in told.next_step


def test_wallets_are_offered_on_each_companys_own_account(house: House, quarry: str) -> None:
    assert offer_wallets(house.rt, house.company_id)
    for account, hosts in ((CEDAR, ["127.0.0.1"]), (QUARRY, []), (house.world.stripe.ground.platform, [])):
        found = house.world.stripe.control("state", {"kind": "payment_method_domains", "account": account})
        assert [one["domain_name"] for one in found["payment_method_domains"]] == hosts


def test_what_comes_after_disconnecting_is_answered_and_not_followed(house: House, door: Host) -> None:
    disconnect_stripe(house.rt, house.company_id)  # the notice comes before it has returned, or after
    hear(house)
    assert [(row.kind, row.company_id, row.state) for row in inbox(house)] == [(DEAUTHORIZED, "", "unmatched")]
    assert discrepancies(house) == [], "an owner did it here, and knows"


def test_the_commands_say_how_a_company_is_connected(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot, "runtime", lambda: house.rt)
    monkeypatch.setattr(shared, "check_settings", lambda: None)
    with house.rt.db.write("event") as session:
        row = {"id": "e1", "provider": "stripe", "account": NOBODYS, "event_id": "evt_1", "kind": "payout.paid"}
        now = house.rt.clock.now()
        session.add(InboxRow(**row, state="unmatched", received_at=now, due_at=now))  # type: ignore[arg-type]
    seen = {one.what: one for one in (doctor._platform(house.rt), doctor._stripe(house.rt, company(house)))}
    assert seen["Stripe Connect"].said.endswith("1 event came for accounts that no company here has.")
    assert f"account {CEDAR} answers by consent, test mode." in {one.said for one in seen.values()}
    assert "connected by consent" in CliRunner().invoke(main, ["status", "--json"]).output
    page = CliRunner().invoke(main, ["connect", "stripe", "--by-consent"])
    assert page.output.endswith("/staff/connections\n")
    disconnect_stripe(house.rt, house.company_id)
    assert "Not connected    stripe: tieout connect stripe" in CliRunner().invoke(main, ["status"]).output
    assert doctor._stripe(house.rt, company(house)).state == "wrong"


def company(house: House) -> CompanyRow:
    with house.rt.db.read() as session:
        return session.get_one(CompanyRow, house.company_id)
