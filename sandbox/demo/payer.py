"""Blue Mesa Ranch's bookkeeper: opens links, signs in by mail, pays invoices, follows the payment.

Does what a browser does up to the pay page's own script, and lets the stand-in of Stripe confirm as its frame would.
Law: the payer knows what the pages and mails say, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.demo.arrival import SLUG
from sandbox.demo.stage import Stage
from sandbox.demo.visitor import Lost, Page, Visitor

EMAIL = "ap@bluemesa.example"
CARD = {"card": "4242424242424242"}
PATIENT_SECONDS = 0.4  # between two looks at a page
BANK = {"bank_account": "000123456789", "email": EMAIL}


@dataclass(frozen=True)
class Paid:
    """A payment that was begun: its id, where it is followed, what it comes to."""

    payment_id: str
    url: str
    text: str
    mails_before: int


class Payer:
    """A payer with a browser of their own."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.browser = Visitor()

    @property
    def portal(self) -> str:
        """Return the address of the company's portal."""
        return f"{self._stage.web_url}/c/{SLUG}"

    def sign_in(self) -> Page:
        """Ask for a link by mail, follow it, and return the page with all invoices."""
        seen = self._newest_mail()
        page = self.browser.open(f"{self.portal}/sign-in")
        self.browser.submit(page, page.form("sign-in"), ("email", EMAIL))
        mail = self._stage.wait_for("the sign-in mail", lambda: self._mail("Sign in", after=seen))
        found = re.search(r"https?://\S+/sign-in/\S+", mail["text"])
        if found is None:
            raise Lost(f"The mail {mail['subject']!r} holds no link: {mail['text'][:300]}")
        confirm = self.browser.open(found.group())
        return self.browser.submit(confirm, confirm.form("sign-in"))

    def home(self) -> Page:
        """Return the page with all invoices."""
        return self.browser.open(f"{self.portal}/")

    def choose(self, home: Page, invoice_ids: Sequence[str]) -> Page:
        """Tick invoices on the first page and go on to paying."""
        return self.browser.submit(home, home.form("/pay"), *(("i", one) for one in invoice_ids))

    def pay(self, page: Page, how: dict[str, str]) -> Paid:
        """Press Pay, and confirm at Stripe by card or bank."""
        mails_before, answer = self._newest_mail(), press(self.browser, page)
        intent = str(answer["client_secret"]).partition("_secret_")[0]
        order = {"payment_intent": intent, **how}
        confirmed = self._stage.control("stripe/pay", order)
        if confirmed["status"] != 200:
            raise Lost(f"Stripe answered {confirmed['status']}: {confirmed['answer']}")
        return Paid(answer["payment"], answer["return_url"], answer["text"], mails_before)

    def follow(self, paid: Paid) -> Page:
        """Look at where a payment stands, as the status page does by itself."""
        return self.browser.open(paid.url)

    def wait_until(self, paid: Paid, word: str) -> Page:
        """Follow a payment until its page says a word."""
        page: Page = self._stage.wait_for(
            f"{word!r} on {paid.url}", lambda: self._page_that_says(paid, word), every=PATIENT_SECONDS
        )
        return page

    def has_receipt(self, paid: Paid) -> dict[str, Any] | None:
        """Return the mail with the receipt of a payment, if it has come."""
        return self._mail("Receipt", after=paid.mails_before, holding=f" {paid.text} to ")

    def receipt(self, paid: Paid) -> dict[str, Any]:
        """Wait for the mail with the receipt of a payment."""
        mail: dict[str, Any] = self._stage.wait_for("the receipt", lambda: self.has_receipt(paid))
        return mail

    def _page_that_says(self, paid: Paid, word: str) -> Page | None:
        page = self.follow(paid)
        return page if word in page.text else None

    def _newest_mail(self) -> int:
        return max((int(mail["number"]) for mail in self._stage.mails()), default=0)

    def _mail(self, subject: str, *, after: int = 0, holding: str = "") -> dict[str, Any] | None:
        found = [mail for mail in self._stage.mails(after=after) if mail["subject"].startswith(subject)]
        return next((mail for mail in found if holding in mail["subject"]), None)


def press(browser: Visitor, page: Page, *, email: str = "") -> dict[str, Any]:
    """Press Pay on a pay page as its script does; returns what the script gets. Raises Lost where it is refused."""
    form = page.form("/pay")
    lefts = {item["data-invoice"]: int(item["data-left"]) for item in page.with_attribute("data-invoice")}
    amounts = {name[2:]: value for name, value in form.fields if name.startswith("a.")}
    message = {
        "shares": [{"invoice": one, "amount": amounts[one]} for one in lefts],
        "form_nonce": form.data["nonce"],
        "shown_minor": sum(lefts.values()),
        "email": email,
    }
    return browser.post_json(page, form.action, message, form_token=form.data["csrf"])
