"""The payers: threads that open a link, press, press again when nothing comes, and confirm, as people do over HTTP.

Each keeps a paper of what it consented to and what it was told. Law: a payer confirms an intent once for each consent,
and presses the same form again rather than a new one.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests

from sandbox.demo.visitor import Lost, Page, Visitor
from sandbox.world import World

CARDS = ("4242424242424242", "5555555555554444", "4000056655665556")
DECLINED = "4000000000000002"
BANK = "000123456789"
MOST_PRESSES = 25


@dataclass
class Paper:
    """What one payer wanted and was told. `payment` stands once the portal said yes; `paid` once Stripe did."""

    invoice: str
    minor: int = 0
    payment: str = ""
    intent: str = ""
    paid: str = ""  # how Stripe answered the confirmation
    refused: str = ""  # the sentence with which the portal refused for good
    troubles: list[str] = field(default_factory=list)


class Person(Visitor):
    """A browser at an address of its own."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._session.headers["X-Forwarded-For"] = address


class Payers:
    """A crowd that pays invoices by their links, one after another, until told to stop."""

    def __init__(self, world: World, links: list[tuple[str, str]], *, seed: int, crowd: int, pause: float) -> None:
        self._world, self._pause, self._seed = world, pause, seed
        self._links: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        for link in links:
            self._links.put(link)
        self.papers: list[Paper] = []
        self.answers: Counter[str] = Counter()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._pay_on, args=(n,), daemon=True) for n in range(crowd)]

    def start(self) -> None:
        """Let them come."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let those who are at it finish, and no other begin."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(60)

    def _pay_on(self, number: int) -> None:
        dice = random.Random(f"{self._seed}/{number}")
        while not self._stopped.wait(dice.uniform(0, 2 * self._pause)):
            try:
                invoice, link = self._links.get_nowait()
            except queue.Empty:
                return
            paper = Paper(invoice)
            self.papers.append(paper)
            person = Person(f"203.0.113.{dice.randrange(1, 250)}")
            self._pay(paper, person, link, dice)

    def _pay(self, paper: Paper, person: Person, link: str, dice: random.Random) -> None:
        pressed = None
        for _ in range(MOST_PRESSES):
            try:
                page = self._pay_page(person, link, paper.invoice)
                pressed = self._press(paper, person, page, dice)
                break
            except (requests.RequestException, Lost) as trouble:
                paper.troubles.append(str(trouble)[:200])
                time.sleep(dice.uniform(0.2, 0.8))
        if pressed is None:
            return
        paper.payment, paper.minor = pressed["payment"], pressed["minor"]
        paper.intent = str(pressed["client_secret"]).partition("_secret_")[0]
        self._confirm(paper, dice)
        if dice.random() < 0.5:
            self._come_back(paper, person, pressed["return_url"])

    def _pay_page(self, person: Person, link: str, invoice: str) -> Page:
        page = person.open(link)
        return person.open(f"{page.url.partition('/i/')[0]}/pay?i={invoice}")

    def _press(self, paper: Paper, person: Person, page: Page, dice: random.Random) -> dict[str, Any] | None:
        """Press, and press the same form again while no answer comes."""
        form = page.form("/pay")
        [item] = page.with_attribute("data-invoice")
        name = item["data-invoice"]
        message = {
            "shares": [{"invoice": name, "amount": dict(form.fields)[f"a.{name}"]}],
            "form_nonce": form.data["nonce"],
            "shown_minor": int(item["data-left"]),
            "email": "dana@bluemesa.example",
        }
        for _ in range(4):
            try:
                answer = person.post_json(page, form.action, message, form_token=form.data["csrf"])
                self.answers["started"] += 1
                return answer
            except (requests.RequestException, Lost) as trouble:
                self._note(paper, trouble)
                time.sleep(dice.uniform(0.1, 0.6))
        raise Lost("no answer to four presses")

    def _note(self, paper: Paper, trouble: Exception) -> None:
        said = str(trouble)
        paper.troubles.append(said[:200])
        what = said.partition(" answered ")[2][:3] if isinstance(trouble, Lost) else type(trouble).__name__
        self.answers[what] += 1

    def _confirm(self, paper: Paper, dice: random.Random) -> None:
        way: dict[str, Any] = {"card": dice.choice(CARDS)}
        if dice.random() < 0.25:
            way = {"bank_account": BANK, "email": "dana@bluemesa.example"}
        elif dice.random() < 0.15:
            self._world.stripe.control("pay", {"payment_intent": paper.intent, "card": DECLINED})
        try:
            answer = self._world.stripe.control("pay", {"payment_intent": paper.intent, **way})
            paper.paid = str(answer["payment_intent"]["status"])
        except ValueError as error:  # given up by the portal meanwhile: Stripe takes no money for it
            paper.troubles.append(str(error)[:200])

    def _come_back(self, paper: Paper, person: Person, url: str) -> None:
        try:
            person.open(url)
        except (requests.RequestException, Lost) as trouble:
            paper.troubles.append(str(trouble)[:200])
