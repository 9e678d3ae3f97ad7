"""Laws of money that lay unapplied: what it pays and what is paid anew are what each invoice was to get."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.allocation import Share
from connector.ledger.applying import UNAPPLIED, split
from connector.ledger.credits import Credit, Use, fit, use_up
from connector.ledger.money import Money, MoneyError
from connector.ledger.postings import ChargeFact, Kind, Role, apply_postings, charge_postings
from tests.ledger.test_credits import CENTS, CUSTOMERS, shares_of

offered_of = st.lists(st.tuples(CUSTOMERS, CENTS, st.sampled_from(["CreditMemo/", UNAPPLIED])), max_size=6).map(
    lambda rows: [
        Credit(f"{kind}{n}", customer, "", date(2026, 11, 1), Money(minor, "USD"))
        for n, (customer, minor, kind) in enumerate(rows)
    ]
)


@given(shares_of, offered_of, st.data())
def test_every_posting_sums_to_zero_and_all_of_them_to_what_was_agreed(
    shares: list[Share], offered: list[Credit], data: st.DataObject
) -> None:
    uses = use_up(shares, offered)
    agreed = sum(one.amount.minor for one in shares) - sum(one.amount.minor for one in uses)
    gross = Money(data.draw(st.integers(0, agreed)), "USD")
    room = {one.invoice_id: data.draw(st.integers(0, one.amount.minor)) for one in shares}
    room |= {one.name: data.draw(st.integers(0, one.left.minor)) for one in offered}
    fitting = fit(shares, uses, gross, room)
    if not (gross or fitting.uses):
        return
    fact = ChargeFact(
        *("acct_1", "ch_1", "pay_1", "txn_1", gross, Money(0, "USD"), date(2026, 11, 20), fitting.shares, "7"),
        uses=fitting.uses,
    )
    postings = [*charge_postings(fact), *apply_postings(fact)]
    legs = [leg for posting in postings for leg in posting.legs]
    for share in fitting.shares:
        assert -sum(leg.amount.minor for leg in legs if leg.invoice_id == share.invoice_id) == share.amount.minor
    for use in fitting.uses:
        assert [leg.amount for leg in legs if leg.credit == use.name] == [use.amount]
    assert sum(leg.amount.minor for leg in legs if leg.role is Role.CLEARING) == gross.minor
    assert len({str(posting.key) for posting in postings}) == len(postings)
    for posting in postings:
        applied = [leg for leg in posting.legs if leg.credit.startswith(UNAPPLIED)]
        assert len(applied) == (posting.kind is Kind.APPLY), "one payment for each, and no other credit beside it"
        assert all(leg.amount.minor < 0 for leg in posting.legs if leg.invoice_id)


@given(shares_of, offered_of)
def test_an_unapplied_payment_pays_its_own_customers_invoices_alone(shares: list[Share], offered: list[Credit]) -> None:
    rest, applied = split(shares, use_up(shares, offered))
    owner = {share.invoice_id: share.customer_id for share in shares}
    for one in applied:
        assert {owner[part.invoice_id] for part in one.parts} == {one.customer_id}
        assert all(part.amount.minor > 0 for part in one.parts)
    assert all(share.amount.minor > 0 for share in rest)


def test_more_than_the_invoices_get_is_refused() -> None:
    share = Share("1", "7", Money(100, "USD"))
    with pytest.raises(MoneyError):
        split([share], [Use(f"{UNAPPLIED}9", "7", Money(101, "USD"))])
    with pytest.raises(MoneyError):
        split([share], [Use(f"{UNAPPLIED}9", "8", Money(100, "USD"))])
