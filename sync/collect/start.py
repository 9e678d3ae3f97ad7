"""Starting a payment: live balances, reservations, rows, and only then Stripe.

Order of commits: the payment with its shares, then the intent's id. Laws: the same form is the same payment; of two
presses for the same money one is refused; a refusal leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, and_, case, col, or_, select, update
from sqlmodel.sql.expression import Select, SelectOfScalar

from connector.errors import GatewayError, NotConnected, Rejected, Unauthorised
from connector.ledger.allocation import Share, check_shares, least_free
from connector.ledger.credits import BY_BANK, GRANTED, Credit, Use, check_uses
from connector.ledger.invoices import Invoice
from connector.ledger.money import Money
from connector.ledger.payments import OPEN, PaymentState
from connector.store.access import ContactRow
from connector.store.built import built
from connector.store.columns import Instant
from connector.store.companies import CompanyRow
from connector.store.methods import SavedMethodRow
from connector.store.money import CreditUseRow, PaymentRow, ShareRow
from connector.store.prepared import Prepared
from connector.store.upsert import insert, insert_ignoring, new_row
from connector.stripe.facts import Intent, Method
from connector.words import money_text, on_record
from sync import history
from sync.collect import answers, by_method, keeping
from sync.collect.answers import Scene
from sync.collect.before import LARGEST_MINOR, before_asking
from sync.collect.credits import uses_of
from sync.collect.giving_up import give_up_unfinished
from sync.collect.intents import make_intent, shares_in
from sync.collect.last_known import Known, known_invoices
from sync.collect.press import Press, Refused, Started
from sync.collect.reserve import Reservation, reservations, reserved_minor, together
from sync.counts import next_count
from sync.runtime import Runtime
from sync.settle import cancel, settle_by_credit

RESERVED_FOR = timedelta(minutes=30)
SMALLEST_MINOR = 50  # Stripe's smallest charge, in the currencies it settles for QuickBooks companies
_MINE = (col(PaymentRow.company_id) == bindparam("company"), col(PaymentRow.id) == bindparam("payment"))
_STATE = Prepared(pick(col(PaymentRow.state)).where(*_MINE))
_UNTIL = bindparam("until", type_=Instant())
_IS_UNFINISHED = or_(*(col(PaymentRow.state) == state for state in sorted(OPEN)))
_IS_TAKEN = or_(*(col(PaymentRow.state) == state for state in (PaymentState.PROCESSING, PaymentState.SUCCEEDED)))
_STAYS = Prepared(
    update(PaymentRow)
    .where(*_MINE, or_(_IS_TAKEN, and_(_IS_UNFINISHED, col(PaymentRow.expires_at) > bindparam("now"))))
    .values(
        expires_at=case((col(PaymentRow.expires_at) < _UNTIL, _UNTIL), else_=col(PaymentRow.expires_at)),
        note=bindparam("told"),
    )
)


@on_record()
def start_payment(rt: Runtime, press: Press) -> Started | Refused:
    """Start the payment of a press, or continue it when the same form was pressed before.

    Everything that cannot be is a Refused; raises nothing that a payer could cause.
    """
    with rt.db.read() as session:
        company = _company(session, press.company_id).one()
    method = by_method.method_of(rt, company, press)
    if isinstance(method, Refused):
        return method
    press = by_method.with_method(press, method)
    with rt.db.read() as session:
        earlier = _pressed_before(session, press)
    if not company.takes_payments and (earlier is None or earlier.state in OPEN):
        return answers.paused(company)
    if earlier is None:
        answer = _write_payment(rt, company, press, method)
        if isinstance(answer, Refused):
            return answer
        earlier = answer
    return _with_intent(rt, company, press, earlier)


@built
def _company(company_id: str) -> SelectOfScalar[CompanyRow]:
    return select(CompanyRow).where(CompanyRow.id == company_id)


def _write_payment(rt: Runtime, company: CompanyRow, press: Press, method: Method | None) -> PaymentRow | Refused:
    """Check a press against the live books and commit its rows."""
    if refusal := before_asking(rt, press):
        return refusal
    asked, lent = [invoice_id for invoice_id, _ in press.shares], [name for name, _ in press.credits]
    # Read before the balances: a payment that reaches the books in between then counts twice for a moment, which
    # refuses too much; the other way round it would not count at all.
    before = give_up_unfinished(rt, company.id, asked, lent, replaces=press.replaces, contact_id=press.contact_id)
    try:
        account = rt.gateways.stripe(company.id).stripe_account
    except NotConnected:
        return answers.of_company("not_connected", company)
    known = known_invoices(rt, company, press, asked)
    if isinstance(known, Refused):
        return known
    try:
        owner = keeping.owner_of(rt, press)
    except (GatewayError, NotConnected):
        return answers.plain("stripe_out_of_reach")
    rings: list[tuple[str, str]] = []
    with rt.db.write("pay") as session:
        # One press of a company at a time from here to the commit, on every database.
        next_count(session, company.id, "presses")
        if again := _pressed_before(session, press):
            return again
        held = together(before, reservations(session, company.id, asked, lent))
        payers = _payers(session, company.id, held)
        lending = {name: one for name, one in known.credits.items() if _may_use(one, press)}
        scene = Scene(company, _allowed(known.invoices, press), held, payers, rt.clock.now(), lending)
        if refused := _refusal(scene, press):
            return refused
        priced = _priced(session, scene, press, method)
        if isinstance(priced, Refused):
            return priced
        payment = _insert(session, rt, priced, known, AtStripe(account, owner))
        if isinstance(payment, PaymentRow) and not payment.amount_minor:
            left = {one: money.minor for one, money in scene.balances(asked).items()}
            rings = settle_by_credit(session, rt, payment, left)
    _ring(rt, rings)
    return payment


def _allowed(live: Mapping[str, Invoice], press: Press) -> dict[str, Invoice]:
    """Keep the invoices that this payer may pay; another customer's may have taken one over meanwhile."""
    return {
        one.qbo_id: one
        for one in live.values()
        if one.qbo_id in press.allowed_invoices or one.customer_id in press.allowed_customers
    }


def _refusal(scene: Scene, press: Press) -> Refused | None:
    if press.deposit_minor:
        return _wrong_amount(press)
    shares = _shares(press, scene.invoices)
    if refusal := check_shares(shares, scene.invoices, reserved_minor(scene.held)):
        return answers.because(scene, press, refusal)
    if refused := answers.in_part(scene, press):
        return refused
    uses = _uses(press, scene.credits)
    if refused := answers.of_discount(scene, press):
        return refused
    if refusal := check_uses(uses, shares, scene.credits, reserved_minor(scene.held)):
        return answers.of_credit(scene, press, refusal)
    return None if press.money_minor == 0 and uses else _wrong_amount(press)


def _priced(session: Session, scene: Scene, press: Press, method: Method | None) -> Press | Refused:
    """Return the press at the total of its method; that too must be an amount that is taken."""
    shares, uses = _shares(press, scene.invoices), _uses(press, scene.credits)
    priced = by_method.priced(session, press, shares, uses, method)
    return priced if isinstance(priced, Refused) or not priced.money_minor else _wrong_amount(priced) or priced


def _wrong_amount(press: Press) -> Refused | None:
    least = least_free(press.currency).minor if press.deposit_minor else 0  # parts of invoices have their own rule
    if press.money_minor < max(SMALLEST_MINOR, least):
        return answers.too_small(Money(max(SMALLEST_MINOR, least), press.currency))
    return answers.too_large(Money(LARGEST_MINOR, press.currency)) if press.money_minor > LARGEST_MINOR else None


def _may_use(credit: Credit, press: Press) -> bool:
    """Tell whether a payer may use a credit: of an own customer, or a discount on an invoice that he may pay."""
    invoice_id = credit.name.removeprefix(GRANTED) if credit.name.startswith(GRANTED) else ""
    return credit.customer_id in press.allowed_customers or invoice_id in press.allowed_invoices


def _uses(press: Press, credits_by_name: Mapping[str, Credit]) -> list[Use]:
    return [
        Use(
            name,
            credits_by_name[name].customer_id if name in credits_by_name else "",
            Money(minor, press.currency),
        )
        for name, minor in press.credits
    ]


def _shares(press: Press, invoices: Mapping[str, Invoice]) -> list[Share]:
    return [
        Share(
            invoice_id, invoices[invoice_id].customer_id if invoice_id in invoices else "", Money(minor, press.currency)
        )
        for invoice_id, minor in press.shares
    ]


@dataclass(frozen=True)
class AtStripe:
    """Whose Stripe account a payment goes to, and who keeps the payer's methods there."""

    account: str
    owner: str


def _insert(session: Session, rt: Runtime, press: Press, known: Known, at_stripe: AtStripe) -> PaymentRow | Refused:
    now = rt.clock.now()
    payment = PaymentRow(
        id=rt.clock.new_id(),
        company_id=press.company_id,
        customer_id=press.customer_id,
        contact_id=press.contact_id,
        payer_email=press.payer_email,
        retry_id=press.retry_id,
        from_session=press.from_session,
        from_address=press.from_address,
        note=press.note,
        language=press.language,
        amount_minor=press.money_minor,
        surcharge_minor=press.surcharge_minor,
        surcharge_rate=press.surcharge_rate,
        currency=press.currency,
        form_nonce=press.form_nonce,
        stripe_account=at_stripe.account,
        stripe_customer=at_stripe.owner,
        created_at=now,
        expires_at=now + RESERVED_FOR,
    )
    if not insert_ignoring(session, PaymentRow.__table__, [payment.model_dump()]):  # type: ignore[attr-defined]
        return answers.plain("other_form")  # another company's form had this nonce
    _insert_parts(session, press, known, payment.id)
    insert(session, SavedMethodRow, keeping.consent_of(rt, press, payment.id))
    pressed = "Tried again by the payer’s consent, for" if press.retry_id else "Pay was pressed for"
    text = f"{pressed} {money_text(Money(payment.amount_minor, payment.currency))}."
    if known.read_at is not None:
        text += f" QuickBooks could not be asked; its balances were read at {known.read_at:%Y-%m-%d %H:%M} UTC."
    history.note(session, rt, payment, text)
    return payment


def _insert_parts(session: Session, press: Press, known: Known, payment_id: str) -> None:
    """Insert the rows of what a payment pays, and of the credits that pay part of it."""
    of: dict[str, Any] = {"payment_id": payment_id, "company_id": press.company_id}
    shares, uses = [], []
    for invoice_id, minor in press.shares:
        invoice = known.invoices[invoice_id]
        told: dict[str, Any] = {"customer_id": invoice.customer_id, "amount_minor": minor, "number": invoice.number}
        shares.append(new_row(ShareRow, invoice_id=invoice_id, **of, **told))
    for name, minor in press.credits:
        credit = known.credits.get(name)  # one for the bank is of no paper
        customer_id = credit.customer_id if credit else name.removeprefix(BY_BANK)
        told = {"customer_id": customer_id, "amount_minor": minor, "number": credit.number if credit else ""}
        uses.append(new_row(CreditUseRow, credit=name, **of, **told))
    insert(session, ShareRow, shares)
    insert(session, CreditUseRow, uses)


def _pressed_before(session: Session, press: Press) -> PaymentRow | None:
    which = press.company_id, press.form_nonce
    is_pressed = _with_nonce(session, *which).first() is not None  # mostly not, and an object is dear while writing
    return _by_nonce(session, *which).one() if is_pressed else None


@built
def _with_nonce(company_id: str, form_nonce: str) -> SelectOfScalar[str]:
    return select(PaymentRow.id).where(PaymentRow.company_id == company_id, PaymentRow.form_nonce == form_nonce)


@built
def _by_nonce(company_id: str, form_nonce: str) -> SelectOfScalar[PaymentRow]:
    return select(PaymentRow).where(PaymentRow.company_id == company_id, PaymentRow.form_nonce == form_nonce)


def _with_intent(rt: Runtime, company: CompanyRow, press: Press, payment: PaymentRow) -> Started | Refused:
    """Give the payment its intent, if the form still means this payment and nobody gave it up."""
    if not _says_the_same(rt, press, payment) or not _keep(rt, payment, note=press.note or payment.note):
        return answers.plain("other_form")
    if not payment.amount_minor:
        return Started(payment.id, "", Money(0, payment.currency), PaymentState(payment.state))
    try:
        intent = make_intent(rt, payment)
    except (NotConnected, Unauthorised):
        return answers.of_company("not_connected", company)
    except Rejected:
        return answers.of_company("stripe_refused", company)
    except GatewayError:
        return answers.plain("stripe_out_of_reach")
    state = _still_wanted(rt, payment, intent)
    if state is None:
        return answers.plain("other_form")
    return Started(payment.id, intent.client_secret, Money(payment.amount_minor, payment.currency), state)


def _still_wanted(rt: Runtime, payment: PaymentRow, intent: Intent) -> PaymentState | None:
    """Return the payment's state; None when it was given up while Stripe made its intent, which then goes too."""
    with rt.db.asking() as reader:
        [state] = _STATE.first(reader, company=payment.company_id, payment=payment.id)
    if state != PaymentState.CANCELED:
        return PaymentState(state)
    with suppress(GatewayError, NotConnected):  # nobody has its secret: it can only be forgotten
        cancel(rt, payment, intent)
    return None


def _says_the_same(rt: Runtime, press: Press, payment: PaymentRow) -> bool:
    with rt.db.read() as session:
        parts, uses = shares_in(session, payment.company_id, payment.id).all(), uses_of(session, payment)
    shares = {share.invoice_id: share.amount_minor for share in parts}
    lent = {use.name: use.amount.minor for use in uses if not use.name.startswith(BY_BANK)}
    who = (payment.customer_id, payment.contact_id, payment.currency)
    # The method's cost was part of what was shown, and the form's key names the method.
    shown = press.money_minor if press.shown_minor is None else press.shown_minor
    is_same = shares == dict(press.shares) and lent == dict(press.credits) and payment.amount_minor == shown
    return is_same and who == (press.customer_id, press.contact_id, press.currency)


def _keep(rt: Runtime, payment: PaymentRow, *, note: str) -> bool:
    """Reserve an unfinished payment for another while; False when it was given up, or may be just now.

    The note may be written anew by the same form: it decides nothing.
    """
    now = rt.clock.now()
    with rt.db.write("pay_again") as session:
        mine = {"company": payment.company_id, "payment": payment.id}
        return bool(_STAYS.change(session, **mine, now=now, until=now + RESERVED_FOR, told=note))


def _ring(rt: Runtime, rings: Sequence[tuple[str, str]]) -> None:
    for work, subject in rings:
        rt.bell.ring(work, subject)


def _payers(session: Session, company_id: str, held: Sequence[Reservation]) -> dict[str, str]:
    ids = {one.contact_id for one in held if one.contact_id}
    if not ids:
        return {}
    return {contact_id: name or email for contact_id, name, email in _contacts(session, company_id, ids)}


@built
def _contacts(company_id: str, ids: Collection[str]) -> Select[str, str, str]:
    rows = select(ContactRow.id, ContactRow.name, ContactRow.email)
    return rows.where(ContactRow.company_id == company_id, col(ContactRow.id).in_(ids))
