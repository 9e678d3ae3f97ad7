"""Regulars: payers who signed in, keep cards, pay with what is kept, and let a refused payment be tried again.

One person for each customer who owes something, with a card kept before the first seed begins. They act through the
web process, as their pages do. Law: what a regular does is decided by his payer's own dice.
"""

from __future__ import annotations

from random import Random
from typing import Any

import requests

from connector.store.access import ContactCustomerRow, ContactRow
from connector.store.methods import SavedMethodRow
from sync.collect import saved
from sync.collect.look import look_again
from sync.retrying.agreeing import Consent, agree, offer_of, stop
from sync.runtime import Runtime
from tests.house import House

REGULARS = 0.5  # of payers
KEEPS = 0.3  # of them keep what they pay with
LETS_GO = 0.2  # of those who let a payment be tried again think better of it
WORDS = "I allow Harbor to keep this payment method."
TIRED = "pm_card_chargeCustomerFail"  # it can be kept, and pays nothing after that
POOR = "4000000000009995"  # the bank says: insufficient funds
WAYS = ("kept", "kept", "kept", "poor", "any")


def person_of(customer_id: str) -> str:
    """Return the id of the person who pays for a customer."""
    return f"regular-{customer_id}"


def let_in(house: House, customers: list[str]) -> None:
    """Let one person in for each customer, with a card that is kept as its page keeps one; some with a poor one too."""
    for turn, customer in enumerate(customers):
        person, email = person_of(customer), f"regular{customer}@bluemesa.example"
        of: dict[str, Any] = {"company_id": house.company_id}
        with house.rt.db.write("regular") as session:
            session.add(ContactRow(id=person, email=email, created_at=house.rt.clock.now(), **of))
            session.flush()
            session.add(ContactCustomerRow(contact_id=person, customer_id=customer, **of))
        for card in ("pm_card_visa", *((TIRED,) if turn % 3 == 0 else ())):
            _keep(house, person, email, card)


def _keep(house: House, person: str, email: str, card: str) -> None:
    row_id = saved.begin(house.rt, house.company_id, person, email=email, consent=WORDS)
    with house.rt.db.read() as session:
        setup = session.get_one(SavedMethodRow, row_id).setup_ref
    sent = {"payment_method": card, "return_url": "http://127.0.0.1:8800/back"}
    url = f"{house.settings.stripe_api_base}/v1/setup_intents/{setup}/confirm"
    answer = requests.post(url, data=sent, auth=(house.world.stripe.secret_key, ""), timeout=10)
    assert answer.status_code == 200, answer.text
    kept = saved.look(house.rt, house.company_id, person, row_id)
    assert kept is not None
    assert kept.state == "ready"


def way_of(rt: Runtime, company_id: str, person: str, dice: Random) -> dict[str, str] | None:
    """Return what a regular confirms with: a kept card, one with too little on it; None for what anybody would."""
    drawn = dice.choice(WAYS)
    if drawn == "poor":
        return {"card": POOR}
    with rt.db.read() as session:
        kept = [one.method_ref for one in saved.methods_of(session, company_id, person) if one.kind == "card"]
    return {"payment_method": dice.choice(kept)} if drawn == "kept" and kept else None


def let_try_again(rt: Runtime, company_id: str, person: str, payment_id: str, dice: Random) -> bool:
    """Look at a refused payment as its page does, and agree to what the page offers; False where it offers nothing."""
    look_again(rt, payment_id)
    with rt.db.read() as session:
        offer = offer_of(session, rt, company_id, person, payment_id)
    if offer is None:
        return False
    return agree(rt, offer, dice.choice(offer.methods), Consent("Harbor may try again.", "en", "127.0.0.1"))


def let_be(rt: Runtime, company_id: str, person: str, payment_id: str) -> bool:
    """Take the consent back."""
    return stop(rt, company_id, payment_id, by="The payer", contact_id=person)
