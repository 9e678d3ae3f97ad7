"""Exactly once, whatever is lost: replies, memories of requestids, workers, leases."""

from __future__ import annotations

import threading

import msgspec
import pytest

from connector.errors import UnknownOutcome
from connector.ledger.postings import Posting
from sync.push import push_company
from sync.pushing import attempts, claims
from sync.pushing.claims import Claim
from sync.pushing.decisions import retry
from sync.pushing.sending import DUPLICATE, send
from sync.pushing.verdicts import Outcome
from tests.sync.outbox.rig import Rig

ENTITY = {"charge": "Payment", "fee": "Purchase", "payout": "Transfer"}


def _posting(rig: Rig, kind: str) -> Posting:
    if kind == "payout":
        return rig.payout(95000)
    customer = rig.customer("Blue Mesa Ranch")
    charge, fee = rig.charge(customer, {rig.invoice(customer, 10000, "1068"): 10000}, fee=320)
    return charge if kind == "charge" else fee


@pytest.mark.parametrize("memory", ["kept", "forget_requestid", "ignore_requestid"])
@pytest.mark.parametrize("kind", ["charge", "fee", "payout"])
def test_a_lost_reply_leaves_one_document(rig: Rig, kind: str, memory: str) -> None:
    entity = ENTITY[kind]
    (posting_id,) = rig.owe(_posting(rig, kind))
    create = f"{entity.lower()}.create"
    rules = [{"match": {"service": "quickbooks", "operation": create}, "do": "drop_after_commit"}]
    if memory != "kept":
        rules.append({"match": {"service": "quickbooks", "operation": create, "times": 0}, "do": memory})
    rig.faults(*rules)

    assert rig.push()[Outcome.UNKNOWN] == 1
    assert rig.posting(posting_id).state == "unknown"
    assert rig.push().outcomes == {}, "an unknown outcome is not asked for again at once"
    rig.later(6)
    assert rig.push()[Outcome.POSTED] == 1

    documents = rig.in_books(entity)
    assert len(documents) == 1
    assert rig.posting(posting_id).remote_id == documents[0]["Id"]
    steps = [(row.way, row.operation.partition(".")[2], row.outcome) for row in rig.attempts(posting_id)]
    assert steps == [
        ("sent", "create", ""),
        ("received", "create", "unknown"),
        ("sent", "find", ""),
        ("received", "find", "ok"),
    ]


@pytest.mark.parametrize("kind", ["charge", "fee", "payout"])
def test_a_request_that_never_arrived_is_sent_again_as_it_was(rig: Rig, kind: str) -> None:
    (posting_id,) = rig.owe(_posting(rig, kind))
    rig.faults((f"{ENTITY[kind].lower()}.create", "reset_before"))
    rig.push()
    rig.later(6)
    assert rig.push()[Outcome.POSTED] == 1
    assert len(rig.in_books(ENTITY[kind])) == 1
    sent = [row for row in rig.attempts(posting_id) if row.way == "sent" and row.operation.endswith(".create")]
    assert len(sent) == 2
    assert len({row.request_id for row in sent}) == 1
    bodies = {rig.rt.vault.open(row.body_cipher, company_id=rig.company_id, column=attempts.BODY) for row in sent}
    assert len(bodies) == 1


def test_a_worker_that_died_after_the_create_is_followed_by_a_look(rig: Rig) -> None:
    (posting_id,) = rig.owe(_posting(rig, "charge"))
    taken = claims.claim(rig.rt, rig.company_id, posting_id)
    assert isinstance(taken, Claim)
    rig.gateway.create(taken.document, body=taken.body, request_id=taken.row.request_id)  # and here the process ends

    assert rig.push().outcomes == {}, "the lease of the dead worker still stands"
    rig.later(claims.LEASE_SECONDS + 1)
    assert rig.push()[Outcome.POSTED] == 1
    assert len(rig.in_books("Payment")) == 1


def test_a_slow_worker_whose_lease_was_taken_over_writes_only_what_it_saw(rig: Rig) -> None:
    (posting_id,) = rig.owe(_posting(rig, "charge"))
    slow = claims.claim(rig.rt, rig.company_id, posting_id)
    assert isinstance(slow, Claim)
    rig.later(claims.LEASE_SECONDS + 1)
    assert rig.push()[Outcome.POSTED] == 1
    before = rig.posting(posting_id)

    assert send(rig.rt, rig.gateway, slow) is Outcome.FENCED

    assert len(rig.in_books("Payment")) == 1, "the requestid gave the slow worker the first answer"
    assert rig.posting(posting_id) == before
    assert [row.outcome for row in rig.attempts(posting_id)][-1] == "ok"
    assert rig.log_lines() == ["Payment of Blue Mesa Ranch posted to invoice 1068"]
    assert attempts.verify_chain(rig.rt, rig.company_id) == []


def test_two_workers_at_once_post_everything_once(rig: Rig) -> None:
    customer = rig.customer("Blue Mesa Ranch")
    invoice = rig.invoice(customer, 100000, "1068")
    for _ in range(6):
        rig.owe(*rig.charge(customer, {invoice: 1000}, fee=59))
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        for _ in range(3):
            push_company(rig.rt, rig.company_id)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    rig.push()
    assert len(rig.in_books("Payment")) == 6
    assert len(rig.in_books("Purchase")) == 6
    assert attempts.verify_chain(rig.rt, rig.company_id) == []


def test_one_claim_at_a_time_even_without_the_lease_on_the_company(rig: Rig) -> None:
    (posting_id,) = rig.owe(_posting(rig, "charge"))
    start, taken = threading.Barrier(4), []

    def work() -> None:
        start.wait()
        taken.append(claims.claim(rig.rt, rig.company_id, posting_id))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(isinstance(one, Claim) for one in taken) == 1
    assert taken.count(Outcome.FENCED) == 3


def test_two_documents_with_our_reference_are_named(rig: Rig) -> None:
    posting = _posting(rig, "charge")
    (posting_id,) = rig.owe(posting)
    rig.faults(("payment.create", "drop_after_commit"))
    rig.push()
    (ours,) = rig.in_books("Payment")
    copied = ("CustomerRef", "TotalAmt", "DepositToAccountRef", "PaymentRefNum", "PrivateNote", "TxnDate")
    again = rig.by_hand("Payment", **{name: msgspec.to_builtins(ours[name], builtin_types=()) for name in copied})
    rig.later(6)
    assert rig.push()[Outcome.POSTED] == 1
    assert rig.posting(posting_id).remote_id == ours["Id"], "the elder one is ours"
    (named,) = rig.open_discrepancies()
    assert named.kind == DUPLICATE
    assert ours["Id"] in named.sentence
    assert again in named.sentence


def test_a_document_that_was_changed_before_we_knew_of_it_is_held_not_doubled(rig: Rig) -> None:
    (posting_id,) = rig.owe(_posting(rig, "charge"))
    rig.faults(("payment.create", "drop_after_commit"))
    rig.push()
    (ours,) = rig.in_books("Payment")
    rig.edit("Payment", ours["Id"], TotalAmt=90, Line=[])
    rig.later(6)
    assert rig.push()[Outcome.HELD] == 1
    assert rig.posting(posting_id).held_code == "differs"
    assert len(rig.in_books("Payment")) == 1


def test_a_document_that_was_deleted_before_we_knew_of_it_waits_for_a_person(rig: Rig) -> None:
    (posting_id,) = rig.owe(_posting(rig, "charge"))
    rig.faults(("payment.create", "drop_after_commit"))
    rig.push()
    (ours,) = rig.in_books("Payment")
    rig.hands.control("delete", {"entity": "Payment", "id": ours["Id"]}, reading=False)
    rig.later(6)
    assert rig.push()[Outcome.HELD] == 1, "QuickBooks replayed the success of a document that is gone"
    assert rig.posting(posting_id).held_code == "removed"
    assert rig.in_books("Payment") == []

    retry(rig.rt, posting_id, "staff-pat")
    assert rig.push()[Outcome.POSTED] == 1
    assert rig.posting(posting_id).generation == 2
    assert len(rig.in_books("Payment")) == 1


def test_a_voided_document_does_not_count_as_found(rig: Rig) -> None:
    (posting_id,) = rig.owe(_posting(rig, "charge"))
    rig.faults(
        {"match": {"service": "quickbooks", "operation": "payment.create"}, "do": "drop_after_commit"},
        {"match": {"service": "quickbooks", "operation": "payment.create", "times": 0}, "do": "ignore_requestid"},
    )
    rig.push()
    (ours,) = rig.in_books("Payment")
    rig.hands.control("void", {"entity": "Payment", "id": ours["Id"]}, reading=False)
    rig.later(6)
    assert rig.push()[Outcome.POSTED] == 1
    assert rig.posting(posting_id).remote_id != ours["Id"]


def test_a_look_that_fails_changes_nothing(rig: Rig) -> None:
    (posting_id,) = rig.owe(_posting(rig, "charge"))
    rig.faults(
        ("payment.create", "drop_after_commit"),
        {"match": {"service": "quickbooks", "operation": "query", "times": 3}, "do": "status:503"},
    )
    rig.push()
    rig.later(6)
    assert rig.push()[Outcome.PAUSED] == 1
    assert rig.posting(posting_id).state == "unknown"
    rig.later(60)
    assert rig.push()[Outcome.POSTED] == 1
    assert len(rig.in_books("Payment")) == 1


def test_the_gateway_says_unknown_for_what_may_have_happened(rig: Rig) -> None:
    """The rule all of the above stands on."""
    (posting_id,) = rig.owe(_posting(rig, "charge"))
    rig.faults(("payment.create", "drop_after_commit"))
    taken = claims.claim(rig.rt, rig.company_id, posting_id)
    assert isinstance(taken, Claim)
    with pytest.raises(UnknownOutcome):
        rig.gateway.create(taken.document, body=taken.body, request_id=taken.row.request_id)
