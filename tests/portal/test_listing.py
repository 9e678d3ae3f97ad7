"""The list of all invoices: its short way says what the ledger says; filters, search, sort, pages, and what is paid."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, update

from connector.ledger.invoices import Invoice, InvoiceState, Standing
from connector.ledger.money import Money
from connector.store.access import ContactCustomerRow
from connector.store.companies import CompanyRow
from connector.words import LOCALE, minor_figure
from portal.customer import listing
from portal.customer.listing_rows import Saying, line_of
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
SAYING = Saying("/i/", cast.TODAY, LOCALE)
days = st.one_of(st.none(), st.dates(cast.TODAY - timedelta(days=3), cast.TODAY + timedelta(days=3)))


@given(st.sampled_from(list(InvoiceState)), st.integers(-5, 500), st.integers(-5, 500), days)
def test_the_short_way_says_what_the_ledger_says(
    state: InvoiceState, total: int, balance: int, due_day: date | None
) -> None:
    invoice = Invoice("1", "1", "2", Money(total, "USD"), Money(balance, "USD"), cast.TODAY, due_day, state, "0")
    due = str(due_day) if due_day else None
    row = ("1", "1", state.value, str(cast.TODAY), due, total, balance, "USD", "24", False)
    line = line_of(row, SAYING)
    assert line.word == _WORDS[invoice.standing(cast.TODAY)]
    assert bool(line.left) == bool(line.tick) == invoice.payable


@given(st.integers(1, 500), st.integers(0, 600), st.booleans())
def test_what_is_on_its_way_is_taken_off(balance: int, taken: int, is_busy: bool) -> None:
    row = ("1", "1", "live", str(cast.TODAY), None, 500, balance, "USD", "24", True)
    line = line_of(row, SAYING._replace(taken=taken, is_busy=is_busy))
    assert line.left == (minor_figure(balance - taken, "USD") if taken < balance else "")
    if taken >= balance:
        assert line.word == ("Under way" if is_busy else "Paid")


def test_a_number_is_words_and_never_markup(rt: Runtime, signed_in: Opener) -> None:
    cast.put(rt.db, *cast.invoice("91", "<b>%s</b>", customer_id=cast.RIDGE))
    html = signed_in(cast.LUIS, customer_id=cast.RIDGE).get("/c/harbor-tile/invoices").get_data(as_text=True)
    assert "&lt;b&gt;%s&lt;/b&gt;</a>" in html


def numbers(html: str) -> list[str]:
    return re.findall(r'<th scope="row">(?:<input[^>]+>)?<a href="/c/harbor-tile/i/[^"]+">([^<]+)</a>', html)


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
    rows = {row[0]: row for row in (re.findall(r">([^<>\n]+)<", one) for one in html.split("<tr")[2:])}
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
    assert [f'name="page" value="{n}"' in pages[n - 2] for n in (2, 3, 4)] == [True, True, False]


def chosen(html: str) -> tuple[list[str], list[str], str, str]:
    """Return what a page says is chosen: ticked here, carried along unseen, the words, the sum."""
    ticked = re.findall(r'class="tick" name="i" value="(\d+)"[^>]* checked>', html)
    unseen = re.findall(r'type="hidden" name="i" value="(\d+)"', html)
    words, total = re.findall(r'id="chosen"[^>]*>([^<]*)</span>(?: <a .*</a>)?</span><output[^>]*>([^<]*)<', html)[0]
    return ticked, unseen, words, total


def test_what_is_chosen_survives_filters_sorting_search_and_pages(signed_in: Opener) -> None:
    """As the form sends it: the ticks, then the button that was pressed, behind what the page asked for before."""
    dana = signed_in(cast.DANA)

    def page(query: str) -> str:
        return dana.get(f"/c/harbor-tile/invoices?{query}").get_data(as_text=True)

    assert chosen(page("")) == ([], [], "Choose what to pay", "")
    assert chosen(page("i=59&i=71")) == (["71", "59"], [], "2 invoices chosen", "$1,052.00")
    assert chosen(page("i=71&i=59&show=open&show=overdue")) == (["59"], ["71"], "2 invoices chosen", "$1,052.00")
    assert chosen(page("sort=&i=71&page=2")) == ([], ["71"], "1 invoice chosen", "$412.00")
    nothing_found = page("i=71&q=nothing")
    assert chosen(nothing_found)[1] == ["71"]
    assert '<a href="/c/harbor-tile/invoices?i=71">Show all</a>' in nothing_found
    assert 'formaction="/c/harbor-tile/pay"' in nothing_found
    assert 'href="/c/harbor-tile/invoices?q=nothing&amp;page=1">Choose none</a>' in nothing_found
    home = dana.get("/c/harbor-tile/?i=71").get_data(as_text=True)
    assert re.findall(r'name="i" value="(\d+)"[^>]* checked', home) == ["71"]


def test_only_what_may_be_paid_can_be_chosen(rt: Runtime, signed_in: Opener) -> None:
    cast.put(rt.db, *cast.invoice("91", "1091", customer_id=cast.RIDGE))
    dana = signed_in(cast.DANA)
    html = dana.get("/c/harbor-tile/invoices?i=91&i=52&i=76&i=77&i=nonsense").get_data(as_text=True)
    assert chosen(html) == ([], [], "Choose what to pay", ""), "another's, a paid one, one on its way, one that is not"
    assert 'value="52"' not in html
    with rt.db.write("test") as session:
        mine = update(ContactCustomerRow).where(col(ContactCustomerRow.contact_id) == cast.DANA)
        session.exec(mine.values(role="view"))
    looks = dana.get("/c/harbor-tile/invoices?i=71").get_data(as_text=True)
    assert "1071" in looks
    assert 'name="i"' not in looks
    assert 'id="go"' not in looks


def test_the_query_of_one_customer_holds_its_scope_itself(rt: Runtime) -> None:
    """It is handed a customer that an earlier question found: whoever lost him meanwhile gets nothing."""
    cast.put(rt.db, *cast.invoice("91", "1091", customer_id=cast.CEDAR_HILL))
    of = {"company": cast.HARBOR, "contact": cast.DANA, "chosen": "", "most": 9, "skipped": 0}
    query = listing._query("", "", False, False, True)
    with rt.db.asking() as reader:
        assert query.all(reader, only=cast.BLUE_MESA, **of)
        assert query.all(reader, only=cast.CEDAR_HILL, **of) == []
    with rt.db.write("taken") as session:
        mine = update(ContactCustomerRow).where(col(ContactCustomerRow.contact_id) == cast.DANA)
        session.exec(mine.values(state="blocked"))
    with rt.db.asking() as reader:
        assert query.all(reader, only=cast.BLUE_MESA, **of) == []


def test_nothing_is_chosen_while_payments_are_paused(rt: Runtime, signed_in: Opener) -> None:
    with rt.db.write("test") as session:
        session.exec(update(CompanyRow).values(takes_payments=False))
    html = signed_in(cast.DANA).get("/c/harbor-tile/invoices?i=71").get_data(as_text=True)
    assert 'name="i"' not in html
    assert 'id="go"' not in html


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
