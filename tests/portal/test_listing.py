"""The list of all invoices: its short way says what the ledger says; filters, search, sort, pages, and what is paid."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.invoices import Invoice, InvoiceState, Standing
from connector.ledger.money import Money
from connector.words import LOCALE
from portal.customer import listing
from portal.customer.heads import Taken
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import Opener

_WORDS = {
    Standing.PAID: "Paid",
    Standing.OVERDUE: "Overdue",
    Standing.OPEN: "Open",
    Standing.PARTLY_PAID: "Partly paid",
    Standing.VOIDED: "Cancelled",
    Standing.DELETED: "Withdrawn",
}
days = st.one_of(st.none(), st.dates(cast.TODAY - timedelta(days=3), cast.TODAY + timedelta(days=3)))


@given(st.sampled_from(list(InvoiceState)), st.integers(-5, 500), st.integers(-5, 500), days)
def test_the_short_way_says_what_the_ledger_says(
    state: InvoiceState, total: int, balance: int, due_day: date | None
) -> None:
    invoice = Invoice("1", "1", "2", Money(total, "USD"), Money(balance, "USD"), cast.TODAY, due_day, state, "0")
    row = ("1", "1", state.value, cast.TODAY, due_day, total, balance, "USD", "24", False)
    line = listing._line(row, said(Taken({}, frozenset())))
    assert line.word == _WORDS[invoice.standing(cast.TODAY)]
    assert bool(line.left) == invoice.payable


@given(st.integers(1, 500), st.integers(0, 600), st.booleans())
def test_what_is_on_its_way_is_taken_off(balance: int, taken: int, is_busy: bool) -> None:
    row = ("1", "1", "live", cast.TODAY, None, 500, balance, "USD", "24", True)
    line = listing._line(row, said(Taken({"1": taken}, frozenset({"1"} if is_busy else ()))))
    assert line.left == (listing.minor_figure(balance - taken, "USD") if taken < balance else "")
    if taken >= balance:
        assert line.word == ("Under way" if is_busy else "Paid")


def said(taken: Taken) -> listing._Saying:
    return listing._Saying("/i/", cast.TODAY, taken, LOCALE, {})


def test_a_number_is_words_and_never_markup(rt: Runtime, signed_in: Opener) -> None:
    cast.put(rt.db, *cast.invoice("91", "<b>%s</b>", customer_id=cast.RIDGE))
    html = signed_in(cast.LUIS, customer_id=cast.RIDGE).get("/c/harbor-tile/invoices").get_data(as_text=True)
    assert "&lt;b&gt;%s&lt;/b&gt;</a>" in html


def numbers(html: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/c/harbor-tile/i/[^"]+">([^<]+)</a>', html)


def seen(signed_in: Opener, query: str = "", contact: str = cast.DANA) -> list[str]:
    return numbers(signed_in(contact).get(f"/c/harbor-tile/invoices?{query}").get_data(as_text=True))


ALL = ["1078", "1077", "1076", "1075", "1074", "1071", "1068", "1059", "1052"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ALL),
        ("show=open", ["1078", "1076", "1071", "1068", "1059"]),
        ("show=overdue", ["1059"]),
        ("show=paid", ["1077", "1052"]),
        ("sort=amount", ["1068", "1052", "1059", "1076", "1071", "1078", "1075", "1074", "1077"]),
        ("sort=due&show=open", ["1059", "1068", "1076", "1071", "1078"]),
        ("q=107", ["1078", "1077", "1076", "1075", "1074", "1071"]),
        ("q=640.00", ["1059"]),
        ("q=$412", ["1071"]),
        ("q=100%25", []),
        ("q=_", []),
        ("q=1068%2F", []),
        ("show=nonsense&sort=nonsense&page=-1", ALL),
        ("page=99999999999", ALL),
        ("page=2", []),
    ],
)
def test_filter_search_sort(signed_in: Opener, query: str, found: list[str]) -> None:
    assert seen(signed_in, query) == found


def test_marks_say_what_is_on_its_way(signed_in: Opener) -> None:
    html = signed_in(cast.DANA).get("/c/harbor-tile/invoices").get_data(as_text=True)
    rows = {row[0]: row for row in (re.findall(r">([^<>\n]+)<", one) for one in html.split("<tr>")[2:])}
    assert rows["1076"][-1] == "Under way"  # a debit is clearing
    assert rows["1078"][-2:] == ["200.00", "Open"]  # paid in part, not in QuickBooks' balance yet
    assert rows["1068"][-2:] == ["620.00", "Partly paid"]


def test_fifty_at_a_time(rt: Runtime, signed_in: Opener) -> None:
    many = [row for n in range(120) for row in cast.invoice(f"9{n:03}", f"N{n:03}", customer_id=cast.RIDGE)]
    cast.put(rt.db, *many)
    luis = signed_in(cast.LUIS, customer_id=cast.RIDGE)
    pages = [luis.get(f"/c/harbor-tile/invoices?page={n}").get_data(as_text=True) for n in (1, 2, 3)]
    assert [len(numbers(page)) for page in pages] == [50, 50, 20]
    assert sorted(number for page in pages for number in numbers(page)) == [f"N{n:03}" for n in range(120)]
    assert ["page=2" in pages[0], "page=3" in pages[1], "page=4" in pages[2]] == [True, True, False]


def test_home_adds_up_what_is_left(signed_in: Opener) -> None:
    """Open: 620 + 412 + 640 + 200; the debit under way and what is arriving are off."""
    html = signed_in(cast.DANA).get("/c/harbor-tile/").get_data(as_text=True)
    assert "$1,872.00" in html
    assert "$640.00 overdue" in html
    assert 'data-left="20000"' in html
    assert "Payment under way" in html


def test_two_currencies_are_never_one_sum(rt: Runtime, signed_in: Opener) -> None:
    cast.put(rt.db, *cast.invoice("95", "1095", total=5000, tax=0, currency="EUR"))
    html = signed_in(cast.DANA).get("/c/harbor-tile/").get_data(as_text=True)
    assert "$1,872.00" in html
    assert "€50.00" in html
    both = signed_in(cast.DANA).get("/c/harbor-tile/pay?i=95&i=59").get_data(as_text=True)
    assert "Invoices in another currency are paid on their own" in both
    assert "$640.00" in both


def test_history_shows_each_payment_once(rt: Runtime, signed_in: Opener) -> None:
    cast.put(rt.db, *cast.book_payment("400", {"59": 1000}, day=date(2026, 8, 3)))
    html = signed_in(cast.DANA).get("/c/harbor-tile/payments").get_data(as_text=True)
    assert html.count('class="row made"') == 5
    assert html.count("Paid directly to Harbor Tile Co.") == 1
    assert html.count("$1,000.00") == 2  # invoices 1068 and 1052, each once
