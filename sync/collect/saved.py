"""Kept payment methods: begun with consent, looked at again at Stripe, named, chosen as the first, taken away.

Knows no page. Laws: the consent is a row before Stripe is asked; what Stripe says of a method a moment ago decides; a
method is found by its owner and company, whoever names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from sqlalchemy.sql.dml import Update
from sqlmodel import Session, col, update

from connector.errors import GatewayError, NotConnected, NotFound, Rejected
from connector.store.methods import SavedMethodRow, StripeCustomerRow
from connector.store.upsert import insert, insert_ignoring, new_row
from connector.stripe.facts import Setup
from sync import verifying
from sync.collect import kept_rows, method_mails
from sync.runtime import Runtime

KEPT_AT_STRIPE = ("seti_", "pm_")
GONE = "resource_missing"  # Stripe's word where the customer of a request is not there
MOST_KEPT = 10
LONGEST_NAME = 40
TRIES_IN = timedelta(hours=1)
_SHOWN = ("ready", "verifying")


def methods_of(session: Session, company_id: str, contact_id: str, *states: str) -> Sequence[SavedMethodRow]:
    """Return a contact's methods, the first choice first: those that can pay, or those in other states."""
    return kept_rows.methods_in(session, company_id, contact_id, states or ("ready",)).all()


def shown_to(session: Session, company_id: str, contact_id: str) -> Sequence[SavedMethodRow]:
    """Return what a contact's page lists: methods that can pay, and those that wait for the bank."""
    return methods_of(session, company_id, contact_id, *_SHOWN)


def customer_of(session: Session, company_id: str, contact_id: str) -> str:
    """Return who keeps a contact's methods at Stripe; empty for a guest, and before the first one."""
    return kept_rows.customer(session, company_id, contact_id)[0] if contact_id else ""


def begin(rt: Runtime, company_id: str, contact_id: str, *, email: str, consent: str, consent_from: str = "") -> str:
    """Begin to keep a method; returns the id of its row. Raises GatewayError and NotConnected.

    `consent_from` is the network address from which it was agreed to.
    """
    now = rt.clock.now()
    row_id = rt.clock.new_id()
    row = new_row(
        SavedMethodRow,
        id=row_id,
        company_id=company_id,
        contact_id=contact_id,
        consent=consent,
        consent_at=now,
        consent_from=consent_from,
        created_at=now,
    )
    with rt.db.write("keep_method") as session:
        insert(session, SavedMethodRow, [row])
    customer = ensure_customer(rt, company_id, contact_id, email)
    try:
        setup = _setup(rt, company_id, row_id, customer)
    except Rejected as error:
        if error.code != GONE:
            raise
        setup = _setup(rt, company_id, row_id, customer_anew(rt, company_id, contact_id, email, gone=customer))
    with rt.db.write("keep_method_setup") as session:
        kept_rows.has_setup(session, company_id, row_id, setup.setup_ref)
    return row_id


def _setup(rt: Runtime, company_id: str, row_id: str, customer: str) -> Setup:
    """Begin at Stripe to keep a method with a customer; with another one it is another request."""
    gateway = rt.gateways.stripe(company_id)
    return gateway.create_setup(customer, metadata={"tieout_method": row_id}, key=f"t1-{row_id}-setup-{customer}")


def secret_of(rt: Runtime, company_id: str, contact_id: str, row_id: str) -> str | None:
    """Return what the browser needs to go on with a method: empty unless it was just begun, None for another's."""
    row = _own(rt, company_id, contact_id, row_id)
    if row is None:
        return None
    if row.setup_ref is None or row.state != "begun":
        return ""
    return rt.gateways.stripe(company_id).setup(row.setup_ref).client_secret


def look(rt: Runtime, company_id: str, contact_id: str, row_id: str, language: str = "") -> SavedMethodRow | None:
    """Look at Stripe what became of a method, and return it; None where it is not this contact's.

    A mail about it is written in the language of whoever looks.
    """
    row = _own(rt, company_id, contact_id, row_id)
    if row is None or row.setup_ref is None:
        return row
    follow(rt, company_id, row.setup_ref, language)
    return _own(rt, company_id, contact_id, row_id)


def follow(rt: Runtime, company_id: str, ref: str, language: str = "") -> bool:
    """Bring the method of a setup, or a method itself, up to what Stripe says now; False when it is none of ours."""
    with rt.db.read() as session:
        row = (kept_rows.by_setup if ref.startswith("seti_") else kept_rows.by_method)(session, company_id, ref).first()
    if row is None:
        return False
    gateway = rt.gateways.stripe(company_id)
    if row.state in ("begun", "verifying") and row.setup_ref:
        setup = gateway.setup(row.setup_ref)
        if setup.status != "succeeded":
            _note_waiting(rt, row, setup, language)
            return True
        _keep(rt, row, setup.method_ref, language)
    elif row.state in ("begun", "ready") and row.method_ref:  # one that is kept with a payment has no setup
        _keep(rt, row, row.method_ref, language)
    return True


def follow_late(rt: Runtime, company_id: str) -> int:
    """Look at the methods that wait for their small deposits longer than Stripe does: its word of the end was lost.

    Returns how many there were.
    """
    with rt.db.asking() as reader:
        refs = kept_rows.late_setups(reader, company_id, rt.clock.now() - verifying.DAYS)
    for ref in refs:
        with suppress(GatewayError, NotConnected):
            follow(rt, company_id, ref)
    return len(refs)


def rename(session: Session, company_id: str, contact_id: str, row_id: str, name: str) -> bool:
    """Give a method the name its owner wants; empty takes the name away."""
    clean = " ".join(name.split())[:LONGEST_NAME]
    return bool(session.exec(_mine(company_id, contact_id, row_id).values(name=clean)).rowcount)


def prefer(session: Session, company_id: str, contact_id: str, row_id: str) -> bool:
    """Make a method the first choice, and no other."""
    is_chosen = bool(session.exec(_mine(company_id, contact_id, row_id).values(is_default=True)).rowcount)
    if is_chosen:
        others = update(SavedMethodRow).where(
            col(SavedMethodRow.company_id) == company_id,
            col(SavedMethodRow.contact_id) == contact_id,
            col(SavedMethodRow.id) != row_id,
        )
        session.exec(others.values(is_default=False))
    return is_chosen


def remove(rt: Runtime, company_id: str, contact_id: str, row_id: str, language: str = "") -> bool:
    """Take a method away, at Stripe first; False where it is not this contact's. Raises GatewayError, NotConnected."""
    row = _own(rt, company_id, contact_id, row_id)
    if row is None or row.state not in _SHOWN:
        return False
    if ref := row.method_ref or _given_up(rt, row):
        with suppress(Rejected, NotFound):  # forgotten there already
            rt.gateways.stripe(company_id).detach(ref)
    _is_gone(rt, row, language)
    return True


def _given_up(rt: Runtime, row: SavedMethodRow) -> str:
    """Give up the setup of a method that waits for its bank; returns the method where it was verified just now."""
    gateway = rt.gateways.stripe(row.company_id)
    try:
        gateway.cancel_setup(row.setup_ref or "")
    except NotFound:
        return ""
    except Rejected:
        setup = gateway.setup(row.setup_ref or "")
        return setup.method_ref if setup.status == "succeeded" else ""
    return ""


def ensure_customer(rt: Runtime, company_id: str, contact_id: str, email: str) -> str:
    """Return who keeps a contact's methods at Stripe, made before the first one. Raises GatewayError, NotConnected."""
    with rt.db.read() as session:
        ref, since = kept_rows.customer(session, company_id, contact_id)
    if ref:
        return ref
    again = f"-{since:%Y%m%dT%H%M%S.%f}" if since else ""  # Stripe would answer with the one that is gone
    made = rt.gateways.stripe(company_id).create_customer(
        email=email, metadata={"tieout_contact": contact_id}, key=f"t1-{company_id}-{contact_id}-customer{again}"
    )
    fresh = {"customer_ref": made, "created_at": rt.clock.now()}
    row = new_row(StripeCustomerRow, company_id=company_id, contact_id=contact_id, **fresh)
    with rt.db.write("stripe_customer") as session:
        if not insert_ignoring(session, StripeCustomerRow.__table__, [row]):  # type: ignore[attr-defined]
            session.exec(_owner(company_id, contact_id, "").values(**fresh))
    with rt.db.read() as session:  # another press may have been first
        return customer_of(session, company_id, contact_id)


def customer_anew(rt: Runtime, company_id: str, contact_id: str, email: str, *, gone: str) -> str:
    """Return another customer for a contact whose own Stripe has no more. Raises GatewayError, NotConnected."""
    forget_customer(rt, company_id, contact_id, gone)
    return ensure_customer(rt, company_id, contact_id, email)


def forget_customer(rt: Runtime, company_id: str, contact_id: str, gone: str) -> None:
    """Forget a customer that Stripe says is gone, with the methods that were kept there; once, whoever sees it first.

    Somebody deleted it at Stripe, or the company moved from tests to real payments.
    """
    mails: list[str] = []
    with rt.db.write("stripe_customer_gone") as session:
        if session.exec(_owner(company_id, contact_id, gone).values(customer_ref="")).rowcount:
            for kept in methods_of(session, company_id, contact_id, *_SHOWN):
                mails += _put_away(session, rt, kept)
    _ring(rt, mails)


def _owner(company_id: str, contact_id: str, customer_ref: str) -> Update:
    return update(StripeCustomerRow).where(
        col(StripeCustomerRow.company_id) == company_id,
        col(StripeCustomerRow.contact_id) == contact_id,
        col(StripeCustomerRow.customer_ref) == customer_ref,
    )


def _keep(rt: Runtime, row: SavedMethodRow, method_ref: str, language: str) -> None:
    """Write down what Stripe says of a method: it can pay, its card was renewed, or it was taken away."""
    try:
        method = rt.gateways.stripe(row.company_id).method(method_ref)
    except NotFound:
        _is_gone(rt, row)
        return
    if not method.customer:
        if row.state == "ready":  # one that is kept with a payment may be on its way to its owner
            _is_gone(rt, row)
        return
    with rt.db.write("method_kept") as session:
        if not (was := kept_rows.now_pays(session, row, method_ref, method)):
            return
        verifying.is_done(session, row.company_id, row.id)
        told = (method_mails.KEPT, language)
        mails = [] if was == "ready" else method_mails.owe_mail(session, rt, row, *told, label=method.label)
    _ring(rt, mails)


def _note_waiting(rt: Runtime, row: SavedMethodRow, setup: Setup, language: str) -> None:
    deposits = setup.deposits if setup.status == "requires_action" else None
    method = rt.gateways.stripe(row.company_id).method(setup.method_ref) if deposits else None
    mails: list[str] = []
    with rt.db.write("method_waits") as session:
        kept = session.get_one(SavedMethodRow, row.id)
        about = verifying.of_method(session, rt, kept, language)
        if deposits and method:
            kept.state, kept.verify_url, kept.kind, kept.label = "verifying", deposits.url, method.kind, method.label
            mails = verifying.ask(session, rt, about, deposits)
        elif kept.state == "verifying":  # too many wrong answers, or too late
            kept.state, kept.removed_at = "gone", rt.clock.now()
            mails = verifying.end(session, rt, about, setup.error_code)
    _ring(rt, mails)


def _is_gone(rt: Runtime, row: SavedMethodRow, language: str = "") -> None:
    with rt.db.write("method_gone") as session:
        mails = _put_away(session, rt, session.get_one(SavedMethodRow, row.id), language)
    _ring(rt, mails)


def _put_away(session: Session, rt: Runtime, kept: SavedMethodRow, language: str = "") -> list[str]:
    """Show a method no more; its owner is told, and asked nothing about it any more. Returns the mails owed."""
    was = kept.state
    kept.state, kept.is_default, kept.removed_at = "gone", False, rt.clock.now()
    verifying.end(session, rt, verifying.of_method(session, rt, kept), "")
    return method_mails.owe_mail(session, rt, kept, method_mails.GONE, language) if was == "ready" else []


def _ring(rt: Runtime, mails: Sequence[str]) -> None:
    for mail_id in mails:
        rt.bell.ring("mail", mail_id)


def _own(rt: Runtime, company_id: str, contact_id: str, row_id: str) -> SavedMethodRow | None:
    with rt.db.read() as session:
        return kept_rows.of_contact(session, company_id, contact_id, row_id).one_or_none()


def _mine(company_id: str, contact_id: str, row_id: str) -> Update:
    return update(SavedMethodRow).where(
        col(SavedMethodRow.company_id) == company_id,
        col(SavedMethodRow.contact_id) == contact_id,
        col(SavedMethodRow.id) == row_id,
        col(SavedMethodRow.state).in_(_SHOWN),
    )
