"""What QuickBooks refuses: held or waiting, in words a bookkeeper can act on, one discrepancy for each cause."""

from __future__ import annotations

import pytest

from connector.errors import WrongInput
from connector.qbo.throttle import MemoryThrottle
from connector.store.companies import MappingRow
from sync.pushing import decisions, waiting
from sync.pushing.decisions import drop, hold, retry, retry_all
from sync.pushing.dry_run import dry_run
from sync.pushing.held import KIND as HELD
from sync.pushing.refusals import refusal_of
from sync.pushing.sending import UNAPPLIED
from sync.pushing.verdicts import Outcome
from sync.runtime import Runtime
from tests.sync.outbox.rig import Rig


def _charge(rig: Rig, *, minor: int = 10000, fee: int = 0, name: str = "Blue Mesa Ranch") -> str:
    customer = rig.customer(name)
    return rig.owe(*rig.charge(customer, {rig.invoice(customer, minor, "1068"): minor}, fee=fee))[0]


def _close_books(rig: Rig) -> None:
    rig.edit("Preferences", "1", AccountingInfoPrefs={"BookCloseDate": rig.today.isoformat()})


def test_a_closed_period_holds_every_posting_under_one_discrepancy(rig: Rig) -> None:
    first, second = _charge(rig, fee=320), _charge(rig, minor=25000, name="Cedar Hill Dental")
    _close_books(rig)
    assert rig.push()[Outcome.HELD] == 3

    row = rig.posting(first)
    assert (row.state, row.held_code) == ("held", "6210")
    assert "closed" in row.held_text
    assert "first open day" in row.held_next
    (cause,) = rig.open_discrepancies()
    assert (cause.kind, cause.subject, cause.amount_minor, cause.explains) == (HELD, "6210/USD", 35320, True)
    assert cause.sentence.startswith("3 postings, $353.20 together, wait to be recorded in QuickBooks")
    assert rig.log_lines()[0].startswith("Payment of Blue Mesa Ranch waits: the period of this date is closed")

    rig.edit("Preferences", "1", AccountingInfoPrefs={"BookCloseDate": "2020-12-31"})
    retry(rig.rt, second, "staff-pat")
    assert rig.push()[Outcome.POSTED] == 1
    (cause,) = rig.open_discrepancies()
    assert cause.amount_minor == 10320
    assert retry_all(rig.rt, rig.company_id, "6210", "staff-pat") == 2
    assert rig.push()[Outcome.POSTED] == 2
    assert rig.open_discrepancies() == []
    assert rig.posting(first).generation == 2, "a definite no was answered by a person's decision"
    assert rig.posting(first).held_text == ""


def test_all_are_retried_but_what_somebody_decided_meanwhile(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    held = [_charge(rig), _charge(rig, minor=25000, name="Cedar Hill Dental"), _charge(rig, minor=900, name="Oak")]
    _close_books(rig)
    rig.push()

    def slow(rt: Runtime, posting_id: str, staff_id: str) -> None:
        if posting_id == held[0]:
            drop(rt, held[1], "staff-kim", "it is there by hand")
        retry(rt, posting_id, staff_id)

    monkeypatch.setattr(decisions, "retry", slow)
    assert retry_all(rig.rt, rig.company_id, "6210", "staff-pat") == 2
    assert [rig.posting(one).state for one in held] == ["due", "dropped", "due"]


def test_a_held_posting_can_be_dated_to_the_first_open_day(rig: Rig) -> None:
    posting_id = _charge(rig)
    true_day = rig.today
    _close_books(rig)
    rig.push()
    rig.later(2 * 86400)
    retry(rig.rt, posting_id, "staff-pat", day=rig.today)
    assert rig.push()[Outcome.POSTED] == 1
    (payment,) = rig.in_books("Payment")
    assert payment["TxnDate"] == rig.today.isoformat()
    assert true_day.isoformat() in payment["PrivateNote"]


def test_an_inactive_customer_holds_only_that_customer(rig: Rig) -> None:
    posting_id = _charge(rig)
    other = _charge(rig, name="Cedar Hill Dental")
    customer = rig.posting(posting_id).customer_id
    rig.edit("Customer", customer, Active=False)
    outcomes = rig.push()
    assert (outcomes[Outcome.HELD], outcomes[Outcome.POSTED]) == (1, 1)
    assert rig.posting(other).state == "posted"
    row = rig.posting(posting_id)
    assert row.held_code == "610"
    assert "active again" in row.held_next
    (cause,) = rig.open_discrepancies()
    assert cause.subject == f"610/{customer}/USD"


def test_an_account_that_does_not_exist_is_held_with_what_to_do(rig: Rig) -> None:
    with rig.db.write("spoil") as session:
        mapping = session.get(MappingRow, (rig.company_id, "clearing", "USD"))
        assert mapping is not None
        mapping.qbo_id = "99999"
    posting_id = _charge(rig)
    assert rig.push()[Outcome.HELD] == 1
    assert rig.posting(posting_id).held_code == "2500"
    assert "does not exist" in rig.posting(posting_id).held_text


def test_no_account_chosen_is_held_without_a_call(rig: Rig) -> None:
    with rig.db.write("spoil") as session:
        session.delete(session.get(MappingRow, (rig.company_id, "bank", "USD")))
    (posting_id,) = rig.owe(rig.payout(95000))
    assert rig.push()[Outcome.HELD] == 1
    row = rig.posting(posting_id)
    assert (row.held_code, row.attempt) == ("no_account", 0)
    assert "No bank account is chosen for payouts" in row.held_text
    assert rig.attempts(posting_id) == []
    assert "No bank account" in dry_run(rig.rt, posting_id).why_not

    with rig.db.write("choose") as session:
        session.add(MappingRow(company_id=rig.company_id, role="bank", currency="USD", qbo_id=rig.accounts["bank"]))
    assert retry_all(rig.rt, rig.company_id, "no_account", "staff-pat") == 1
    assert rig.push()[Outcome.POSTED] == 1
    assert rig.posting(posting_id).generation == 1, "nothing was ever sent under the first"


def test_another_currency_is_a_persons_decision(rig: Rig) -> None:
    posting_id = _charge(rig)
    with rig.db.write("spoil") as session:
        row = rig.posting(posting_id)
        row.currency = "EUR"
        session.add(row)
    assert rig.push()[Outcome.HELD] == 1
    assert rig.posting(posting_id).held_code == "other_currency"


def test_a_lapsed_subscription_lets_the_company_wait_and_drains_by_itself(rig: Rig) -> None:
    first, second = _charge(rig), _charge(rig, name="Cedar Hill Dental")
    rig.world.quickbooks.switches.set({"subscription": "lapsed"})
    assert rig.push().outcomes == {Outcome.PAUSED: 1}, "one refusal is enough for all"
    assert [rig.posting(one).state for one in (first, second)] == ["due", "due"]
    (cause,) = rig.open_discrepancies()
    assert (cause.kind, cause.subject) == (waiting.PAUSED, "6190")
    assert "Renew" in cause.next_step
    rig.world.quickbooks.switches.set({"subscription": "active"})
    rig.later(901)
    assert rig.push()[Outcome.POSTED] == 2
    assert rig.open_discrepancies() == []
    assert rig.posting(first).generation == 1


@pytest.mark.parametrize("fault", ["throttled", "xml_throttle"])
def test_too_many_requests_wait_and_are_no_attempt(rig: Rig, fault: str) -> None:
    posting_id = _charge(rig)
    rig.faults(("payment.create", fault))
    assert rig.push().outcomes == {Outcome.PAUSED: 1}
    row = rig.posting(posting_id)
    assert (row.state, row.attempt, row.held_code) == ("due", 0, "")
    rig.later(30)
    assert rig.push().outcomes == {}
    rig.later(31)
    assert rig.push()[Outcome.POSTED] == 1
    assert [a.operation for a in rig.attempts(posting_id)] == ["payment.create"] * 4, "no look: nothing had happened"


def test_our_own_throttle_is_no_attempt_either(rig: Rig) -> None:
    posting_id = _charge(rig)
    assert isinstance(rig.throttle, MemoryThrottle)
    rig.throttle.pause(rig.realm, 40)
    assert rig.push().outcomes == {Outcome.PAUSED: 1}
    assert rig.posting(posting_id).attempt == 0


def test_a_changed_link_is_tried_once_more_at_once(rig: Rig) -> None:
    posting_id = _charge(rig)
    rig.faults(("payment.create", "stale_5010"))
    assert rig.push()[Outcome.POSTED] == 1
    assert [a.outcome for a in rig.attempts(posting_id)] == ["", "stale", "", "ok"]


def test_a_link_that_keeps_changing_is_held(rig: Rig) -> None:
    posting_id = _charge(rig)
    rig.faults({"match": {"service": "quickbooks", "operation": "payment.create", "times": 2}, "do": "stale_5010"})
    assert rig.push()[Outcome.HELD] == 1
    assert rig.posting(posting_id).held_code == "5010"
    retry(rig.rt, posting_id, "staff-pat")
    assert rig.push()[Outcome.POSTED] == 1


@pytest.mark.parametrize("fault", ["fault_200", "system_10000", "status:503", "status_html:502", "truncate:15"])
def test_what_is_not_a_definite_answer_is_looked_for(rig: Rig, fault: str) -> None:
    posting_id = _charge(rig)
    rig.faults(("payment.create", fault))
    assert rig.push().outcomes == {Outcome.UNKNOWN: 1}
    assert rig.posting(posting_id).state == "unknown"
    rig.later(6)
    assert rig.push()[Outcome.POSTED] == 1
    assert len(rig.in_books("Payment")) == 1


@pytest.mark.parametrize("how", ["disconnected", "no_rights_120"])
def test_a_lost_connection_keeps_postings_due_under_one_discrepancy(rig: Rig, how: str) -> None:
    posting_id = _charge(rig, fee=320)
    if how == "disconnected":
        rig.gateways.is_connected = False
    else:
        rig.faults({"match": {"service": "quickbooks", "operation": "payment.create", "times": 0}, "do": how})
    assert rig.push().outcomes == {Outcome.RECONNECT: 1}
    row = rig.posting(posting_id)
    assert (row.state, row.attempt) == ("due", 0)
    (cause,) = rig.open_discrepancies()
    assert (cause.kind, cause.amount_minor) == (waiting.NEEDS_RECONNECT, 10320)
    rig.later(61)
    rig.push()
    assert len(rig.open_discrepancies()) == 1
    rig.gateways.is_connected = True
    rig.faults()
    rig.later(61)
    assert rig.push()[Outcome.POSTED] == 2
    assert rig.open_discrepancies() == []


def test_an_invoice_paid_elsewhere_meanwhile_is_held_and_then_posted_as_far_as_it_fits(rig: Rig) -> None:
    posting_id = _charge(rig)
    customer = rig.posting(posting_id).customer_id
    (invoice,) = rig.in_books("Invoice")
    line = {"Amount": 60, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    rig.by_hand("Payment", CustomerRef={"value": customer}, TotalAmt=60, Line=[line])
    assert rig.push()[Outcome.HELD] == 1
    row = rig.posting(posting_id)
    assert row.held_code == "6000"
    assert "open balance" in row.held_text, "QuickBooks' own words are quoted"

    retry(rig.rt, posting_id, "staff-pat")
    assert rig.push()[Outcome.POSTED] == 1
    ours = next(one for one in rig.in_books("Payment") if one.get("PaymentRefNum") == row.reference)
    assert (str(ours["TotalAmt"]), str(ours["UnappliedAmt"])) == ("100", "60")
    (cause,) = rig.open_discrepancies()
    assert (cause.kind, cause.amount_minor) == (UNAPPLIED, 6000)


def test_a_voided_invoice_leaves_the_money_on_the_customer(rig: Rig) -> None:
    posting_id = _charge(rig)
    (invoice,) = rig.in_books("Invoice")
    rig.hands.control("void", {"entity": "Invoice", "id": invoice["Id"]}, reading=False)
    assert rig.push()[Outcome.HELD] == 1
    assert rig.posting(posting_id).held_code == "620"
    retry(rig.rt, posting_id, "staff-pat")
    assert rig.push()[Outcome.POSTED] == 1
    (payment,) = rig.in_books("Payment")
    assert (payment["Line"], str(payment["UnappliedAmt"])) == ([], "100")
    assert rig.balance("clearing") == 10000


def test_a_person_can_hold_and_drop(rig: Rig) -> None:
    posting_id = _charge(rig)
    hold(rig.rt, posting_id, "staff-pat")
    assert rig.push().outcomes == {}
    with pytest.raises(WrongInput, match="few words"):
        drop(rig.rt, posting_id, "staff-pat", " ")
    drop(rig.rt, posting_id, "staff-pat", "entered by hand on Tuesday")
    assert rig.posting(posting_id).state == "dropped"
    assert rig.open_discrepancies() == []
    with pytest.raises(WrongInput, match="dropped"):
        retry(rig.rt, posting_id, "staff-pat")


def test_what_is_posted_cannot_be_retried(rig: Rig) -> None:
    posting_id = _charge(rig)
    rig.push()
    with pytest.raises(WrongInput, match="already"):
        retry(rig.rt, posting_id, "staff-pat")


def test_the_day_cannot_change_while_the_outcome_is_unknown(rig: Rig) -> None:
    posting_id = _charge(rig)
    rig.faults(("payment.create", "drop_after_commit"))
    rig.push()
    rig.later(86400)
    with pytest.raises(WrongInput, match="may stand in QuickBooks"):
        retry(rig.rt, posting_id, "staff-pat", day=rig.today)


def test_what_waits_for_an_hour_is_named_and_then_not(rig: Rig) -> None:
    _charge(rig)
    rig.faults({"match": {"service": "quickbooks", "times": 0}, "do": "status:503"})
    rig.push()
    rig.later(3700)
    rig.push()
    assert waiting.name_late(rig.rt, rig.company_id) == 1
    assert [one.kind for one in rig.open_discrepancies()] == [waiting.LATE]
    assert "1 posting ($100.00) has waited for more than an hour." in rig.open_discrepancies()[0].sentence
    rig.faults()
    rig.later(901)
    assert rig.push()[Outcome.POSTED] == 1
    with rig.db.read() as session:
        assert waiting.companies_to_look_at(session, rig.clock.now()) == [rig.company_id]
    assert waiting.name_late(rig.rt, rig.company_id) == 0
    assert rig.open_discrepancies() == []
    with rig.db.read() as session:
        assert waiting.companies_to_look_at(session, rig.clock.now()) == []


@pytest.mark.parametrize("code", ["500", "2010", "2020", "2050", "2090", "6070", "99999", "6140", "6240", "6540"])
def test_every_refusal_says_why_and_what_to_do_in_sentences(code: str) -> None:
    refusal = refusal_of(code, "Detail of QuickBooks.")
    assert refusal.why.endswith(".")
    assert refusal.next_step.endswith(".")
    assert code not in refusal.why
