"""The main path of posting: each kind becomes its document, once, with its line in the log."""

from __future__ import annotations

from sync.pushing.verdicts import Outcome
from tests.sync.outbox.rig import Rig


def test_a_charge_of_two_invoices_is_one_payment_and_its_fee_one_purchase(rig: Rig) -> None:
    customer = rig.customer("Blue Mesa Ranch")
    first, second = rig.invoice(customer, 162000, "1068"), rig.invoice(customer, 38000, "1071")
    rig.owe(*rig.charge(customer, {first: 62000, second: 38000}, fee=2930, rest=500))

    assert rig.push()[Outcome.POSTED] == 2

    (payment,) = rig.in_books("Payment")
    assert [str(line["Amount"]) for line in payment["Line"]] == ["620", "380"]
    assert (str(payment["TotalAmt"]), str(payment["UnappliedAmt"])) == ("1005", "5")
    assert payment["DepositToAccountRef"]["value"] == rig.accounts["clearing"]
    assert payment["PaymentMethodRef"]["value"] == rig.accounts["method_card"]
    assert payment["TxnDate"] == rig.today.isoformat()
    assert "ch_3QTieoutTestCharge0001x" in payment["PrivateNote"]
    (purchase,) = rig.in_books("Purchase")
    assert purchase["EntityRef"]["value"] == rig.accounts["vendor"]
    assert rig.balance("clearing") == 100500 - 2930
    assert rig.balance("fees") == 2930
    assert rig.log_lines() == [
        "Payment of Blue Mesa Ranch posted to invoices 1068 and 1071",
        "Stripe fee of charge …001x recorded",
    ]


def test_a_payout_is_a_transfer_and_a_draw_from_the_bank_the_other_way(rig: Rig) -> None:
    rig.owe(rig.payout(95000))
    rig.owe(rig.payout(-4000, "po_1QTieoutTestPayout0002"))
    assert rig.push()[Outcome.POSTED] == 2
    assert rig.balance("bank") == 91000
    assert rig.balance("clearing") == -91000
