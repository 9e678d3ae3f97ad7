"""What a way to pay costs, from the press to the books: told before money moves, and posted as documents of its own."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from connector.ledger.payments import PaymentState
from connector.store.books import DiscrepancyRow
from connector.store.cache import InvoiceRow
from connector.store.companies import CompanyRow, MappingRow
from jobs.receipts import read_receipt
from sync.pull import pull_company
from sync.pushing import decisions
from sync.reminding.asking import asked_of
from sync.tieout import prove
from sync.verify import verify
from tests.harness.invariants import Watch
from tests.sync.settle.till import GOOD_BANK, VISA, Till

BILL, COST, OFF = 62000, 1860, 620  # 3 % on top by credit card, 1 % off by bank debit


@pytest.fixture
def asking(till: Till) -> Till:
    """Harbor Tile, which asks more for credit cards and less for bank debits."""
    account = till.by_hand("Account", Name="Surcharge income", AccountType="Income")
    till.touch(CompanyRow, card_surcharge=300, bank_discount=100)
    with till.db.write("items") as session:
        for role in ("surcharge", "discount"):
            item = till.by_hand("Item", Name=role, Type="Service", IncomeAccountRef={"value": account})
            session.add(MappingRow(company_id=till.company_id, role=role, currency="", qbo_id=item, name=role))
    return till


def client(till: Till) -> stripe.StripeClient:
    address: Any = {"api": till.world.stripe_host.url}
    return stripe.StripeClient(till.world.stripe.secret_key, base_addresses=address)


def token(till: Till, method: str = "pm_card_visa") -> str:
    """Return what a browser holds ready, as the Payment Element makes it."""
    params: Any = {"payment_method": method, "return_url": "https://pay.example.test/"}
    return str(client(till).v1.test_helpers.confirmation_tokens.create(params).id)


def pay(till: Till, bill: str, method: str, shown: int, **more: Any) -> str:
    """Press, confirm with the very token that was priced, and settle; returns the payment."""
    held = token(till, method)
    started = till.start({bill: BILL}, method_token=held, shown_minor=shown, **more)
    assert started.amount.minor == shown
    params: Any = {"confirmation_token": held, "mandate_data": {"customer_acceptance": {"type": "offline"}}}
    if "card" in method:
        del params["mandate_data"]
    client(till).v1.payment_intents.confirm(str(till.payment(started.payment_id).intent_id), params)
    till.later(3)
    till.settle(started.payment_id)
    return started.payment_id


def amounts(documents: list[dict[str, Any]]) -> list[tuple[float, float]]:
    return [(float(one["TotalAmt"]), float(one.get("Balance", one.get("UnappliedAmt", 0)))) for one in documents]


def test_a_credit_card_is_told_its_surcharge_and_charged_nothing_until_it_is_pressed_again(asking: Till) -> None:
    till, bill = asking, asking.open_invoice(BILL, "1068")
    told = till.refused({bill: BILL}, method_token=token(till), shown_minor=BILL)
    assert (told.reason, told.total and told.total.minor, told.cost and told.cost.minor) == (
        *("by_method", BILL + COST),
        COST,
    )
    assert told.sentence == (
        "Paying by credit card costs 3% more, $18.60: $638.60 in all. Debit cards and bank accounts cost nothing more. "
        "Press Pay again to pay it. Nothing was charged yet."
    )
    assert till.payments() == []
    watch = Watch(till.world, till.rt, till.company_id)
    paid = pay(till, bill, "pm_card_visa", BILL + COST)
    watch.after_step()
    till.push()
    broken = [one for one in watch.whole(final=False) if one.invariant != "I-21"]
    watch.close()
    assert broken == []
    till.change(paid, surcharge_minor=COST - 1)
    again = Watch(till.world, till.rt, till.company_id)
    assert {"I-18"} <= {one.invariant for one in again.whole(final=False)}
    again.close()
    till.change(paid, surcharge_minor=COST)
    ours = {one["Id"]: one for one in till.in_books("Invoice")}
    surcharge = next(one for key, one in ours.items() if key != bill)
    [payment] = till.in_books("Payment")
    assert (ours[bill]["Balance"], surcharge["Balance"], payment["UnappliedAmt"]) == (0, 0, 0)
    assert (float(surcharge["TotalAmt"]), float(payment["TotalAmt"])) == (18.6, 638.6)
    assert surcharge["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"]["value"] == "NON"
    assert till.payment(paid).charge_id in surcharge["PrivateNote"]
    assert prove(till.rt, till.company_id, live=True).ties
    assert {b.invariant for one in verify(till.rt, till.company_id) for b in one.broken} <= {"I-21"}  # no tokens here
    with till.db.read() as session:
        receipt = read_receipt(session, till.company_id, paid)
    assert [(line.label, line.amount.minor) for line in receipt.lines] == [
        ("Invoice 1068", BILL),
        ("Card surcharge, 3%", COST),
    ]


def test_a_debit_card_costs_nothing_more_and_is_charged_at_once(asking: Till) -> None:
    till, bill = asking, asking.open_invoice(BILL, "1068")
    pay(till, bill, "pm_card_visa_debit", BILL)
    told = till.refused(
        {till.open_invoice(BILL, "1069"): BILL}, method_token=token(till, "pm_card_visa_debit"), shown_minor=BILL + COST
    )
    assert told.total
    assert told.total.minor == BILL
    till.push()
    assert amounts(till.in_books("Payment")) == [(620.0, 0.0)]
    assert {one.kind for one in till.postings()} == {"charge", "fee"}


def test_a_bank_debit_pays_less_and_a_credit_memo_covers_the_rest(asking: Till) -> None:
    till, bill = asking, asking.open_invoice(BILL, "1068")
    told = till.refused({bill: BILL}, method_token=token(till, "pm_usBankAccount_success"), shown_minor=BILL)
    assert told.sentence.startswith("Paying from a bank account takes $6.20 off: $613.80 in all.")
    held = token(till, "pm_usBankAccount_success")
    started = till.start({bill: BILL}, method_token=held, shown_minor=BILL - OFF)
    till.confirm(started.payment_id, bank_account=GOOD_BANK)
    till.later(6 * 86400)
    assert till.settle(started.payment_id) is PaymentState.SUCCEEDED
    till.push()
    assert amounts(till.in_books("Payment")) == [(613.8, 0.0)]
    assert amounts(till.in_books("CreditMemo")) == [(6.2, 0.0)]
    [paid] = till.in_books("Invoice")
    assert paid["Balance"] == 0
    assert prove(till.rt, till.company_id, live=True).ties
    with till.db.read() as session:
        receipt = read_receipt(session, till.company_id, started.payment_id)
    assert [line.label for line in receipt.lines] == ["Invoice 1068", "Discount for paying from a bank account"]


def test_a_bank_discount_is_not_granted_where_a_card_paid_in_the_end(asking: Till) -> None:
    till = asking
    first, second = till.open_invoice(BILL, "1068"), till.open_invoice(100_00, "1071")
    off = OFF + 1_00
    held = token(till, "pm_usBankAccount_success")
    started = till.start({first: BILL, second: 100_00}, method_token=held, shown_minor=BILL + 100_00 - off)
    till.confirm(started.payment_id, card=VISA)
    till.later(3)
    assert till.settle(started.payment_id) is PaymentState.SUCCEEDED
    till.push()
    assert amounts(till.in_books("Payment")) == [(712.8, 0.0)]
    assert till.in_books("CreditMemo") == []
    assert {one["DocNumber"]: float(one["Balance"]) for one in till.in_books("Invoice")} == {"1068": 7.2, "1071": 0}
    assert prove(till.rt, till.company_id, live=True).ties
    assert {b.invariant for one in verify(till.rt, till.company_id) for b in one.broken} <= {"I-21"}  # no tokens here
    with till.db.read() as session:
        receipt = read_receipt(session, till.company_id, started.payment_id)
    assert [(line.label, line.amount.minor) for line in receipt.lines] == [
        ("Invoice 1068", BILL - off),
        ("Invoice 1071", 100_00),
    ]
    assert receipt.left is not None
    assert receipt.left.minor == off


def test_the_same_form_with_another_method_is_no_way_around_the_total(asking: Till) -> None:
    till, bill = asking, asking.open_invoice(BILL, "1068")
    assert till.refused({bill: BILL}, shown_minor=BILL).reason == "other_form"  # a page from before the rates
    assert till.refused({bill: BILL}, method_token="ctoken_none", shown_minor=BILL).reason == "other_form"
    assert till.refused({bill: BILL}, kept_method="pm_of_somebody", shown_minor=BILL).reason == "other_form"
    assert till.payments() == []


@pytest.mark.parametrize("undone", ["tax", "item", "switch"])
def test_without_its_item_or_on_tax_that_nobody_mapped_nothing_is_asked(asking: Till, undone: str) -> None:
    till = asking
    paper = {
        "DocNumber": "1068",
        "Line": [till.line(BILL)],
        "TxnTaxDetail": {"TotalTax": 53.94 if undone == "tax" else 0},
    }
    bill = till.by_hand("Invoice", CustomerRef={"value": till.blue_mesa}, **paper)
    pull_company(till.rt, till.company_id)
    if undone == "item":
        with till.db.write("unmapped") as session:
            for row in till.all_rows(MappingRow):
                if row.role in ("surcharge", "discount"):
                    session.delete(session.merge(row))
    elif undone == "switch":
        till.touch(CompanyRow, card_surcharge=0, bank_discount=0)
    whole = round(till.in_books("Invoice")[0]["Balance"] * 100)
    assert till.start({bill: whole}, method_token=token(till), shown_minor=whole).amount.minor == whole


def test_while_the_surcharge_waits_so_does_its_payment_and_nobody_pays_it_twice(asking: Till) -> None:
    till, bill = asking, asking.open_invoice(BILL, "1068")
    pay(till, bill, "pm_card_visa", BILL + COST)
    till.faults(("payment.create", "closed_6210"))
    till.push()
    pull_company(till.rt, till.company_id)
    [surcharge] = [one["Id"] for one in till.in_books("Invoice") if one["Id"] != bill]
    assert till.refused({surcharge: COST}, shown_minor=COST, method_token=token(till)).reason == "under_way"
    rows = [row for row in till.all_rows(InvoiceRow) if row.qbo_id == surcharge]
    with till.db.read() as session:
        assert "surcharge of a payment" in asked_of(session, till.company_id, rows)[surcharge].why_not
    [held] = [one for one in till.postings() if one.state == "held"]
    decisions.retry(till.rt, held.id, "Omar")
    till.push()
    assert amounts(till.in_books("Payment")) == [(638.6, 0.0)]
    assert {one["Balance"] for one in till.in_books("Invoice")} == {0}


def test_a_dropped_surcharge_leaves_its_money_unapplied_and_holds_nothing_back(asking: Till) -> None:
    till, bill = asking, asking.open_invoice(BILL, "1068")
    pay(till, bill, "pm_card_visa", BILL + COST)
    till.faults(("invoice.create", "closed_6210"))
    till.push()
    assert till.in_books("Payment") == []  # it waits for the invoice that it pays
    [held] = [one for one in till.postings() if one.state == "held"]
    decisions.drop(till.rt, held.id, "Omar", "we keep it as a credit")
    till.push()
    assert amounts(till.in_books("Payment")) == [(638.6, 18.6)]
    assert prove(till.rt, till.company_id, live=True).ties


def test_a_lost_answer_posts_each_document_once(asking: Till) -> None:
    till, bill = asking, asking.open_invoice(BILL, "1068")
    pay(till, bill, "pm_card_visa", BILL + COST)
    till.faults(("invoice.create", "drop_after_commit"), ("payment.create", "drop_after_commit"))
    for _ in range(3):
        till.push()
        till.later(10)
    assert {one.state for one in till.postings()} == {"posted"}
    assert (len(till.in_books("Invoice")), len(till.in_books("Payment"))) == (2, 1)


def test_a_surcharge_that_another_card_paid_is_named(asking: Till) -> None:
    till, bill = asking, asking.open_invoice(BILL, "1068")
    started = till.start({bill: BILL}, method_token=token(till), shown_minor=BILL + COST)
    till.confirm(started.payment_id, card="4000056655665556")  # what only a browser that was tampered with does
    till.later(3)
    till.settle(started.payment_id)
    [named] = till.all_rows(DiscrepancyRow)
    assert "a surcharge of $18.60 with Visa 5556, which is no credit card" in named.sentence
