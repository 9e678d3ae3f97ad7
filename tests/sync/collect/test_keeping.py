"""Keeping a method while paying: only with consent, only what paid, and found again after every interruption."""

from __future__ import annotations

from typing import Any

import pytest

from connector.ledger.payments import PaymentState
from connector.store.methods import SavedMethodRow
from sync.collect import saved
from sync.collect.look import sweep_payments
from tests.sync.settle.till import DECLINED, GOOD_BANK, VISA, Till

WORDS = "I allow Harbor Tile to keep this card."
KEEP: dict[str, Any] = {"contact_id": "dana", "keep_consent": WORDS, "consent_from": "203.0.113.9"}


def kept(till: Till) -> list[str]:
    with till.db.read() as session:
        return [one.label for one in saved.methods_of(session, till.company_id, "dana")]


def test_the_card_that_paid_is_kept_with_the_words_that_were_agreed_to(till: Till) -> None:
    started = till.start({till.open_invoice(6000, "1068"): 6000}, **KEEP)
    [row] = till.all_rows(SavedMethodRow)
    assert (row.state, row.consent, row.payment_id) == ("begun", WORDS, started.payment_id)
    assert row.consent_from == "203.0.113.9"
    assert kept(till) == []
    till.confirm(started.payment_id, card=VISA)
    till.later(3)
    assert till.settle(started.payment_id) is PaymentState.SUCCEEDED
    assert kept(till) == ["Visa 4242"]
    [row] = till.all_rows(SavedMethodRow)
    assert (row.is_default, row.funding) == (True, "credit")
    again = till.start({till.open_invoice(7000, "1069"): 7000}, contact_id="dana")
    till.confirm(again.payment_id, payment_method=row.method_ref)
    till.later(3)
    assert till.settle(again.payment_id) is PaymentState.SUCCEEDED
    assert kept(till) == ["Visa 4242"]


def test_nothing_is_kept_without_consent_for_a_guest_or_when_nothing_was_paid(till: Till) -> None:
    plain = till.start({till.open_invoice(6000, "1068"): 6000}, contact_id="dana")
    guest = till.start({till.open_invoice(6000, "1069"): 6000}, keep_consent=WORDS)
    for one in (plain, guest):
        till.confirm(one.payment_id, card=VISA)
        till.later(3)
        till.settle(one.payment_id)
    assert till.all_rows(SavedMethodRow) == []
    refused = till.start({till.open_invoice(6000, "1070"): 6000}, **KEEP)
    till.confirm(refused.payment_id, card=DECLINED)
    till.settle(refused.payment_id)
    assert kept(till) == []


def test_a_bank_account_is_kept_as_soon_as_its_debit_is_under_way(till: Till) -> None:
    started = till.start({till.open_invoice(6000, "1068"): 6000}, **KEEP)
    till.confirm(started.payment_id, bank_account=GOOD_BANK)
    till.later(3)
    assert till.settle(started.payment_id) is PaymentState.PROCESSING
    assert [label[-4:] for label in kept(till)] == ["6789"]


def test_a_line_that_fails_while_it_is_kept_loses_neither_the_payment_nor_the_method(till: Till) -> None:
    started = till.start({till.open_invoice(6000, "1068"): 6000}, **KEEP)
    till.confirm(started.payment_id, card=VISA)
    till.later(3)
    away = {"service": "stripe", "operation": "payment_methods.retrieve", "times": 0}
    till.world.faults.load([{"match": away, "do": "status:503"}])
    assert till.settle(started.payment_id) is PaymentState.SUCCEEDED
    assert kept(till) == []
    till.world.faults.load([])
    sweep_payments(till.rt)
    assert kept(till) == ["Visa 4242"]


def test_who_took_the_method_away_does_not_find_it_again(till: Till) -> None:
    started = till.start({till.open_invoice(6000, "1068"): 6000}, **KEEP)
    till.confirm(started.payment_id, card=VISA)
    till.later(3)
    till.settle(started.payment_id)
    [row] = till.all_rows(SavedMethodRow)
    assert saved.remove(till.rt, till.company_id, "dana", row.id)
    sweep_payments(till.rt)
    assert kept(till) == []


def test_a_method_that_cannot_be_kept_holds_up_no_payment(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_with, other = (till.start({till.open_invoice(6000, n): 6000}, **KEEP) for n in ("1068", "1069"))
    follow = saved.follow
    away = {"service": "stripe", "operation": "payment_methods.retrieve", "times": 0}
    till.world.faults.load([{"match": away, "do": "status:503"}])
    till.confirm(kept_with.payment_id, card=VISA)
    till.later(3)
    till.settle(kept_with.payment_id)
    till.confirm(other.payment_id, card=VISA)

    def broken(*_: object) -> bool:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(saved, "follow", broken)
    till.later(300)
    till.world.faults.load([])
    sweep_payments(till.rt)
    assert till.state(other.payment_id) == PaymentState.SUCCEEDED.value
    monkeypatch.setattr(saved, "follow", follow)
    till.later(300)
    sweep_payments(till.rt)
    assert len(kept(till)) == 2, "and is kept once that is mended"
