"""A worker killed with SIGKILL at every commit and call of an earlier payment's application: it is applied once."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.ledger.allocation import Share
from connector.ledger.credits import Use
from connector.ledger.money import Money
from connector.ledger.postings import ChargeFact, apply_postings
from sync.pushing import attempts
from sync.pushing.claims import LEASE_SECONDS
from tests.sync.outbox.rig import STRIPE_ACCOUNT, Rig
from tests.sync.outbox.test_crash import _killed

POINTS = [
    "apply_claim.before_commit",
    "apply_claim.after_commit",
    "qbo.payment.read.after_send",
    "apply_step.before_commit",
    "apply_step.after_commit",
    "qbo.payment.update.before_send",
    "qbo.payment.update.after_send",
    "push.before_commit",
    "push.after_commit",
]


@pytest.mark.crash
@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_is_killed_applies_a_payment_once(
    rig: Rig, database_url: str, tmp_path: Path, point: str
) -> None:
    customer = rig.customer("Blue Mesa Ranch")
    invoice = rig.invoice(customer, 20000, "1068")
    earlier = rig.by_hand("Payment", CustomerRef={"value": customer}, TotalAmt=250, Line=[])
    [posting_id] = rig.owe(*_application(rig, customer, invoice, earlier))

    _killed(rig, database_url, tmp_path, point)

    rig.later(LEASE_SECONDS + 1)
    rig.push()
    [body] = rig.in_books("Payment")
    assert [(one["LinkedTxn"][0]["TxnId"], one["Amount"]) for one in body["Line"]] == [(invoice, 200)]
    assert (body["UnappliedAmt"], body["SyncToken"]) == (50, "1"), "it was changed once"
    row = rig.posting(posting_id)
    assert (row.state, row.remote_id, row.remote_token, row.generation) == ("posted", earlier, "1", 1)
    assert rig.log_lines() == ["Earlier payment of Blue Mesa Ranch applied to invoice 1068"]
    assert attempts.verify_chain(rig.rt, rig.company_id) == []
    assert rig.open_discrepancies() == []


def _application(rig: Rig, customer: str, invoice: str, earlier: str) -> list:
    amount, nothing = Money(20000, "USD"), Money(0, "USD")
    fact = ChargeFact(
        stripe_account=STRIPE_ACCOUNT,
        charge_id="01TIEOUTPAYMENTOFCREDIT0001",
        payment_id="01TIEOUTPAYMENTOFCREDIT0001",
        balance_txn="",
        gross=nothing,
        fee=nothing,
        day=rig.today,
        shares=(Share(invoice, customer, amount),),
        customer_id=customer,
        uses=(Use(f"Payment/{earlier}", customer, amount),),
    )
    return apply_postings(fact)
