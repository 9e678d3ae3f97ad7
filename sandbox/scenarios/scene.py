"""Where a story is played: an installation as its stand-ins and its portal show it, and what a story does there.

Knows the control plane, the portal's pages and nothing of the product inside. Laws: a scene begins with nothing on its
way to the bank, so that what moves is the story's own; it makes its own customer and invoices and touches no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from sandbox.demo.payer import press
from sandbox.demo.visitor import Lost, Page, Visitor

CARD = {"card": "4242424242424242"}
BANK = {"bank_account": "000123456789", "email": "ap@example.com"}
DAY = 86_400.0


class Refused(Exception):
    """A stand-in did not do what was asked; the message says why."""


class Installation(Protocol):
    """What a story needs of the place it is played on."""

    def control(self, path: str, body: Mapping[str, Any] | None = None, *, method: str = "") -> dict[str, Any]:
        """Give the sandbox an order, or look with no body. Raises Refused."""
        ...

    def link(self, number: str) -> str:
        """Return the address in the mail about an invoice."""
        ...

    def rest(self) -> None:
        """Wait until the product has done what is due now; some minutes of the clock may pass."""
        ...

    def findings(self) -> list[dict[str, Any]]:
        """Return what the product wants a person to see: id, kind, amount_minor, sentence, next_step."""
        ...

    def proof(self) -> dict[str, Any]:
        """Return the tie-out: whether it `ties`, and its `unexplained_minor`."""
        ...


class Scene:
    """One playing of a story: its customer, its invoices and its payments, the newest last."""

    def __init__(self, place: Installation, *, customer: str) -> None:
        self.place = place
        self._name = customer
        self.customers: list[str] = []
        self.invoices: list[dict[str, Any]] = []
        self.intents: list[str] = []
        self.browser = Visitor()
        self._page: Page | None = None
        self.paid_at = ""  # the address at which the newest payment is followed

    # Before and between ----------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Keep automatic payouts back, and let all that is left of earlier days go to the bank and arrive."""
        self.stripe("switches", payout_interval="manual")
        self.stripe("release")
        if self.stripe("oracle")["sums"].get("usd", {"net": 0})["net"]:
            self.stripe("payout")
        for payout in self.stripe("state", kind="payouts")["payouts"]:
            if payout["status"] in ("pending", "in_transit"):
                self.stripe("arrive", payout=payout["id"])
        self.rest()

    def leave(self) -> None:
        """Put back what a story may have changed: faults, switches, webhooks."""
        self.faults([])
        self.stripe("switches", payout_interval="daily")
        self.stripe("webhooks", mode="deliver")
        self.books("switches", webhook_copies=1)
        self.books("webhooks", mode="deliver")
        self.close_books("")

    def now(self) -> datetime:
        """Return what time it is on the stage."""
        return datetime.fromisoformat(self.place.control("state")["clock"]["now"])

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and let the product do what it brings."""
        self.place.control("clock/advance", {"seconds": seconds})
        self.rest()

    def days(self, number: float) -> None:
        """Let days pass."""
        self.pass_time(number * DAY)

    def rest(self) -> None:
        """Let everything that is due come to its end."""
        self.place.control("settle", {"timeout": 10})
        self.place.rest()

    # At the stand-ins -------------------------------------------------------------------------------------------------

    def stripe(self, order: str, **sent: Any) -> dict[str, Any]:
        """Give the stand-in of Stripe an order."""
        return self.place.control(f"stripe/{order}", sent)

    def books(self, order: str, **sent: Any) -> dict[str, Any]:
        """Give the stand-in of QuickBooks an order."""
        return self.place.control(f"quickbooks/{order}", sent)

    def documents(self, entity: str, after: int = 0) -> list[dict[str, Any]]:
        """Return the documents of an entity, ids above `after` only."""
        path = f"quickbooks/documents?entity={entity}&after={after}"
        return list(self.place.control(path)["documents"])

    def write(self, entity: str, **document: Any) -> dict[str, Any]:
        """Make a document as a person does in QuickBooks' own pages."""
        return dict(self.books("create", entity=entity, document=document)["document"])

    def faults(self, rules: list[dict[str, Any]]) -> None:
        """Say which requests go wrong from now on; none for an empty list."""
        self.place.control("faults", {"rules": rules}, method="PUT")

    def close_books(self, day: str) -> None:
        """Close the books up to a day, or open them again with an empty one."""
        [preferences] = self.documents("Preferences")
        private = {**preferences.get("AccountingInfoPrefs", {}), "BookCloseDate": day or None}
        self.books("edit", entity="Preferences", id=preferences["Id"], changes={"AccountingInfoPrefs": private})

    # The story's people and papers ------------------------------------------------------------------------------------

    def meet(self, name: str = "") -> str:
        """Bring a new customer into the books and return its id; a name that is taken gets a number."""
        wanted = name or self._name
        for number in range(1, 100):
            called = wanted if number == 1 else f"{wanted} {number}"
            try:
                made = self.write("Customer", DisplayName=called, PrimaryEmailAddr={"Address": "ap@example.com"})
            except Refused as refused:
                if "exists" not in str(refused).lower():
                    raise
                continue
            self.customers.append(made["Id"])
            return str(made["Id"])
        raise Refused(f"a hundred customers are called {wanted}")

    def bill(self, minor: int, *, customer: str = "") -> None:
        """Write an invoice of an amount in cents to the story's customer, and let the product hear of it."""
        owner = customer or (self.customers[-1] if self.customers else self.meet())
        line = {
            "Amount": minor / 100,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "NON"}},
        }
        self.invoices.append(self.write("Invoice", CustomerRef={"value": owner}, Line=[line]))
        self.rest()

    def open_page(self) -> None:
        """Open the newest invoice from its mail and go on to its pay page, as a payer does."""
        invoice = self.invoices[-1]
        self.browser = Visitor()
        page = self.browser.open(self.place.link(invoice["DocNumber"]))
        self._page = self.browser.open(f"{page.url.partition('/i/')[0]}/pay?i={invoice['Id']}")

    def press(self) -> str:
        """Press Pay on the page that is open; returns the client's secret of the payment intent."""
        assert self._page is not None
        pressed = press(self.browser, self._page, email="ap@example.com")
        self.paid_at = str(pressed["return_url"])
        self.intents.append(str(pressed["client_secret"]).partition("_secret_")[0])
        return self.intents[-1]

    def confirm(self, how: Mapping[str, str]) -> str:
        """Confirm the newest payment in Stripe's frame; returns the status of its intent."""
        confirmed = self.stripe("pay", payment_intent=self.intents[-1], **how)
        self.place.control("clock/advance", {"seconds": 3})
        return str(confirmed["payment_intent"]["status"])

    def pay(self, how: Mapping[str, str] = CARD) -> None:
        """Open, press and confirm, and let the product do its part."""
        self.open_page()
        self.press()
        self.confirm(how)
        self.rest()
        self.see("On its way" if "bank_account" in how else "Recorded in")

    def see(self, word: str) -> None:
        """Look at the newest payment's page as its payer does. Raises Lost unless it says a word."""
        page = self.browser.open(self.paid_at)
        if word not in page.text:
            raise Lost(f"{page.url} does not say {word!r}: {page.text[:300]}")

    def intent(self) -> dict[str, Any]:
        """Return the newest payment's intent."""
        found = self.stripe("state", kind="payment_intents")["payment_intents"]
        return next(dict(one) for one in found if one["id"] == self.intents[-1])

    def charge(self) -> str:
        """Return the charge of the newest payment."""
        return str(self.intent()["latest_charge"])

    def pay_out(self) -> dict[str, Any]:
        """Make everything available and send it to the bank; returns the payout."""
        self.stripe("release")
        payout = dict(self.stripe("payout")["payout"])
        self.rest()
        return payout

    def do_with(self, do: Callable[[], Any]) -> None:
        """Do something at a stand-in and let the product hear of it."""
        do()
        self.rest()
