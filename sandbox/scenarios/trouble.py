"""Stories of wires and people: answers that are lost, services that are away, somebody who edits the books meanwhile.

Holds sentences, acts and ends. Law: a story breaks only what the faults and the pages of the stand-ins can break.
"""

from __future__ import annotations

from typing import Any

from sandbox.scenarios.scene import CARD, DAY, Scene
from sandbox.scenarios.story import NET, PAID, WELL, End, Step, Story

DECLINED = {"card": "4000000000009995"}
HOUR = 3600.0
_BILLED = Step("Harbor Tile bills 480.00.", lambda scene: scene.bill(480_00))
_OPENED = Step("The customer opens the mail's link and the pay page.", Scene.open_page)


def _quickbooks(operation: str, do: str, times: int = 1) -> list[dict[str, Any]]:
    return [{"match": {"service": "quickbooks", "operation": operation, "times": times}, "do": do}]


def _lose_token_reply(scene: Scene) -> None:
    scene.books("switches", refresh_rotates_after=0, refresh_grace=3600)
    scene.books("expire_access")
    scene.faults(_quickbooks("token.refresh", "drop_after_commit"))


def _press_and_confirm(scene: Scene, how: dict[str, str] = CARD) -> None:
    scene.press()
    scene.confirm(how)
    scene.rest()


def _delete_and_confirm(scene: Scene) -> None:
    scene.press()
    scene.books("delete", entity="Invoice", id=scene.invoices[-1]["Id"])
    scene.confirm(CARD)
    scene.rest()


def _raise_and_confirm(scene: Scene) -> None:
    scene.press()
    [line, *_] = scene.invoices[-1]["Line"]
    changed = {**line, "Amount": 300.00}
    for field in ("Qty", "UnitPrice"):
        changed["SalesItemLineDetail"].pop(field, None)
    scene.books("edit", entity="Invoice", id=scene.invoices[-1]["Id"], changes={"Line": [changed]})
    scene.confirm(CARD)
    scene.rest()


def _receive_by_hand(scene: Scene) -> None:
    invoice = scene.invoices[-1]
    scene.press()
    line = {"Amount": 480.00, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    scene.write("Payment", CustomerRef=invoice["CustomerRef"], TotalAmt=480.00, Line=[line], PaymentRefNum="Check 2041")
    scene.confirm(CARD)
    scene.rest()


def _close_today(scene: Scene) -> None:
    scene.close_books(scene.now().date().isoformat())
    scene.rest()


def _open_again(scene: Scene) -> None:
    scene.close_books("")
    scene.rest()


def _merge_and_confirm(scene: Scene) -> None:
    scene.press()
    winner = scene.meet("Cedar Yard and Sons")
    scene.books("merge", entity="Customer", loser=scene.customers[0], winner=winner)
    scene.confirm(CARD)
    scene.rest()


def _send_twice(scene: Scene) -> None:
    scene.books("switches", webhook_copies=2)


def _silence(scene: Scene) -> None:
    scene.stripe("webhooks", mode="drop")
    scene.books("webhooks", mode="drop")


def _decline_then_pay(scene: Scene) -> None:
    scene.press()
    scene.confirm(DECLINED)
    scene.rest()
    scene.confirm(CARD)
    scene.rest()


def _maintenance(scene: Scene) -> None:
    scene.press()
    scene.faults(_quickbooks("*", "status_html:503", times=0))
    scene.confirm(CARD)
    for _ in range(3):
        scene.pass_time(2 * HOUR)


def _maintenance_ends(scene: Scene) -> None:
    scene.faults([])
    scene.pass_time(HOUR)
    scene.pass_time(DAY / 4)


STORIES = (
    Story(
        "token-reply-lost",
        "The answer with the new token is lost",
        "Intuit has changed the refresh token and nobody received it; asking again with the old one finds the new one.",
        (
            _BILLED,
            _OPENED,
            Step("The access token has ended, and Intuit's answer with the next one is lost.", _lose_token_reply),
            Step("The customer pays; it is recorded all the same.", _press_and_confirm),
        ),
        WELL,
    ),
    Story(
        "reply-lost",
        "QuickBooks records a payment and its answer is lost",
        "What may have arrived is looked up before it is sent again: one payment, once.",
        (
            _BILLED,
            _OPENED,
            Step(
                "The next answer to a payment will be lost after QuickBooks has written it.",
                lambda scene: scene.faults(_quickbooks("payment.create", "drop_after_commit")),
            ),
            Step("The customer pays; the books hold it once.", _press_and_confirm),
            Step("An hour passes, and nothing changes.", lambda scene: scene.pass_time(HOUR)),
        ),
        WELL,
    ),
    Story(
        "invoice-deleted",
        "The invoice is deleted while it is being paid",
        "Money that came is never dropped: it is recorded as the customer's credit, and somebody is told.",
        (
            _BILLED,
            _OPENED,
            Step("Pay is pressed; before the card is confirmed, somebody deletes the invoice.", _delete_and_confirm),
        ),
        End(
            documents=("Expense 14.22", "Payment 480.00, unapplied 480.00"),
            findings=("overpaid 480.00",),
            stripe_minor=NET,
            clearing_minor=NET,
            owed_minor=-480_00,
        ),
    ),
    Story(
        "invoice-lowered",
        "The invoice is lowered while it is being paid",
        "What is more than the invoice still asks becomes the customer's credit.",
        (
            _BILLED,
            _OPENED,
            Step("Pay is pressed for 480.00; meanwhile the invoice is lowered to 300.00.", _raise_and_confirm),
        ),
        End(
            documents=("Expense 14.22", "Invoice 300.00, open 0.00", "Payment 480.00, unapplied 180.00"),
            findings=("overpaid 180.00",),
            stripe_minor=NET,
            clearing_minor=NET,
            owed_minor=-180_00,
        ),
    ),
    Story(
        "paid-by-check-too",
        "Somebody records a check for the same invoice",
        "The invoice is paid twice: the second money is recorded and stays the customer's.",
        (
            _BILLED,
            _OPENED,
            Step("Pay is pressed; meanwhile the bookkeeper records a check over 480.00.", _receive_by_hand),
        ),
        End(
            documents=(*PAID, "Payment 480.00, unapplied 480.00"),
            findings=("overpaid 480.00",),
            stripe_minor=NET,
            clearing_minor=NET,
            owed_minor=-480_00,
        ),
    ),
    Story(
        "books-closed",
        "The books are closed over the day of a payment",
        "QuickBooks refuses. The postings wait with the reason until the books are open and a person retries.",
        (
            _BILLED,
            _OPENED,
            Step("The accountant closes the books to the end of today.", _close_today),
            Step("The customer pays; what was taken waits for a decision.", _press_and_confirm),
        ),
        End(
            documents=("Invoice 480.00, open 480.00",),
            findings=("posting_held 494.22",),
            stripe_minor=NET,
            owed_minor=480_00,
        ),
    ),
    Story(
        "customer-merged",
        "The customer is merged into another while paying",
        "The payer of the posting is gone: it waits with the reason, and nothing is booked to a wrong customer.",
        (
            _BILLED,
            _OPENED,
            Step("Pay is pressed; meanwhile the bookkeeper merges the customer into another.", _merge_and_confirm),
        ),
        End(
            documents=("Expense 14.22", "Invoice 480.00, open 480.00"),
            findings=("posting_held 480.00",),
            stripe_minor=NET,
            clearing_minor=-14_22,
            owed_minor=480_00,
        ),
    ),
    Story(
        "webhooks-silent",
        "No webhook comes through for a day",
        "Webhooks are hints: looking by itself, the product finds everything.",
        (
            Step("From now on no webhook of QuickBooks or Stripe is delivered.", _silence),
            _BILLED,
            _OPENED,
            Step("The customer pays; nobody tells.", _press_and_confirm),
            Step("A day passes.", lambda scene: scene.days(1)),
        ),
        WELL,
    ),
    Story(
        "duplicate-deliveries",
        "Every webhook is delivered twice",
        "A second delivery changes nothing.",
        (
            _BILLED,
            Step("From now on QuickBooks sends each webhook twice.", _send_twice),
            Step("The customer pays by card.", Scene.pay),
            Step(
                "Stripe sends all events of the payment once more.",
                lambda scene: scene.do_with(lambda: _send_again(scene)),
            ),
        ),
        WELL,
    ),
    Story(
        "quickbooks-away",
        "QuickBooks is under maintenance for six hours",
        "Payments go on; what they owe the books waits, and arrives by itself afterwards.",
        (
            _BILLED,
            _OPENED,
            Step("QuickBooks answers with its maintenance page; the customer pays, and six hours pass.", _maintenance),
            Step("It is back.", _maintenance_ends),
        ),
        WELL,
    ),
    Story(
        "card-declined",
        "The first card is declined, the second is good",
        "One payment with two attempts: the books see the one that took money.",
        (
            _BILLED,
            _OPENED,
            Step("The first card is declined; the customer takes another.", _decline_then_pay),
        ),
        WELL,
    ),
)


def _send_again(scene: Scene) -> None:
    for event in scene.stripe("state", kind="events")["events"]:
        held = event["data"]["object"]
        if scene.intents[-1] in (held.get("id"), held.get("payment_intent")):
            scene.stripe("resend", event=event["id"])
