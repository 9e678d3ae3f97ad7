"""`demo --check`: the main job without a person, from a customer's link to a tie-out of 0.00.

Every step is one that a person could take, over HTTP and the command line. Law: it ends well only if nothing is
unexplained, nothing is stuck, and the books hold what was paid.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sandbox.demo import screen
from sandbox.demo.arrival import SLUG, Arrived, open_invoices
from sandbox.demo.payer import BANK, CARD, Payer
from sandbox.demo.stage import Stage, Waited
from sandbox.demo.visitor import Lost

DAYS_AT_MOST = 14
A_MOMENT = 1.5  # real seconds in which the product follows the first day that has passed; it gets more with each
RECORDED, ON_ITS_WAY = "Recorded in", "On its way"


def check(stage: Stage, arrived: Arrived) -> int:
    """Play it through; returns the exit code."""
    payer = Payer(stage)
    invoices = open_invoices(stage)
    if len(invoices) < 3:
        raise Lost(f"{arrived.customer} has {len(invoices)} open invoices, and three are needed")
    with screen.step("A customer opens the link of an invoice"):
        _expect(payer.browser.open(stage.web_url + arrived.path).text, arrived.invoice, "the invoice's page")
    with screen.step("Signs in by a mailed link and pays two invoices by card, in one payment"):
        by_card = payer.pay(payer.choose(payer.sign_in(), [one["id"] for one in invoices[:2]]), CARD)
    with screen.step("The payment is recorded in the books, and the receipt is in the mail"):
        payer.wait_until(by_card, RECORDED)
        _expect(" ".join(payer.receipt(by_card)["papers"]), ".pdf", "the receipt's mail")
    with screen.step("Pays a third by bank debit"):
        by_bank = payer.pay(payer.choose(payer.home(), [invoices[2]["id"]]), BANK)
        payer.wait_until(by_bank, ON_ITS_WAY)
    with screen.step("The debit settles after some days and is recorded"):
        _days_until(stage, "the debit's receipt", lambda: payer.has_receipt(by_bank))
        payer.sign_in()  # the earlier visit has ended: days have passed
        payer.wait_until(by_bank, RECORDED)
    with screen.step("A payout arrives at the bank and is recorded"):
        _days_until(stage, "a payout in the books", lambda: _payout_is_recorded(stage))
    with screen.step("Nothing is left on its way to the books, and no mail is left behind"):
        stage.wait_for("the last posting", lambda: _nothing_on_its_way(stage))
    return _verdict(stage)


def _days_until(stage: Stage, what: str, is_so: Callable[[], Any]) -> None:
    """Let days pass, one at a time, until something is so."""
    for day in range(DAYS_AT_MOST):
        stage.control("clock/advance", {"days": 1})
        stage.control("settle", {"timeout": 10})
        if _soon(stage, is_so, A_MOMENT * (1 + day / 2)):  # a busy machine is behind, and further with each day
            return
    raise Lost(f"{DAYS_AT_MOST} days went by without {what}")


def _soon(stage: Stage, is_so: Callable[[], Any], seconds: float) -> bool:
    try:
        return bool(stage.wait_for("it", is_so, seconds=seconds))
    except Waited:
        return False


def _payout_is_recorded(stage: Stage) -> bool:
    return bool(_status(stage)["posted"].get("Transfer"))


def _nothing_on_its_way(stage: Stage) -> bool:
    return not any(_status(stage)["on_its_way"].values())


def _status(stage: Stage) -> dict[str, Any]:
    return dict(json.loads(stage.tieout("status", "--company", SLUG, "--json"))[SLUG])


def _verdict(stage: Stage) -> int:
    """Print the tie-out and judge: unexplained cents, anything that waits for a person, a broken chain."""
    proof = stage.run("prove", "--live", "--company", SLUG)
    chain = stage.run("verify-chain", "--company", SLUG)
    stuck = {what: number for what, number in _status(stage)["for_a_person"].items() if number}
    if stuck:
        screen.sorry(f"Something waits for a person: {stuck}\n{stage.tieout('discrepancies', '--company', SLUG)}")
    if chain.returncode:
        screen.sorry(chain.stdout.strip())
    screen.say("")
    print((proof.stdout or proof.stderr).strip(), flush=True)
    return int(bool(proof.returncode or chain.returncode or stuck))


def _expect(text: str, word: str, where: str) -> None:
    if word not in text:
        raise Lost(f"{where} does not say {word!r}: {text[:300]}")
