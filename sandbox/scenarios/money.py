"""Stories of money that turns round: debits that bounce, refunds, disputes, payouts that fail or go the other way.

Holds sentences, acts and ends. Law: amounts and fees are those of the stand-in's price list, and every end is exact.
"""

from __future__ import annotations

from sandbox.scenarios.scene import BANK, Scene
from sandbox.scenarios.story import NET, PAID, End, Step, Story

_BILLED = Step("Harbor Tile bills 480.00.", lambda scene: scene.bill(480_00))
_PAID = Step("The customer opens the mail's link and pays by card; it is in the books at once.", Scene.pay)
_DEBITED = Step("The customer pays by bank debit; the portal says it is on its way.", lambda scene: scene.pay(BANK))
_CLEARED = Step("A week passes: the debit succeeds and is recorded.", lambda scene: scene.days(7))


def _bounce(scene: Scene) -> None:
    scene.days(3.8)  # the fourth day, before the bank would say yes
    scene.do_with(lambda: scene.stripe("fail_debit", payment_intent=scene.intents[-1], code="insufficient_funds"))


def _fail_payout(scene: Scene) -> None:
    payout = scene.stripe("state", kind="payouts")["payouts"][-1]
    scene.do_with(lambda: scene.stripe("fail_payout", payout=payout["id"], code="account_closed"))


def _pay_out(scene: Scene) -> None:
    scene.pay_out()


def _pay_out_and_arrive(scene: Scene) -> None:
    scene.pay_out()
    _arrive(scene)


def _fail_refund_later(scene: Scene) -> None:
    scene.days(7)
    _fail_refund(scene)


def _arrive(scene: Scene) -> None:
    payout = scene.stripe("state", kind="payouts")["payouts"][-1]
    scene.do_with(lambda: scene.stripe("arrive", payout=payout["id"]))


def _dispute(scene: Scene, reason: str = "fraudulent") -> None:
    scene.do_with(lambda: scene.stripe("dispute", charge=scene.charge(), reason=reason))


def _close(scene: Scene, status: str) -> None:
    disputes = scene.stripe("state", kind="disputes")["disputes"]
    mine = next(one for one in disputes if one["charge"] == scene.charge())
    scene.do_with(lambda: scene.stripe("close_dispute", dispute=mine["id"], status=status))


def _refund(scene: Scene, minor: int) -> None:
    scene.do_with(lambda: scene.stripe("refund", charge=scene.charge(), amount=minor))


def _fail_refund(scene: Scene) -> None:
    refunds = scene.stripe("state", kind="refunds")["refunds"]
    mine = next(one for one in refunds if one["charge"] == scene.charge())
    scene.do_with(lambda: scene.stripe("fail_refund", refund=mine["id"]))


STORIES = (
    Story(
        "debit-bounces",
        "A bank debit bounces on day 4",
        "Money that was only promised never reaches the books, and the payer can try again.",
        (
            _BILLED,
            _DEBITED,
            Step("On the fourth day the bank says no: the account holds too little.", _bounce),
        ),
        End(documents=("Invoice 480.00, open 480.00",), owed_minor=480_00),
    ),
    Story(
        "debit-returned",
        "A bank debit comes back after it cleared",
        "The bank takes back what it gave, and Stripe a fee. The books still say paid; the difference is named.",
        (
            _BILLED,
            _DEBITED,
            _CLEARED,
            Step(
                "The payer's bank takes the debit back.",
                lambda scene: scene.do_with(
                    lambda: scene.stripe("return_debit", charge=scene.charge(), reason="debit_not_authorized")
                ),
            ),
        ),
        End(
            documents=("Expense 3.84", "Invoice 480.00, open 0.00", "Payment 480.00, unapplied 0.00"),
            findings=("dispute_unposted -495.00",),
            stripe_minor=-18_84,
            clearing_minor=476_16,
        ),
    ),
    Story(
        "payout-fails",
        "A payout fails after it arrived",
        "The transfer in the books is no longer true; the product says so and names the money that came back.",
        (
            _BILLED,
            _PAID,
            Step("Stripe sends what is available to the bank.", _pay_out),
            Step("The payout arrives and is recorded as a transfer.", _arrive),
            Step("The bank sends it back: the account is closed.", _fail_payout),
        ),
        End(
            documents=(*PAID, "Transfer 465.78"),
            findings=("payout_failed 465.78",),
            stripe_minor=NET,
            bank_minor=NET,
        ),
    ),
    Story(
        "payout-fails-early",
        "A payout fails on its way",
        "What never arrived was never recorded: the books are right, and somebody is told to look at the account.",
        (
            _BILLED,
            _PAID,
            Step("Stripe sends what is available to the bank.", _pay_out),
            Step("It comes back before it arrives.", _fail_payout),
        ),
        End(documents=PAID, findings=("payout_failed 465.78",), stripe_minor=NET, clearing_minor=NET),
    ),
    Story(
        "dispute-lost",
        "A dispute is lost",
        "Amount and fee are gone from Stripe's balance; the books are not changed, the difference is named.",
        (
            _BILLED,
            _PAID,
            Step("The cardholder says it was not them: Stripe takes 480.00 and a fee of 15.00.", _dispute),
            Step("The bank decides against Harbor Tile.", lambda scene: _close(scene, "lost")),
        ),
        End(
            documents=PAID,
            findings=("dispute_unposted -495.00",),
            stripe_minor=NET - 495_00,
            clearing_minor=NET,
        ),
    ),
    Story(
        "dispute-won",
        "A dispute is won",
        "The amount comes back and the fee does not: two movements, each named.",
        (
            _BILLED,
            _PAID,
            Step("The cardholder says it was not them: Stripe takes 480.00 and a fee of 15.00.", _dispute),
            Step("The bank decides for Harbor Tile: the 480.00 come back.", lambda scene: _close(scene, "won")),
        ),
        End(
            documents=PAID,
            findings=("dispute_unposted -495.00", "dispute_unposted 480.00"),
            stripe_minor=NET - 15_00,
            clearing_minor=NET,
        ),
    ),
    Story(
        "inquiry",
        "A bank only asks",
        "An inquiry moves no money, so there is nothing to name.",
        (
            _BILLED,
            _PAID,
            Step("The cardholder's bank asks what it was for.", lambda scene: _dispute(scene, "inquiry:general")),
            Step("The answer is enough: the inquiry is closed.", lambda scene: _close(scene, "warning_closed")),
        ),
        End(documents=PAID, stripe_minor=NET, clearing_minor=NET),
    ),
    Story(
        "refund-in-dashboard",
        "Somebody refunds in Stripe's dashboard",
        "The product sees it without being told, and names what the books do not hold yet.",
        (
            _BILLED,
            _PAID,
            Step("The owner refunds 100.00 in Stripe's dashboard.", lambda scene: _refund(scene, 100_00)),
        ),
        End(documents=PAID, findings=("refund_unposted -100.00",), stripe_minor=NET - 100_00, clearing_minor=NET),
    ),
    Story(
        "refund-fails",
        "A refund fails a week later",
        "The money is on the balance again: refund and return are named, and come to nothing together.",
        (
            _BILLED,
            _PAID,
            Step("The owner refunds 100.00 in Stripe's dashboard.", lambda scene: _refund(scene, 100_00)),
            Step(
                "A week later the customer's bank turns it away.",
                _fail_refund_later,
            ),
        ),
        End(
            documents=PAID,
            findings=("refund_unposted -100.00", "refund_unposted 100.00"),
            stripe_minor=NET,
            clearing_minor=NET,
        ),
    ),
    Story(
        "negative-payout",
        "Stripe draws from the bank",
        "A balance below nothing is made good from the bank account: a transfer the other way.",
        (
            _BILLED,
            _PAID,
            Step("Everything is paid out, and arrives.", _pay_out_and_arrive),
            Step("The owner refunds the 480.00: the balance is below nothing.", lambda scene: _refund(scene, 480_00)),
            Step("Stripe draws what is missing from the bank.", _pay_out_and_arrive),
        ),
        End(
            documents=(*PAID, "Transfer 465.78", "Transfer 480.00"),
            findings=("refund_unposted -480.00",),
            clearing_minor=480_00,
            bank_minor=-14_22,
        ),
    ),
)
