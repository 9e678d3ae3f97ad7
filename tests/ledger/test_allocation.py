"""Laws of sharing one amount among invoices."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.allocation import Refusal, Share, by_customer, check_shares, open_amount, spread, sum_of
from connector.ledger.invoices import Invoice, InvoiceState, Standing
from connector.ledger.money import Money, MoneyError

ISSUED = date(2026, 10, 1)


def invoice(
    qbo_id: str, balance: int = 10000, *, customer: str = "7", currency: str = "USD", state: str = "live", due: int = 1
) -> Invoice:
    amount = Money(balance, currency)
    return Invoice(
        qbo_id, f"10{qbo_id}", customer, amount, amount, ISSUED, date(2026, 11, due), InvoiceState(state), "0"
    )


def share(qbo_id: str, minor: int, *, customer: str = "7", currency: str = "USD") -> Share:
    return Share(qbo_id, customer, Money(minor, currency))


balances = st.lists(st.integers(0, 10**7), min_size=1, max_size=8)


@given(balances, st.data())
def test_a_spread_sums_to_the_amount_and_stays_within_what_is_open(amounts: list[int], data: st.DataObject) -> None:
    invoices = [invoice(str(n), amount, due=n + 1) for n, amount in enumerate(amounts)]
    reserved = {i.qbo_id: data.draw(st.integers(0, i.balance.minor)) for i in invoices}
    open_sum = sum(open_amount(i, reserved).minor for i in invoices)
    paid = data.draw(st.integers(0, open_sum))
    shares = spread(Money(paid, "USD"), invoices, reserved)
    assert sum_of(shares, "USD").minor == paid
    assert all(s.amount.minor > 0 for s in shares)
    if shares:
        assert check_shares(shares, {i.qbo_id: i for i in invoices}, reserved) is None
    full = [s for s in shares[:-1] if s.amount != open_amount(_by_id(invoices, s.invoice_id), reserved)]
    assert not full, "an older invoice is filled before the next is touched"
    with pytest.raises(MoneyError):
        spread(Money(open_sum + 1, "USD"), invoices, reserved)


def _by_id(invoices: list[Invoice], qbo_id: str) -> Invoice:
    return next(i for i in invoices if i.qbo_id == qbo_id)


@given(balances, st.lists(st.tuples(st.integers(0, 9), st.integers(-5, 10**7)), min_size=1, max_size=6), st.data())
def test_shares_that_pass_never_take_more_than_is_open(
    amounts: list[int], asked: list[tuple[int, int]], data: st.DataObject
) -> None:
    invoices = {str(n): invoice(str(n), amount) for n, amount in enumerate(amounts)}
    reserved = {i: data.draw(st.integers(0, 10**7)) for i in invoices}
    shares = [share(str(n), minor) for n, minor in asked]
    if check_shares(shares, invoices, reserved) is not None:
        return
    for one in shares:
        assert one.amount.minor > 0
        assert one.amount.minor + reserved[one.invoice_id] <= invoices[one.invoice_id].balance.minor
    assert len({one.invoice_id for one in shares}) == len(shares)


USD, EUR = Money(10000, "USD"), Money(10000, "EUR")


@pytest.mark.parametrize(
    ("shares", "reserved", "refusal"),
    [
        ([], {}, Refusal("empty", "")),
        ([share("1", 10000)], {}, None),
        ([share("1", 1)], {}, None),
        ([share("1", 0)], {}, Refusal("not_positive", "1", USD)),
        ([share("1", -5)], {}, Refusal("not_positive", "1", USD)),
        ([share("1", 10001)], {}, Refusal("above_balance", "1", USD)),
        ([share("1", 4001)], {"1": 6000}, Refusal("above_balance", "1", Money(4000, "USD"))),
        ([share("1", 4000)], {"1": 6000}, None),
        ([share("1", 1)], {"1": 10000}, Refusal("nothing_left", "1", Money(0, "USD"))),
        ([share("1", 1)], {"1": 99999}, Refusal("nothing_left", "1", Money(0, "USD"))),
        ([share("1", 100, currency="EUR")], {}, Refusal("other_currency", "1", USD)),
        ([share("1", 100), share("4", 100, currency="EUR")], {}, Refusal("other_currency", "4", EUR)),
        ([share("9", 100)], {}, Refusal("unknown_invoice", "9")),
        ([share("1", 100, customer="8")], {}, Refusal("unknown_invoice", "1")),
        ([share("1", 100), share("1", 100)], {}, Refusal("unknown_invoice", "1")),
        ([share("2", 100)], {}, Refusal("not_payable", "2")),
        ([share("3", 100)], {}, Refusal("not_payable", "3")),
        ([share("5", 100)], {}, Refusal("not_payable", "5")),
    ],
)
def test_what_stops_a_share(shares: list[Share], reserved: dict[str, int], refusal: Refusal | None) -> None:
    invoices = {
        "1": invoice("1"),
        "2": invoice("2", state="voided"),
        "3": invoice("3", state="deleted"),
        "4": invoice("4", currency="EUR"),
        "5": invoice("5", 0),
    }
    assert check_shares(shares, invoices, reserved) == refusal


def test_shares_are_grouped_by_customer_in_order() -> None:
    shares = [share("1", 1), share("2", 2, customer="8"), share("3", 3)]
    assert by_customer(shares) == {"7": [shares[0], shares[2]], "8": [shares[1]]}


@pytest.mark.parametrize(
    ("balance", "state", "due", "standing"),
    [
        (10000, "live", 30, Standing.OPEN),
        (10000, "live", 1, Standing.OVERDUE),
        (4000, "live", 30, Standing.PARTLY_PAID),
        (4000, "live", 1, Standing.OVERDUE),
        (0, "live", 1, Standing.PAID),
        (-500, "live", 1, Standing.PAID),
        (0, "voided", 1, Standing.VOIDED),
        (10000, "deleted", 1, Standing.DELETED),
    ],
)
def test_what_a_person_calls_an_invoice(balance: int, state: str, due: int, standing: Standing) -> None:
    one = Invoice(
        "1",
        "1001",
        "7",
        Money(10000, "USD"),
        Money(balance, "USD"),
        ISSUED,
        date(2026, 11, due),
        InvoiceState(state),
        "0",
    )
    assert one.standing(date(2026, 11, 15)) is standing
    assert one.payable is (standing in (Standing.OPEN, Standing.OVERDUE, Standing.PARTLY_PAID))
