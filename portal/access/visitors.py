"""A payer at a company's portal: a guest with the links that were opened here, or a contact who signed in.

Gives the conditions that scope every query of the payer's pages. Laws: a query about a company's data takes its scope
from here and holds it in its own WHERE; a contact that was blocked or a customer that was taken away is gone at the
next request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, false, or_
from sqlmodel import Session, col, update

from connector.store.access import ContactRow, SessionRow
from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.companies import CompanyRow
from connector.store.money import PaymentRow, ShareRow
from connector.store.prepared import Askable, Prepared
from portal.access import sessions
from portal.access.companies import COLUMNS, Company, company_of
from portal.here import now
from portal.picking import asking, fetch, pick
from sync.reach import PAYERS, reach, reach_of, reach_with_roles, reaches

MOST_OPENED = 40  # links one browser keeps open at once


# The scope of a contact's invoices for queries that are built once; `Visitor.values` gives its parameters.
_NAMES = ("company", "contact", "chosen", "only")
_COMPANY, _CONTACT, _CHOSEN, _ONLY = (bindparam(name, type_=String) for name in _NAMES)
_OF_COMPANY = col(InvoiceRow.company_id) == _COMPANY
OWN_INVOICES = and_(_OF_COMPANY, col(InvoiceRow.customer_id).in_(reach(_COMPANY, _CONTACT, _CHOSEN)))
# The same for a contact who acts for one customer alone, `only`: its invoices are read in the order they stand in.
OWN_INVOICES_OF_ONE = and_(_OF_COMPANY, col(InvoiceRow.customer_id) == _ONLY, reaches(_COMPANY, _CONTACT, _ONLY))
_OPENED = bindparam("opened", type_=String, expanding=True)
_REACH = Prepared(reach_with_roles(_COMPANY, _CONTACT, _CHOSEN))


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is here, at which company."""

    company: Company
    session_hash: str = ""
    contact_id: str = ""
    email: str = ""
    chosen_customer: str = ""
    opened: tuple[str, ...] = ()  # invoices whose links were opened here
    proof: str = ""  # what let this contact in, of `sessions`
    since: datetime | None = None  # when

    @property
    def signed_in(self) -> bool:
        """Tell whether this is a contact and not only the holder of a link."""
        return bool(self.contact_id)

    def values(self) -> dict[str, str]:
        """Return the parameters of a query that holds `OWN_INVOICES`."""
        return {"company": self.company.id, "contact": self.contact_id, "chosen": self.chosen_customer}

    def scope(self) -> dict[str, Any]:
        """Return the parameters of a query that holds `invoices_of`."""
        return {**self.values(), "opened": self.opened}

    def customers(self, *roles: str) -> Select[Any]:
        """Return the ids of the customers this contact acts for, or acts for in one of some roles, as a subquery."""
        return reach_of(self.company.id, self.contact_id, self.chosen_customer, *roles)

    def may_see_invoice(self) -> ColumnElement[bool]:
        """Return the condition that an invoice is this visitor's: of the own customers, or opened by its link."""
        return self._invoices()

    def may_pay_invoice(self) -> ColumnElement[bool]:
        """Return the condition that this visitor may pay an invoice: as a payer of its customer, or by its link."""
        return self._invoices(*PAYERS)

    def _invoices(self, *roles: str) -> ColumnElement[bool]:
        mine = col(InvoiceRow.customer_id).in_(self.customers(*roles)) if self.contact_id else false()
        return and_(col(InvoiceRow.company_id) == self.company.id, or_(mine, col(InvoiceRow.qbo_id).in_(self.opened)))

    def may_see_payment(self) -> ColumnElement[bool]:
        """Return the condition that a payment is this visitor's.

        A contact sees the payments of the own customers. The holder of links sees a payment when it pays nothing but
        invoices opened here: a payment of several tells about the others.
        """
        mine = col(PaymentRow.customer_id).in_(self.customers()) if self.contact_id else false()
        shares = pick(ShareRow.payment_id).where(
            col(ShareRow.payment_id) == PaymentRow.id, col(ShareRow.company_id) == self.company.id
        )
        others = shares.where(col(ShareRow.invoice_id).not_in(self.opened)).exists()
        by_link = and_(shares.exists(), ~others) if self.opened else false()
        return and_(col(PaymentRow.company_id) == self.company.id, or_(mine, by_link))

    def may_open_payment(self) -> ColumnElement[bool]:
        """Return the condition that this visitor may open one payment, also a parent's for own invoices alone.

        Too dear for lists: it looks at the shares of every payment.
        """
        shares = pick(ShareRow.payment_id).where(
            col(ShareRow.payment_id) == PaymentRow.id, col(ShareRow.company_id) == self.company.id
        )
        if not self.contact_id:
            return self.may_see_payment()
        others = shares.where(col(ShareRow.customer_id).not_in(self.customers())).exists()
        alone = and_(col(PaymentRow.company_id) == self.company.id, shares.exists(), ~others)
        return or_(self.may_see_payment(), alone)

    def may_see_customer(self) -> ColumnElement[bool]:
        """Return the condition that a customer is among this contact's."""
        if not self.contact_id:
            return false()
        return and_(col(CustomerRow.company_id) == self.company.id, col(CustomerRow.qbo_id).in_(self.customers()))


def invoices_of(*roles: str, signed_in: bool) -> ColumnElement[bool]:
    """Return `Visitor.may_see_invoice`, with roles `may_pay_invoice`, for queries that are built once.

    One is of whoever signed in, another of the holders of links; `Visitor.scope` gives their parameters.
    """
    mine = col(InvoiceRow.customer_id).in_(reach(_COMPANY, _CONTACT, _CHOSEN, *roles)) if signed_in else false()
    return and_(_OF_COMPANY, or_(mine, col(InvoiceRow.qbo_id).in_(_OPENED)))


def may_pay_for(reader: Askable, scope: Mapping[str, str]) -> dict[str, bool]:
    """Return the customers in a scope of `Visitor.values`, each with whether its invoices may be paid."""
    found: dict[str, bool] = {}
    for customer_id, role in _REACH.all(reader, **scope):
        found[customer_id] = found.get(customer_id, False) or role in PAYERS
    return found


_SESSION = (
    *(col(SessionRow.id_hash), col(SessionRow.audience), col(SessionRow.contact_id), col(SessionRow.customer_id)),
    *(col(SessionRow.invoices), col(SessionRow.seen_at), col(SessionRow.proof), col(SessionRow.created_at)),
    *(col(ContactRow.state), col(ContactRow.email)),
)


def visitor_at(slug: str) -> Visitor | None:
    """Return who is at a company's portal, with the company; None where no company has this slug."""
    hashed = sessions.token_hash(sessions.payer_door(slug))
    with asking() as reader:
        row = _COMPANY_AND_SESSION.first(reader, slug=slug, hashed=hashed, **sessions.instants(now()))
    return None if row is None else _read(row)


def _company_and_session() -> Select[Any]:
    """Build the query of every request; without a cookie its session has a hash that no session has."""
    own_session = and_(
        col(SessionRow.company_id) == CompanyRow.id,
        col(SessionRow.id_hash) == bindparam("hashed"),
        col(SessionRow.audience) != sessions.STAFF,
        sessions.is_open(),
    )
    own_contact = and_(col(ContactRow.id) == SessionRow.contact_id, col(ContactRow.company_id) == CompanyRow.id)
    return (
        pick(*COLUMNS, *_SESSION)
        .select_from(CompanyRow)
        .outerjoin(SessionRow, own_session)
        .outerjoin(ContactRow, own_contact)
        .where(col(CompanyRow.slug) == bindparam("slug"))
    )


_COMPANY_AND_SESSION = Prepared(_company_and_session())


def _read(row: tuple[Any, ...]) -> Visitor:
    company = company_of(row)
    hashed, audience, contact_id, customer_id, opened, seen_at, proof, since, state, email = row[len(COLUMNS) :]
    if hashed is None:
        return Visitor(company)
    sessions.touch(hashed, seen_at)
    is_contact = audience == sessions.CUSTOMER and state == "active"
    return Visitor(
        company=company,
        session_hash=hashed,
        contact_id=contact_id if is_contact else "",
        email=email if is_contact else "",
        chosen_customer=customer_id if is_contact else "",
        opened=tuple(opened.split()),
        proof=proof if is_contact else "",
        since=since if is_contact else None,
    )


def open_invoice(session: Session, visitor: Visitor, invoice_id: str) -> str:
    """Let this browser see an invoice whose link was opened; returns a new cookie's token, or none when it has one."""
    if not visitor.session_hash:
        return sessions.start(session, sessions.GUEST, company_id=visitor.company.id, invoices=invoice_id)
    # Two links opened at once in two tabs must not lose each other: the row is read again inside the write.
    held = pick(SessionRow.invoices).where(col(SessionRow.id_hash) == visitor.session_hash).with_for_update()
    opened = [one for one in session.connection().execute(held).scalar_one().split() if one != invoice_id]
    kept = " ".join([*opened, invoice_id][-MOST_OPENED:])
    session.exec(update(SessionRow).where(col(SessionRow.id_hash) == visitor.session_hash).values(invoices=kept))
    return ""


def sign_in(session: Session, visitor: Visitor, contact_id: str, proof: str) -> str:
    """Start a contact's session in place of the present one, with the invoices already opened; returns its token."""
    return sessions.start(
        session,
        sessions.CUSTOMER,
        replaces=visitor.session_hash,
        company_id=visitor.company.id,
        contact_id=contact_id,
        proof=proof,
        invoices=" ".join(visitor.opened),
    )


def forget_invoice(session: Session, company_id: str, invoice_id: str) -> None:
    """Take an invoice from every browser that opened it by a link; whoever holds a live link opens it again."""
    mine = and_(
        col(SessionRow.company_id) == company_id,
        col(SessionRow.ended_at).is_(None),
        col(SessionRow.invoices).contains(invoice_id, autoescape=True),
    )
    for id_hash, invoices in fetch(session, pick(SessionRow.id_hash, SessionRow.invoices).where(mine)):
        kept = " ".join(one for one in invoices.split() if one != invoice_id)
        session.exec(update(SessionRow).where(col(SessionRow.id_hash) == id_hash).values(invoices=kept))
