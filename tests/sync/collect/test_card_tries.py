"""Card testing: a bot gets few of a thousand cards to Stripe, staff are told, and a real payer gets through."""

from __future__ import annotations

from datetime import timedelta
from itertools import cycle

import pytest

from connector.store.books import DiscrepancyRow
from connector.store.session import Database
from sandbox.world import World
from sync.collect import card_tries
from sync.collect.press import Refused, Started
from sync.collect.start import start_payment
from tests.sync.settle.till import VISA, Till

DECLINED = "4000000000000002"
CARDS, ADDRESSES = 1000, 50


@pytest.fixture
def till(db: Database, world: World) -> Till:
    till = Till(db, world)
    till.listen()
    return till


class Bot:
    """Tries cards on the invoices whose links it has, from many addresses, until nobody lets it go on."""

    def __init__(self, till: Till, invoices: list[str]) -> None:
        self.till, self.invoices = till, invoices
        self.reached, self.refusals = 0, set[str]()

    def run(self) -> None:
        cards = CARDS if self.till.rt.db.is_sqlite else CARDS // 4  # the other engine need not refuse so many
        for number, invoice in zip(range(CARDS), cycle(self.invoices), strict=False):
            if cards <= 0:
                return
            started = self.press(invoice, f"address {number % ADDRESSES}", f"browser {number}")
            if isinstance(started, Refused):
                self.refusals.add(started.reason)
                cards -= 1  # it would have to look for another way with this one
                continue
            while cards > 0 and self.try_card(started.payment_id):
                cards -= 1

    def press(self, invoice: str, address: str, browser: str) -> Started | Refused:
        press = self.till.press({invoice: 5000}, from_address=address, from_session=browser)
        return start_payment(self.till.rt, press)

    def try_card(self, payment_id: str) -> bool:
        """Try a card; returns whether Stripe still listens to this payment's secret."""
        said = self.till.confirm(payment_id, card=DECLINED)
        if said["answer"]["error"]["code"] != "card_declined":
            return False
        self.reached += 1
        self.till.hear()
        return True


def test_a_bot_gets_few_cards_to_stripe_and_a_real_payer_gets_through(till: Till) -> None:
    invoices = [till.open_invoice(5000, f"10{number}") for number in range(10, 18)]
    bot = Bot(till, invoices)
    bot.run()
    assert 0 < bot.reached <= card_tries.LAST_TRIES + card_tries.MOST_OF_PAYMENT
    assert "sign_in_first" in bot.refusals
    [told] = till.rows(DiscrepancyRow)
    assert (told.kind, told.closed_at) == (card_tries.UNDER_ATTACK, None)
    assert "sign in by mail" in told.sentence

    other = till.open_invoice(7000, "1090")
    signed_in = till.press({other: 7000}, contact_id="contact-dana")
    started = start_payment(till.rt, signed_in)
    assert isinstance(started, Started)
    till.confirm(started.payment_id, card=VISA)
    till.later(3)
    till.hear()
    assert till.state(started.payment_id) == "succeeded"


def test_a_payment_is_given_up_after_so_many_declines(till: Till) -> None:
    bot = Bot(till, [])
    invoice = till.open_invoice(5000, "1010")
    started = bot.press(invoice, "one address", "one browser")
    assert isinstance(started, Started)
    for _ in range(card_tries.MOST_OF_PAYMENT - 1):
        assert bot.try_card(started.payment_id)
    assert till.state(started.payment_id) == "created"  # a payer who mistypes has some tries
    assert bot.try_card(started.payment_id)
    assert till.state(started.payment_id) == "canceled"
    assert not bot.try_card(started.payment_id)
    again = bot.press(invoice, "another address", "one browser")
    assert isinstance(again, Refused)
    assert (again.reason, "Nothing was charged" in again.sentence) == ("cards_declined", True)


@pytest.mark.parametrize(
    ("same", "most", "window"),
    [
        ("invoice", card_tries.MOST_OF_INVOICE, card_tries.DAY),
        ("address", card_tries.MOST_OF_ADDRESS, card_tries.HOUR),
        ("browser", card_tries.MOST_OF_SESSION, card_tries.HOUR),
    ],
)
def test_declines_of_one_place_end_its_tries_for_a_while(
    till: Till, same: str, most: int, window: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card_tries, "LAST_TRIES", 1000)  # what the whole company sees is not asked here
    bot = Bot(till, [])
    fixed = {"invoice": till.open_invoice(50000, "1010"), "address": "an address", "browser": "a browser"}
    others = [till.open_invoice(50000, f"11{number}") for number in range(most // 5 + 1)]

    def press(number: int) -> Started | Refused:
        place = {"invoice": others[number // 5], "address": f"address {number}", "browser": f"browser {number}"}
        return bot.press(**{**place, same: fixed[same]})

    for number in range(most):
        started = press(number)
        assert isinstance(started, Started), number
        assert bot.try_card(started.payment_id)
    refused = press(most)
    assert isinstance(refused, Refused)
    assert refused.reason == "cards_declined"
    till.later(window.total_seconds())
    assert isinstance(press(most), Started)
