"""What QuickBooks holds no more of a payment is open again on the payer's pages: no word of ours stands against it."""

from __future__ import annotations

import re

import pytest

from sync.pull import pull_company
from sync.push import push_company
from sync.pushing import decisions
from tests.german import english_in
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.test_invoice_page import text_of as words_of
from tests.portal.test_pay_with_credit import Office, office, text_of  # noqa: F401  # a fixture


def pulled(office: Office) -> None:  # noqa: F811
    office.till.later(120)
    pull_company(office.rt, office.till.company_id, None)


def paid(office: Office, minor: int) -> str:  # noqa: F811
    """Pay an invoice by card; it is not in the books yet."""
    [invoice] = office.invoices(minor)
    office.till.settle(office.till.paid({invoice: minor}))
    return invoice


@pytest.mark.parametrize("how", ["delete", "void", "unapply"])
def test_a_payment_that_was_taken_away_in_quickbooks_is_open_again(office: Office, how: str) -> None:  # noqa: F811
    invoice = paid(office, 20000)
    push_company(office.rt, office.till.company_id)
    dana = office.dana()
    assert "Pay $" not in text_of(dana, f"/c/harbor/i/{invoice}"), "posted, and not pulled"
    pulled(office)
    assert "Pay $" not in text_of(dana, f"/c/harbor/i/{invoice}")
    [made] = office.till.in_books("Payment")
    if how == "unapply":
        office.till.edit("Payment", made["Id"], Line=[])
    else:
        office.till.by_hand_verb(how, "Payment", made["Id"])
    pulled(office)
    page = text_of(dana, f"/c/harbor/i/{invoice}")
    assert "Pay $200.00" in page
    assert "being recorded" not in page
    assert re.search(r"\d [A-Z][a-z]+ 200\.00 200\.00 Open", words_of(text_of(dana, "/c/harbor/invoices?show=open")))
    assert "Nothing is open" not in text_of(dana, "/c/harbor/")


def test_what_staff_will_not_post_is_not_said_to_be_on_its_way(office: Office) -> None:  # noqa: F811
    invoice = paid(office, 20000)
    dana = office.dana()
    for posting in office.till.postings():
        decisions.hold(office.rt, posting.id, "Omar")
    assert "Pay $" not in text_of(dana, f"/c/harbor/i/{invoice}")
    for posting in office.till.postings():
        decisions.drop(office.rt, posting.id, "Omar", "by hand")
    assert "Pay $200.00" in text_of(dana, f"/c/harbor/i/{invoice}")
    assert "Pay $200.00" in words_of(text_of(dana, f"/c/harbor/pay?i={invoice}"))


def test_a_credit_of_a_payment_that_was_taken_away_can_be_used_again(office: Office) -> None:  # noqa: F811
    [invoice] = office.invoices(20000)
    memo = office.memo(20000)
    dana = office.dana()
    assert office.press(dana, {invoice: "200.00"}, {memo: 20000}, 0)[0] == 200
    push_company(office.rt, office.till.company_id)
    pulled(office)
    assert "Credits left to use" not in text_of(dana, "/c/harbor/")
    [made] = office.till.in_books("Payment")
    office.till.by_hand_verb("delete", "Payment", made["Id"])
    pulled(office)
    assert re.search(r"Credits left to use</dt><dd><a[^>]*>\$200.00</a>", text_of(dana, "/c/harbor/"))
    assert "$200.00 open" in text_of(dana, f"/c/harbor/pay?i={invoice}")


def test_what_waits_for_a_person_is_not_promised_within_minutes(office: Office) -> None:  # noqa: F811
    paid(office, 20000)
    [payment] = office.payments()
    browser, page = office.dana(), f"/c/harbor/p/{payment.id}"
    assert "within a few minutes" in text_of(browser, page)
    for posting in office.till.postings():
        decisions.hold(office.rt, posting.id, "Omar")
    office.till.later(3700)
    story = text_of(browser, page)
    assert "It will be recorded in Harbor Tile’s books. You can close this page." in story
    assert 'data-waits=""' in story, "the page asks no more"
    assert english_in(text_of(browser, f"{page}?lang=de")) == []
