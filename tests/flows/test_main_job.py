"""The main job, headless: pull, pay, post back, pay out, tie out; and one cent of difference that is named."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.qbo.control import QuickBooksControl
from sandbox.world import World
from sync.push import push_company
from sync.settle import settle_payment
from sync.stripe_feed import follow
from sync.tieout import prove
from tests.house import House

ROOT = Path(__file__).resolve().parents[2]
VISA, GOOD_BANK = "4242424242424242", "000123456789"
DAY, CENT = 86_400, Decimal("0.01")


@pytest.fixture
def house(world: World, database_url: str) -> Iterator[House]:
    house = House(world, database_url)
    yield house
    house.close()


def _cents(body: dict[str, object], field: str = "TotalAmt") -> int:
    return round(float(str(body[field])) * 100)


def _paid_by_card(house: House) -> int:
    """Pay Blue Mesa's oldest invoice by card and post it; returns its cents."""
    customer = house.customer("Blue Mesa Ranch")
    invoice = house.open_invoices(customer)[0]
    payment = house.press(customer, {invoice.qbo_id: invoice.balance_minor})
    house.confirm(payment.payment_id, card=VISA)
    house.world.advance(3)
    settle_payment(house.rt, payment.payment_id)
    push_company(house.rt, house.company_id)
    return invoice.balance_minor


def test_one_card_payment_reaches_the_books(house: House) -> None:
    minor = _paid_by_card(house)

    [booked] = house.ours_in_books("Payment", "PaymentRefNum")
    assert _cents(booked) == minor
    [line] = booked["Line"]
    [paid] = [body for body in house.in_books("Invoice") if body["Id"] == line["LinkedTxn"][0]["TxnId"]]
    assert paid["Balance"] == 0
    assert [row.state for row in house.postings()] == ["posted", "posted"]
    assert prove(house.rt, house.company_id).ties


def test_several_invoices_in_part_a_debit_and_the_payout(house: House) -> None:
    customer = house.customer("Blue Mesa Ranch")
    first, second, third, *_ = house.open_invoices(customer)
    shares = {first.qbo_id: first.balance_minor, second.qbo_id: second.balance_minor - 1_00}
    by_card = house.press(customer, shares)
    house.confirm(by_card.payment_id, card=VISA)
    by_bank = house.press(customer, {third.qbo_id: third.balance_minor})
    house.confirm(by_bank.payment_id, bank_account=GOOD_BANK)
    house.world.advance(3)
    for payment in (by_card, by_bank):
        settle_payment(house.rt, payment.payment_id)
    push_company(house.rt, house.company_id)
    assert house.payment(by_bank.payment_id).state == "processing"
    assert len(house.ours_in_books("Payment", "PaymentRefNum")) == 1, "a debit under way is not in the books"
    assert prove(house.rt, house.company_id).ties

    for _ in range(12):  # the debit settles, the balance becomes available, payouts leave and arrive
        house.world.advance(DAY)
        settle_payment(house.rt, by_bank.payment_id)
        follow(house.rt, house.company_id)
        push_company(house.rt, house.company_id)

    booked = house.ours_in_books("Payment", "PaymentRefNum")
    assert sorted(map(_cents, booked)) == sorted([sum(shares.values()), third.balance_minor])
    left = {body["Id"]: _cents(body, "Balance") for body in house.in_books("Invoice")}
    assert [left[invoice.qbo_id] for invoice in (first, second, third)] == [0, 1_00, 0]
    transfers = house.in_books("Transfer")
    payouts = house.at_stripe("payouts")
    assert sorted(_cents(body, "Amount") for body in transfers) == sorted(one["amount"] for one in payouts)
    assert payouts, "a payout arrived"
    assert {row.state for row in house.postings()} == {"posted"}
    proof = prove(house.rt, house.company_id)
    assert proof.ties
    assert [one.unexplained.minor for one in proof.results] == [0]


@pytest.mark.parametrize("entity", ["Payment", "Purchase"])
def test_one_cent_changed_in_the_books_is_named(house: House, entity: str) -> None:
    _paid_by_card(house)
    environment = {**house.environment, "PATH": os.environ["PATH"], "OAUTHLIB_INSECURE_TRANSPORT": "1"}

    def prove_by_command() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "portal.cli", "prove"]
        return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)

    before = prove_by_command()
    assert before.returncode == 0, before.stdout + before.stderr

    field = "PaymentRefNum" if entity == "Payment" else "DocNumber"
    [ours] = house.ours_in_books(entity, field)
    hands = QuickBooksControl(house.world.quickbooks)
    if entity == "Payment":
        changes = {"TotalAmt": (Decimal(str(ours["TotalAmt"])) + CENT)}
    else:
        [line] = ours["Line"]
        changes = {"Line": [{**line, "Amount": Decimal(str(line["Amount"])) + CENT}]}
    hands.control("edit", {"entity": entity, "id": ours["Id"], "changes": changes}, reading=False)

    after = prove_by_command()
    assert after.returncode == 1, after.stdout + after.stderr
    assert "0.01" in after.stdout
    assert ours["Id"] in after.stdout
