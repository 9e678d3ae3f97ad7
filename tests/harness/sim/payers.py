"""Payers: they choose what to pay, press Pay once or twice, choose a card or a bank, and look at the page or close it.

They act through the web process and Stripe's browser endpoint, as browsers do. Law: a payer decides by dice of its own,
so that leaving one out leaves the others as they were.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from connector.ledger.payments import PaymentState
from sync.collect.look import look_again
from sync.collect.press import Press, Refused, Started
from sync.collect.start import start_payment
from sync.runtime import Runtime
from tests.harness.sim import regulars, rules
from tests.harness.sim.machine import WEB
from tests.harness.sim.wishes import Wish, wish

if TYPE_CHECKING:
    from tests.harness.sim.stage import Stage

VISA, AMEX, DECLINED, ASKS = "4242424242424242", "378282246310005", "4000000000000002", "4000002760003184"
GOOD_BANK, POOR_BANK = "000123456789", "000222222227"
WAYS = (
    [{"card": VISA}] * 60
    + [{"card": AMEX}] * 8
    + [{"card": DECLINED}] * 6
    + [{"card": ASKS, "challenge": "complete"}] * 6
    + [{"bank_account": GOOD_BANK}] * 10
    + [{"bank_account": POOR_BANK}] * 4
    + [{}] * 6
)
PATIENCE = 4  # presses before a payer gives up


@dataclass
class Payer:
    """One person at the till."""

    stage: Stage
    company_id: str
    number: int
    told: Counter[str]
    nonce: str = ""
    wish: Wish | None = None
    person: str = ""  # who signed in; empty for a guest
    keeps: bool = False
    way: dict[str, Any] = field(default_factory=dict)  # what is at hand to pay with; empty for who will leave
    held: str = ""  # the same as the browser holds it ready, where the price hangs on it
    shown: int | None = None  # the total that the page showed for it
    was_told_how_old: bool = False  # the balances are, and pays all the same
    presses: int = 0

    def __post_init__(self) -> None:
        self.dice = self.stage.script.dice("payer", self.number)
        self.nonce = f"nonce-{self.stage.script.seed}-{self.number}"

    def come(self) -> None:
        """Open the page, choose what to pay, and press Pay soon."""
        if not self._web_answers(self.come):
            return
        chosen = self.stage.machine.do(WEB, f"payer {self.number} looks around", self._choose)
        if chosen:
            self.stage.later(self.dice.uniform(3, 40), "press", self.press)

    def _choose(self, rt: Runtime) -> bool:
        self.wish = wish(rt, self.company_id, self.dice)
        if self.wish is not None and self.dice.random() < regulars.REGULARS:
            self.person, self.keeps = regulars.person_of(self.wish.customer), self.dice.random() < regulars.KEEPS
        own = regulars.way_of(rt, self.company_id, self.person, self.dice) if self.person else None
        self.way = dict(own or self.dice.choice(WAYS))
        return self.wish is not None

    def press(self) -> None:
        """Press Pay; a page that fails is tried again with the same form."""
        if not self._web_answers(self.press):
            return
        self.presses += 1
        if not self._holds_its_method():
            self.stage.later(self.dice.uniform(2, 8), "press", self.press)
            return
        if self.dice.random() < 0.1:  # a double click: the second press waits at the other door
            self.stage.later(self.dice.choice((0.0, 0.2)), "press again", self._press_again)
        answer = self.stage.machine.do(WEB, f"payer {self.number} presses Pay", self._start)
        if isinstance(answer, Started):
            if answer.state is PaymentState.SUCCEEDED:  # credits paid everything
                return
            self.stage.later(self.dice.uniform(4, 60), "confirm", lambda: self.confirm(answer.payment_id))
            return
        self.told[answer.reason if isinstance(answer, Refused) else "broken"] += 1
        if isinstance(answer, Refused) and answer.reason == "by_method" and answer.total is not None:
            self.shown, self.presses = answer.total.minor, self.presses - 1  # the page shows it, and is pressed again
        if isinstance(answer, Refused) and answer.reason == "last_known":
            self.was_told_how_old, self.presses = True, self.presses - 1
        final = ("not_payable", "above_balance", "too_small", "unknown_invoice", "under_way", "partial", "credit")
        if self.presses < PATIENCE and not (isinstance(answer, Refused) and answer.reason in final):
            self.stage.later(self.dice.uniform(5, 90), "press", self.press)

    def _holds_its_method(self) -> bool:
        """Have the browser hold ready what is paid with, where the company asks by method; False where Stripe fails."""
        if not rules.asks_by_method(self.stage.script.seed) or self.held or "payment_method" in self.way:
            return True
        with suppress(ValueError):
            self.held = self.stage.stripe("hold", **(self.way or {"card": VISA}))["confirmation_token"]
        return bool(self.held)

    def _press_again(self) -> None:
        if self.stage.machine.is_free(WEB):
            self.stage.machine.do(WEB, f"payer {self.number} pressed twice", self._start)

    def _start(self, rt: Runtime) -> Started | Refused:
        wanted = self.wish
        assert wanted is not None
        asks = rules.asks_by_method(self.stage.script.seed)
        press = Press(
            company_id=self.company_id,
            customer_id=wanted.customer,
            shares=wanted.shares,
            credits=wanted.credits,
            deposit_minor=wanted.deposit_minor,
            currency="USD",
            form_nonce=self.nonce,
            contact_id=self.person,
            on_last_known=self.was_told_how_old,
            keep_consent=regulars.WORDS if self.keeps else "",
            method_token=self.held,
            kept_method=self.way.get("payment_method", "") if asks else "",
            payer_email=f"payer{self.number}@bluemesa.example",
            allowed_customers=frozenset({wanted.customer}),
        )
        if asks:
            press = replace(press, shown_minor=press.money_minor if self.shown is None else self.shown)
        return start_payment(rt, press)

    def confirm(self, payment_id: str) -> None:
        """Confirm in Stripe's own frame, by what this payer has at hand."""
        way, intent = self.way, self.stage.intent_of(payment_id)
        if not way or intent is None:
            self.stage.note(f"payer {self.number} leaves")
            return
        held = {"confirmation_token": self.held} if self.held else {}
        try:
            answer = self.stage.stripe("pay", payment_intent=intent, **way, **held)
            self.stage.note(f"payer {self.number} confirms -> {answer['status']}")
            if answer["status"] == 402 and way.get("card") == DECLINED:
                self.stage.later(30, "another card", lambda: self._confirm_with_visa(intent))
            if answer["status"] == 402 and ("payment_method" in way or way.get("card") == regulars.POOR):
                self.stage.later(20, "let it be tried again", lambda: self.let_try_again(payment_id))
        except ValueError as error:
            self.stage.note(f"payer {self.number} cannot confirm: {type(error).__name__}")
        if self.dice.random() < 0.6:
            self.stage.later(self.dice.uniform(1, 6), "look", lambda: self.look(payment_id))

    def let_try_again(self, payment_id: str) -> None:
        """Agree on the payment's page that it is tried again, and perhaps think better of it."""
        if not self._web_answers(lambda: self.let_try_again(payment_id)):
            return
        whose = (self.company_id, self.person, payment_id)
        agreed = self.stage.machine.do(
            WEB, f"payer {self.number} agrees to another try", lambda rt: regulars.let_try_again(rt, *whose, self.dice)
        )
        self.told["agreed to another try" if agreed else "no other try"] += 1
        if agreed and self.dice.random() < regulars.LETS_GO:
            self.stage.later(self.dice.uniform(60, 90_000), "stop trying", lambda: self._stop_trying(payment_id))

    def _stop_trying(self, payment_id: str) -> None:
        if self.stage.machine.is_free(WEB):
            whose = (self.company_id, self.person, payment_id)
            self.stage.machine.do(WEB, f"payer {self.number} stops the tries", lambda rt: regulars.let_be(rt, *whose))

    def _confirm_with_visa(self, intent: str) -> None:
        try:
            self.stage.stripe("pay", payment_intent=intent, card=VISA)
        except ValueError:
            self.stage.note(f"payer {self.number} came too late with another card")

    def look(self, payment_id: str) -> None:
        """Look at the payment's own page."""
        if self.stage.machine.is_free(WEB):
            self.stage.machine.do(WEB, f"payer {self.number} looks", lambda rt: look_again(rt, payment_id))

    def _web_answers(self, again: Any) -> bool:
        if self.stage.machine.is_free(WEB):
            return True
        self.stage.later(self.dice.uniform(2, 8), "try the page again", again)
        return False


@dataclass
class Crowd:
    """All payers of a run."""

    stage: Stage
    company_id: str
    told: Counter[str] = field(default_factory=Counter)

    def gather(self, number: int, within: float) -> None:
        """Let that many payers come within some seconds; the script may keep some away."""
        for n in range(number):
            if self.stage.script.next("payer", lambda _: "comes"):
                payer = Payer(self.stage, self.company_id, n, self.told)
                self.stage.later(payer.dice.uniform(1, within), "payer", payer.come)
