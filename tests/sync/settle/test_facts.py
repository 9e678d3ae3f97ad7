"""What an intent makes of a payment, as pure decisions: any order and any number of looks end the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.allocation import Share, sum_of
from connector.ledger.credits import Fitting, fit
from connector.ledger.money import Money
from connector.ledger.payments import FINAL, PaymentState
from connector.ledger.postings import charge_postings, clearing_by_citation, fee_posting
from connector.store.money import PaymentRow
from connector.stripe.facts import BalanceTxn, Charge, Intent
from sync.settling.facts import MICRODEPOSITS, charge_fact, decide, success_at

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PAID = Money(12345, "USD")


def payment(**columns: Any) -> PaymentRow:
    given: dict[str, Any] = {
        "id": "01PAYMENT",
        "company_id": "harbor",
        "customer_id": "24",
        "amount_minor": PAID.minor,
        "currency": "USD",
        "form_nonce": "n",
        "stripe_account": "acct_1",
        "created_at": NOW,
        "expires_at": NOW + timedelta(minutes=30),
    }
    return PaymentRow(**{**given, **columns})


def txn(**changes: Any) -> BalanceTxn:
    one = BalanceTxn(
        txn_id="txn_1",
        kind="charge",
        category="charge",
        source_id="ch_1",
        amount=PAID,
        fee=Money(388, "USD"),
        net=Money(11957, "USD"),
        status="pending",
        created_at=NOW,
        available_at=NOW,
    )
    return replace(one, **changes)


def charge(**changes: Any) -> Charge:
    one = Charge(
        charge_id="ch_1",
        status="succeeded",
        amount=PAID,
        method="card",
        method_label="Visa 4242",
        funding="credit",
        failure_code="",
        failure_text="",
        refunded=Money(0, "USD"),
        disputed=False,
        created_at=NOW,
        intent_id="pi_1",
        payment_id="01PAYMENT",
        txn=txn(),
    )
    return replace(one, **changes)


def intent(status: str = "succeeded", **changes: Any) -> Intent:
    one = Intent(
        intent_id="pi_1",
        client_secret="s",
        status=status,
        amount=PAID,
        received=PAID,
        payment_id="01PAYMENT",
        metadata={},
        error_code="",
        error_text="",
        method_ref="pm_1",
        next_action="",
        created_at=NOW,
        charge=None,
    )
    return replace(one, **changes)


def looked(row: PaymentRow, *seen: Intent) -> PaymentRow:
    """Return the payment after a series of looks."""
    for one in seen:
        row = PaymentRow(**{**row.model_dump(), **decide(row, one, NOW).values})
    return row


# The life of an intent, as any look may find it: each stage may be seen any number of times, or never.
NOTHING = intent("requires_payment_method")
DECLINED = intent(
    "requires_payment_method",
    error_code="insufficient_funds",
    error_text="Your card has insufficient funds.",
    charge=charge(charge_id="ch_0", status="failed", txn=None),
)
ASKED = intent("requires_action")
UNBOOKED = intent(charge=charge(txn=None))
BOOKED = intent(charge=charge())
SENT = intent("processing", charge=charge(status="pending", method="us_bank_account", txn=None))
CANCELED = intent("canceled")
CARD_LIFE = [NOTHING, DECLINED, ASKED, UNBOOKED, BOOKED]
stages = st.lists(st.sampled_from(CARD_LIFE), max_size=12)


@given(stages, st.permutations(CARD_LIFE))
def test_whatever_was_seen_before_and_after_the_end_is_the_same(before: list[Intent], after: list[Intent]) -> None:
    once = looked(payment(), BOOKED)
    row = looked(payment(), *before, BOOKED, *after, *before)
    assert row.state == "succeeded"
    same = ("state", "intent_id", "charge_id", "balance_txn", "fee_minor", "settled_currency", "succeeded_at")
    last = looked(row, BOOKED)
    assert [getattr(last, name) for name in same] == [getattr(once, name) for name in same]
    assert (last.error_code, last.error_text) == ("", "")


@given(stages)
def test_a_look_that_shows_nothing_new_changes_nothing(seen: list[Intent]) -> None:
    row = looked(payment(), *seen)
    for one in seen[-1:]:
        again = decide(row, one, NOW + timedelta(hours=5))
        assert again.values == {}
        assert not again.is_news
        assert again.mail == ""


@given(st.lists(st.sampled_from([*CARD_LIFE, SENT, CANCELED]), max_size=15))
def test_a_payer_gets_each_mail_at_most_once_and_none_for_nothing(seen: list[Intent]) -> None:
    row, mails = payment(), []
    for one in seen:
        change = decide(row, one, NOW)
        if change.mail:
            assert change.is_news
            mails.append(change.mail)
        row = PaymentRow(**{**row.model_dump(), **change.values})
    assert len(set(mails)) == len(mails)
    assert ("receipt" in mails) is (row.state == "succeeded")
    if row.state == "canceled":
        assert mails in ([], ["debit_started"])


@given(st.lists(st.sampled_from([*CARD_LIFE, SENT, CANCELED]), max_size=15))
def test_no_success_is_ever_taken_away(seen: list[Intent]) -> None:
    row = looked(payment(), BOOKED, *seen)
    assert row.state == "succeeded"
    assert row.receipt_number is None, "a number is given by the commit, not here"
    assert (row.succeeded_at, row.balance_txn) == (NOW, "txn_1")


def test_a_decline_is_news_each_time_another_card_is_tried() -> None:
    row = looked(payment(), DECLINED)
    assert row.state == "created"
    assert row.error_text == "Your card has insufficient funds."
    other = replace(DECLINED, charge=charge(charge_id="ch_9", status="failed", txn=None))
    assert decide(row, other, NOW).is_news
    assert not decide(row, DECLINED, NOW).is_news


@pytest.mark.parametrize("code", ["lost_card", "stolen_card", "pickup_card", "fraudulent", "merchant_blacklist"])
def test_what_a_payer_is_not_told(code: str) -> None:
    told = "Your card was reported stolen."
    row = looked(payment(), replace(DECLINED, error_code=code, error_text=told))
    assert (row.error_code, row.error_text) == (code, "Your card was declined.")


@pytest.mark.parametrize("status", ["canceled", "requires_payment_method"])
def test_a_debit_that_came_back_has_failed(status: str) -> None:
    back = intent(
        status, error_code="insufficient_funds", error_text="No funds.", charge=replace(SENT.charge, status="failed")
    )  # type: ignore[type-var]
    row = looked(payment(), SENT, back)
    assert (row.state, row.error_text) == ("failed", "No funds.")


def test_a_debit_that_failed_unseen_has_failed_all_the_same() -> None:
    back = intent("canceled", charge=charge(status="failed", method="us_bank_account", txn=None))
    assert looked(payment(), back).state == "failed"
    assert looked(payment(), CANCELED).state == "canceled"
    assert looked(payment(), intent("canceled", charge=charge(status="failed", txn=None))).state == "canceled"


def test_microdeposits_get_their_days() -> None:
    row = looked(payment(), intent("requires_action", next_action=MICRODEPOSITS))
    assert row.expires_at == NOW + timedelta(days=10)
    assert (
        looked(payment(), intent("requires_action", next_action="redirect_to_url")).expires_at == payment().expires_at
    )
    assert looked(row, NOTHING).expires_at == row.expires_at


class TestWhen:
    def test_a_card_at_once(self) -> None:
        assert success_at(charge(), NOW + timedelta(days=3)) == NOW

    def test_a_debit_when_its_transaction_came(self) -> None:
        later = NOW + timedelta(days=4)
        one = charge(method="us_bank_account", txn=txn(created_at=later))
        assert success_at(one, NOW + timedelta(days=9)) == later

    def test_a_debit_whose_transaction_came_with_it_when_we_see_it(self) -> None:
        seen = NOW + timedelta(days=4)
        assert success_at(charge(method="us_bank_account", txn=txn(created_at=NOW)), seen) == seen
        assert success_at(charge(method="us_bank_account", txn=None), seen) == seen

    @pytest.mark.parametrize(
        ("zone", "at", "day"),
        [
            ("America/Los_Angeles", datetime(2026, 11, 23, 7, 59, tzinfo=UTC), date(2026, 11, 22)),
            ("America/Los_Angeles", datetime(2026, 11, 23, 8, 1, tzinfo=UTC), date(2026, 11, 23)),
            ("Pacific/Auckland", datetime(2026, 11, 22, 11, 30, tzinfo=UTC), date(2026, 11, 23)),
            ("Pacific/Honolulu", datetime(2026, 12, 1, 9, 30, tzinfo=UTC), date(2026, 11, 30)),
            ("America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC), date(2026, 11, 1)),
        ],
    )
    def test_a_card_is_booked_on_its_local_day(self, zone: str, at: datetime, day: date) -> None:
        row = payment(succeeded_at=at + timedelta(days=2))
        assert charge_fact(row, charge(created_at=at), Fitting((), ()), zone=zone).day == day

    def test_a_debit_is_booked_on_the_day_of_success(self) -> None:
        row = payment(succeeded_at=NOW + timedelta(days=4))
        one = charge(method="us_bank_account")
        assert charge_fact(row, one, Fitting((), ()), zone="UTC").day == date(2026, 11, 26)


shares_of_all_kinds = st.lists(
    st.builds(
        Share,
        st.sampled_from("1234567"),
        st.sampled_from(["24", "25"]),
        st.builds(Money, st.integers(1, 10**6), st.just("USD")),
    ),
    max_size=6,
    unique_by=lambda share: share.invoice_id,
)
rooms = st.none() | st.dictionaries(st.sampled_from("1234567"), st.integers(0, 10**6))


@given(shares_of_all_kinds, st.integers(1, 10**7), rooms)
def test_shares_are_cut_to_the_charge_and_to_the_room(
    shares: list[Share], gross: int, room: dict[str, int] | None
) -> None:
    fitting = fit(shares, [], Money(gross, "USD"), room).shares
    asked = {share.invoice_id: share.amount.minor for share in shares}
    assert sum_of(fitting, "USD").minor <= gross
    for share in fitting:
        assert 0 < share.amount.minor <= asked[share.invoice_id]
        assert room is None or share.amount.minor <= room.get(share.invoice_id, 0)
    enough = sum(asked.values()) <= gross
    if enough and (room is None or all(room.get(one, 0) >= minor for one, minor in asked.items())):
        assert list(fitting) == shares


@given(shares_of_all_kinds, st.integers(1, 10**7), rooms, st.integers(0, 500))
def test_whatever_is_cut_the_postings_come_to_the_net(
    shares: list[Share], gross: int, room: dict[str, int] | None, fee: int
) -> None:
    amount, kept = Money(gross, "USD"), Money(min(fee, gross), "USD")
    one = charge(amount=amount, txn=txn(amount=amount, fee=kept, net=amount - kept))
    fact = charge_fact(payment(succeeded_at=NOW), one, fit(shares, [], amount, room), zone="UTC")
    paid_fee = fee_posting(fact)
    postings = [*charge_postings(fact), *([paid_fee] if paid_fee else [])]
    assert clearing_by_citation(postings) == {"txn_1": (amount - kept).minor}


def test_final_states_are_final() -> None:
    assert {PaymentState(looked(payment(), one).state) for one in (BOOKED, CANCELED)} <= FINAL
