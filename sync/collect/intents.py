"""The PaymentIntent of a payment: made once, found again when the answer was lost, given up when nobody finished it.

Laws: the idempotency key is made from the payment's own id and raised only after an answer came; a key is never sent
again after 23 hours, only looked up; an intent is cancelled at Stripe before its payment counts as given up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import bindparam
from sqlmodel import col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from connector.errors import GatewayError, Rejected, UnknownOutcome
from connector.ledger.credits import Use
from connector.ledger.money import Money
from connector.store.built import built
from connector.store.money import PaymentRow, ShareRow
from connector.store.prepared import Prepared
from connector.stripe.facts import Intent, NewIntent
from connector.stripe.gateway import KEY_HOURS, StripeGateway
from connector.words import count, listing
from sync import history
from sync.collect.credits import uses_of
from sync.collect.keeping import give_other_owner, keeps_method
from sync.collect.saved import GONE
from sync.runtime import Runtime

CUSTOMER_KEY = "tieout_customer"
SHARES_KEY = "tieout_shares"
CREDITS_KEY = "tieout_credits"
_LONGEST_VALUE = 500  # of one metadata value at Stripe
_NUMBERS_NAMED = 12
_KEEP_ID = Prepared(
    update(PaymentRow)
    .where(
        col(PaymentRow.company_id) == bindparam("company"),
        col(PaymentRow.id) == bindparam("payment"),
        col(PaymentRow.intent_id).is_(None),
    )
    .values(intent_id=bindparam("intent"), version=PaymentRow.version + 1)
)


def intent_of(rt: Runtime, row: PaymentRow) -> Intent | None:
    """Return a payment's intent as it stands, looked up by its payment's id where we never learned the intent's."""
    gateway = rt.gateways.stripe(row.company_id)
    if row.intent_id:
        return gateway.intent(row.intent_id)
    return gateway.find_intent(row.id, row.created_at)


def make_intent(rt: Runtime, row: PaymentRow) -> Intent:
    """Return the payment's intent, making it where there is none, and keep its id.

    Raises UnknownOutcome when it may have been made (press again: the key is the same), Rejected when Stripe said no
    (then the next press asks anew), Transient when Stripe is out of reach.
    """
    gateway = rt.gateways.stripe(row.company_id)
    if row.intent_id:
        return gateway.intent(row.intent_id)
    intent = _earlier(rt, row, gateway) or _create_for_owner(rt, row, gateway)
    with rt.db.write("intent") as session:
        _KEEP_ID.change(session, company=row.company_id, payment=row.id, intent=intent.intent_id)
    return intent


@built
def shares_in(company_id: str, payment_id: str) -> SelectOfScalar[ShareRow]:
    """Return a payment's shares in the order they are written everywhere."""
    mine = select(ShareRow).where(ShareRow.company_id == company_id, ShareRow.payment_id == payment_id)
    return mine.order_by(col(ShareRow.number), col(ShareRow.invoice_id))


def key_of(row: PaymentRow) -> str:
    """Return the idempotency key of creating a payment's intent."""
    return f"t1-{row.id}-create-{row.attempt}"


def new_intent(
    row: PaymentRow, shares: Sequence[ShareRow], uses: Sequence[Use] = (), *, keeps: bool = False
) -> NewIntent:
    """Return what is asked of Stripe: made from the payment's rows alone, so that asking again says the same."""
    return NewIntent(
        payment_id=row.id,
        amount=Money(row.amount_minor, row.currency),
        customer=row.stripe_customer,
        keeps=keeps,
        without_payer=bool(row.retry_id),
        description=_description([share.number for share in shares]),
        metadata={
            CUSTOMER_KEY: row.customer_id,
            **_compact(SHARES_KEY, [(one.invoice_id, one.customer_id, one.amount_minor) for one in shares]),
            **_compact(CREDITS_KEY, [(one.name, one.customer_id, one.amount.minor) for one in uses]),
        },
    )


def _earlier(rt: Runtime, row: PaymentRow, gateway: StripeGateway) -> Intent | None:
    """Look for an intent that an earlier try may have made, where asking again by key could make a second one."""
    is_old = rt.clock.now() - row.created_at > timedelta(hours=KEY_HOURS)
    found = gateway.find_intent(row.id, row.created_at) if is_old or row.attempt > 1 else None
    if found is None and is_old:
        raise Rejected("stripe", "the payment is too old to be started", "too_old")
    return found


def _create_for_owner(rt: Runtime, row: PaymentRow, gateway: StripeGateway) -> Intent:
    """Create the intent; where Stripe has its customer no more, for another one: nobody is kept from paying by that."""
    try:
        return _create(rt, row, gateway)
    except Rejected as error:
        if error.code != GONE or not row.stripe_customer:
            raise
    return _create(rt, give_other_owner(rt, row), gateway)


def _create(rt: Runtime, row: PaymentRow, gateway: StripeGateway) -> Intent:
    try:
        with rt.db.read() as session:
            shares = shares_in(session, row.company_id, row.id).all()
            uses, keeps = uses_of(session, row), keeps_method(session, row)
        return gateway.create_intent(new_intent(row, shares, uses, keeps=keeps), key=key_of(row))
    except (Rejected, UnknownOutcome) as error:
        # Stripe repeats a saved answer for a day, its own 500 too: only a lost answer is worth the same key again.
        if error.status is not None:
            _next_attempt(rt, row, error)
        raise


def _next_attempt(rt: Runtime, row: PaymentRow, error: GatewayError) -> None:
    """Let the next press look for the intent and then ask under a fresh key: this one has had its answer."""
    with rt.db.write("intent_refused") as session:
        mine = update(PaymentRow).where(
            col(PaymentRow.company_id) == row.company_id,
            col(PaymentRow.id) == row.id,
            col(PaymentRow.attempt) == row.attempt,
        )
        session.exec(mine.values(attempt=row.attempt + 1, version=PaymentRow.version + 1))
        history.note(session, rt, row, f"Stripe did not start this payment: {error.message.rstrip('.')}.")


def _description(numbers: Sequence[str]) -> str:
    if not numbers:
        return "Payment on account"
    if len(numbers) > _NUMBERS_NAMED:
        return count(len(numbers), "invoice")
    return f"{'Invoice' if len(numbers) == 1 else 'Invoices'} {listing(list(numbers))}"


def _compact(key: str, parts: Sequence[tuple[str, str, int]]) -> dict[str, str]:
    """Write parts as what/customer/minor, in as many values as Stripe's limit needs: a lost hour is rebuilt so."""
    values: list[str] = []
    for part in parts:
        word = "/".join(map(str, part))
        if values and len(values[-1]) + 1 + len(word) <= _LONGEST_VALUE:
            values[-1] += f" {word}"
        else:
            values.append(word)
    return {f"{key}_{n}": value for n, value in enumerate(values, start=1)}
