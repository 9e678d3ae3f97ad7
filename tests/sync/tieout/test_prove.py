"""Proving over both stand-ins: it ties at 0.00 through a payment's whole life, and names one cent changed anywhere."""

from __future__ import annotations

import pytest
from sqlmodel import select

from connector.store.books import TieoutRow
from connector.store.companies import ConnectionRow
from connector.store.money import BalanceTxnRow
from connector.words import money_text
from sync import stripe_feed
from sync.discrepancies import close
from sync.pushing.decisions import drop, hold
from sync.tieout import CurrencyProof, latest, prove
from tests.sync.settle.till import GOOD_BANK, Till


def run(till: Till, *, live: bool = True) -> CurrencyProof:
    """Prove, and return the one currency."""
    (result,) = prove(till.rt, till.company_id, live=live).results
    between = sum(line.amount.minor for line in result.lines)
    assert result.stripe.minor == result.books.minor + between, "the lines are exactly what lies between"
    return result


def by_why(result: CurrencyProof) -> dict[str, int]:
    return {line.why: line.amount.minor for line in result.lines}


def _txns(till: Till) -> list[BalanceTxnRow]:
    with till.db.read() as session:
        return list(session.exec(select(BalanceTxnRow).where(BalanceTxnRow.company_id == till.company_id)))


def _journal(till: Till, debit: dict[str, str], credit: dict[str, str], amount: float) -> str:
    lines = [
        {
            "Amount": amount,
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {"PostingType": side, "AccountRef": account},
        }
        for side, account in (("Debit", debit), ("Credit", credit))
    ]
    return till.by_hand("JournalEntry", Line=lines)


def settled(till: Till, minor: int = 100000, **how: object) -> str:
    """Take a card payment, settle and push it; returns the Payment's id in QuickBooks."""
    payment_id = till.paid({till.open_invoice(minor, "1068"): minor}, **how)
    till.settle(payment_id)
    till.push()
    return str(till.in_books("Payment")[-1]["Id"])


def test_books_without_money_tie(till: Till) -> None:
    result = run(till)
    assert (result.ties, result.stripe.minor, result.books.minor, result.lines) == (True, 0, 0, ())


def test_a_payment_ties_at_every_step_of_its_life(till: Till) -> None:
    till.order("switches", payout_interval="manual")
    payment_id = till.paid({till.open_invoice(100000, "1068"): 100000})
    seen = run(till)
    assert (seen.ties, list(by_why(seen))) == (True, ["pending"]), "Stripe has it, its postings are owed"
    till.settle(payment_id)
    owed = run(till)
    assert (owed.ties, list(by_why(owed))) == (True, ["pending"])
    assert owed.lines[0].sentence == "2 postings are on the way to QuickBooks."
    till.push()
    posted = run(till)
    assert (posted.ties, posted.lines, posted.stripe) == (True, (), posted.books)
    assert posted.stripe.minor == 100000 - 2930
    assert posted.postings == posted.books

    till.order("release")
    payout = till.order("payout")["payout"]["id"]
    sent = run(till)
    assert (sent.ties, by_why(sent)) == (True, {"in_transit": -97070})
    till.order("arrive", payout=payout)
    arrived = run(till)
    assert (arrived.ties, by_why(arrived)) == (True, {"pending": -97070})
    till.push()
    done = run(till)
    assert (done.ties, done.stripe.minor, done.books.minor, done.lines) == (True, 0, 0, ())
    assert till.balance("bank") == 97070


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("cents", [1, -1])
def test_one_cent_changed_in_a_payment_is_named(till: Till, cents: int, live: bool) -> None:
    qbo_id = settled(till)
    assert run(till).ties
    till.edit("Payment", qbo_id, TotalAmt=(100000 + cents) / 100, Line=[])
    result = run(till, live=live)
    assert not result.ties
    (line,) = result.lines
    assert (line.why, line.subject, line.amount.minor) == ("changed", f"Payment/{qbo_id}", -cents)
    assert f"Payment {qbo_id} was changed in QuickBooks" in line.sentence
    assert "Blue Mesa Ranch" in line.sentence
    assert money_text(line.amount - line.amount) not in line.sentence
    assert result.unexplained.minor == -cents
    (owned,) = till.open_discrepancies()
    assert (owned.kind, owned.subject) == ("books_changed", f"Payment/{qbo_id}")

    till.edit("Payment", qbo_id, TotalAmt=1000, Line=[])
    assert run(till).ties
    assert till.open_discrepancies() == []


def test_a_cent_that_the_change_feed_never_told_of_is_found_in_the_books(till: Till) -> None:
    settled(till)
    (purchase,) = till.in_books("Purchase")
    books = till.world.quickbooks.books(till.realm)
    assert books is not None
    text = books.docs.text("Purchase", purchase["Id"])
    assert text is not None
    forged = text.replace(":29.3,", ":29.31,").replace(":29.30,", ":29.31,")
    assert forged != text
    till.hands.control("load", {"documents": [{"entity": "Purchase", "text": forged}]}, reading=False)
    result = run(till)
    assert not result.ties
    assert ("changed", f"Purchase/{purchase['Id']}") in [(line.why, line.subject) for line in result.lines]


def test_our_own_document_whose_answer_was_lost_is_not_called_foreign(till: Till) -> None:
    payment_id = till.paid({till.open_invoice(100000, "1068"): 100000})
    till.settle(payment_id)
    till.faults(("payment.create", "drop_after_commit"))
    till.push()
    assert {row.state for row in till.postings()} == {"unknown", "posted"}
    result = run(till)
    assert (result.ties, result.lines, result.books.minor) == (True, (), 97070)

    (payment,) = till.in_books("Payment")
    till.edit("Payment", payment["Id"], TotalAmt=999, Line=[])
    (line,) = run(till).lines
    assert (line.why, line.amount.minor) == ("changed", 100)
    assert "Payment of Blue Mesa Ranch is $999.00 there" in line.sentence


def test_a_payout_whose_answer_was_lost_is_known_by_its_note(till: Till) -> None:
    till.order("switches", payout_interval="manual")
    settled(till)
    till.order("release")
    till.order("arrive", payout=till.order("payout")["payout"]["id"])
    stripe_feed.follow(till.rt, till.company_id)
    till.faults(("transfer.create", "drop_after_commit"))
    till.push()
    result = run(till)
    assert (result.ties, result.lines, result.books.minor) == (True, (), 0)


def test_a_copy_of_our_document_is_named_as_one(till: Till) -> None:
    qbo_id = settled(till)
    (ours,) = till.in_books("Payment")
    copied = ("CustomerRef", "DepositToAccountRef", "PaymentRefNum")
    again = till.by_hand("Payment", TotalAmt=1000, **{name: ours[name] for name in copied})
    (line,) = run(till).lines
    assert (line.why, line.subject, line.amount.minor) == ("foreign", f"Payment/{again}", -100000)
    assert "repeats Payment of Blue Mesa Ranch" in line.sentence
    assert again != qbo_id


def test_a_deleted_document_is_named(till: Till) -> None:
    qbo_id = settled(till)
    till.hands.control("delete", {"entity": "Payment", "id": qbo_id}, reading=False)
    result = run(till)
    assert by_why(result) == {"missing": 100000}
    assert "no longer in the clearing account" in result.lines[0].sentence
    assert not result.ties


def test_a_voided_document_is_named(till: Till) -> None:
    qbo_id = settled(till)
    till.hands.control("void", {"entity": "Payment", "id": qbo_id}, reading=False)
    result = run(till)
    assert by_why(result) == {"changed": 100000}
    assert not result.ties


def test_an_entry_that_is_not_ours_is_named(till: Till) -> None:
    settled(till)
    entry = till.by_hand(
        "Transfer",
        FromAccountRef={"value": till.accounts["bank"]},
        ToAccountRef={"value": till.accounts["clearing"]},
        Amount=0.01,
    )
    result = run(till)
    (line,) = result.lines
    assert (line.why, line.subject, line.amount.minor, result.ties) == ("foreign", f"Transfer/{entry}", -1, False)


def test_a_journal_entry_and_a_deposit_line_in_the_clearing_account_are_named(till: Till) -> None:
    settled(till)
    clearing, bank = {"value": till.accounts["clearing"]}, {"value": till.accounts["bank"]}
    journal = _journal(till, clearing, bank, 5)
    deposit_line = {"Amount": 3, "DetailType": "DepositLineDetail", "DepositLineDetail": {"AccountRef": clearing}}
    deposit = till.by_hand("Deposit", DepositToAccountRef=bank, Line=[deposit_line])
    found = {line.subject: line.amount.minor for line in run(till).lines}
    assert found == {f"JournalEntry/{journal}": -500, f"Deposit/{deposit}": 300}


def test_held_and_dropped_postings_are_lines_with_their_amounts(till: Till) -> None:
    payment_id = till.paid({till.open_invoice(100000, "1068"): 100000})
    till.settle(payment_id)
    charge = next(row for row in till.postings() if row.kind == "charge")
    hold(till.rt, charge.id, "staff-pat")
    till.push()
    result = run(till)
    assert (result.ties, by_why(result)) == (True, {"held": 100000})

    drop(till.rt, charge.id, "staff-pat", "entered by hand")
    result = run(till)
    assert (result.ties, by_why(result)) == (False, {"dropped": 100000})
    till.by_hand(
        "Payment",
        CustomerRef={"value": till.blue_mesa},
        TotalAmt=1000,
        DepositToAccountRef={"value": till.accounts["clearing"]},
    )
    result = run(till)
    assert (result.ties, result.lines) == (True, ())


def test_a_bank_debit_under_way_is_named_where_stripe_counts_it_early(till: Till) -> None:
    till.order("switches", debit_transaction_at="submission")
    payment_id = till.paid({till.open_invoice(50000, "1070"): 50000}, bank_account=GOOD_BANK)
    till.settle(payment_id)
    result = run(till)
    assert (result.ties, by_why(result)) == (True, {"debit_under_way": 50000 - 400})
    assert result.lines[0].sentence == "1 bank debit counts at Stripe before success."


def test_a_refund_made_at_stripe_is_a_line_until_it_is_in_the_books(till: Till) -> None:
    settled(till)
    (charge,) = {row.object_id for row in till.postings() if row.kind == "charge"}
    till.order("refund", charge=charge, amount=20000)
    till.later(3)
    result = run(till)
    assert (result.ties, by_why(result)) == (True, {"named": -20000})
    (refund,) = till.open_discrepancies()
    assert refund.explains

    with till.db.write("close") as session:
        close(session, till.rt, till.company_id, kind=refund.kind, subject=refund.subject, by="staff-pat", note="done")
    assert by_why(run(till)) == {"closed": -20000}, "closed without an entry by hand"
    till.by_hand(
        "Purchase",
        PaymentType="Cash",
        AccountRef={"value": till.accounts["clearing"]},
        Line=[
            {
                "Amount": 200,
                "DetailType": "AccountBasedExpenseLineDetail",
                "AccountBasedExpenseLineDetail": {"AccountRef": {"value": till.account("Discounts given")}},
            }
        ],
    )
    result = run(till)
    assert (result.ties, result.lines) == (True, ())


def test_what_stripe_had_before_go_live_is_an_opening_line(till: Till) -> None:
    till.foreign(70000)
    till.later(60)
    with till.db.write("connect_later") as session:
        session.get_one(ConnectionRow, (till.company_id, "stripe")).connected_at = till.clock.now()
    result = run(till)
    assert result.ties
    assert list(by_why(result)) == ["named"]
    assert result.lines[0].amount == result.stripe
    clearing = {"value": till.accounts["clearing"]}
    equity = {"value": till.account("Opening Balance Equity")}
    _journal(till, clearing, equity, result.stripe.minor / 100)
    result = run(till)
    assert (result.ties, result.lines, result.books) == (True, (), result.stripe)


def test_a_balance_transaction_that_was_lost_shows_on_both_sides(till: Till) -> None:
    settled(till)
    (lost,) = _txns(till)
    till.later(7200)  # beyond the feed's overlap
    settled(till, 5000)
    run(till)
    with till.db.write("lose") as session:
        session.delete(session.get_one(BalanceTxnRow, (till.company_id, lost.txn_id)))
    result = run(till)
    assert not result.ties
    assert {(line.why, line.subject) for line in result.lines} == {("unmatched", lost.txn_id), ("stripe_rest", "")}


def test_the_result_is_kept_and_said_once(till: Till) -> None:
    settled(till)
    first = prove(till.rt, till.company_id)
    till.later(60)
    second = prove(till.rt, till.company_id)
    assert first.ties
    assert second.ties
    with till.db.read() as session:
        assert latest(session, till.company_id) == second
    assert len(till.rows(TieoutRow)) == 2
    assert till.log_lines().count("Stripe, our postings and QuickBooks agree to the cent") == 1


def test_the_feed_is_followed_by_the_proof_itself(till: Till) -> None:
    """No webhook and no sweep ran: the proof settles what it sees."""
    till.paid({till.open_invoice(100000, "1068"): 100000})
    assert by_why(run(till)) == {"pending": 97070}
    assert stripe_feed.follow(till.rt, till.company_id).txns == 0
