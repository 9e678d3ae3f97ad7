"""What a payer's browser does, and what Stripe and the books hold of an invoice afterwards.

Knows the pay page as a person sees it. Law: money is counted at the stand-ins, never on the page.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from playwright.sync_api import Page

from connector.store.cache import InvoiceRow
from portal.access.links import make_invoice_link
from tests.crash.plant import Plant

ELEMENT = 'iframe[title="Secure payment input frame"]'
STATUS = re.compile(r"/p/")
CARD = "4242424242424242"


def link_of(plant: Plant, invoice: InvoiceRow) -> str:
    """Return the link of an invoice, as in a mail."""
    link = make_invoice_link(plant.house.rt, plant.house.company_id, invoice.qbo_id)
    assert link is not None
    return link


def open_pay_page(page: Page, link: str) -> None:
    """Open a link and go on to the pay page, until the form has loaded."""
    page.goto(link)
    page.get_by_role("link", name=re.compile("^Pay ")).click()
    page.locator("#press:enabled").wait_for()


def fill_card(page: Page, number: str = CARD) -> None:
    """Type a card into Stripe's frame."""
    page.locator("#press:enabled").wait_for()
    frame = page.frame_locator(ELEMENT)
    frame.locator("[name=number]").fill(number)
    frame.locator("[name=expiry]").fill("12/34")
    frame.locator("[name=cvc]").fill("123")
    frame.locator("[name=postalCode]").fill("97201")


def ready_to_pay(page: Page, link: str) -> None:
    """Open a link's pay page with a card filled in."""
    open_pay_page(page, link)
    fill_card(page)


def press(page: Page) -> None:
    """Press Pay without waiting for what follows."""
    page.locator("#press").click(no_wait_after=True)


def charges_of(plant: Plant, invoice: InvoiceRow) -> list[int]:
    """Return the amounts of the succeeded charges whose payment has a share on an invoice."""
    paid = {row.id for row in plant.payments_of(invoice.qbo_id)}
    return [one["amount"] for one in plant.house.charges() if one["metadata"].get("tieout_payment") in paid]


def booked_of(plant: Plant, invoice: InvoiceRow) -> list[int]:
    """Return the amounts with which our Payments in QuickBooks pay an invoice."""
    lines = [
        (line["Amount"], link["TxnId"])
        for body in plant.house.ours_in_books("Payment", "PaymentRefNum")
        for line in body["Line"]
        for link in line.get("LinkedTxn", ())
    ]
    return [round(amount * 100) for amount, invoice_id in lines if invoice_id == invoice.qbo_id]


def wait_for(page: Page, look: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait in the browser's own time until something is so; fails when it never is."""
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, (
            f"it never came to that; the page says: {page.locator('body').inner_text()[:600]}"
        )
        page.wait_for_timeout(50)
