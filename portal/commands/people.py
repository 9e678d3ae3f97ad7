"""Commands that let somebody in: the owner of a company, the payer of an invoice."""

from __future__ import annotations

import click
from sqlmodel import Session, col, select

from connector import words
from connector.ledger.money import Money
from connector.store.access import MembershipRow, StaffRow
from connector.store.cache import CustomerRow, InvoiceRow
from portal.commands.shared import (
    WRONG_QUESTION,
    Stop,
    answer,
    company_of,
    company_option,
    json_option,
    runtime,
    told,
)
from sync.runtime import Runtime


@click.command()
@click.argument("email")
@click.option("--name", default="", help="The person's name.")
@click.option("--role", type=click.Choice(["owner", "bookkeeper", "viewer"]), default="owner", show_default=True)
@company_option
@json_option
@told
def owner(email: str, name: str, role: str, slug: str | None, as_json: bool) -> None:
    """Print a sign-in link for the owner of a company.

    Adds the person where needed. The link works once, within a day, for whoever opens it first: hand it over safely.
    """
    from portal.access.links import add_staff_link, staff_address
    from portal.access.people import read_email

    rt = runtime()
    company, address = company_of(rt, slug), read_email(email)
    with rt.db.write("owner") as session:
        person = _staff(session, rt, address, name)
        _join(session, person.id, company.id, role)
        token = add_staff_link(session, rt, staff_id=person.id)
    url = staff_address(rt, token)
    answer({"url": url, "email": address, "role": role}, as_json=as_json, sentence=url)


def _staff(session: Session, rt: Runtime, email: str, name: str) -> StaffRow:
    person = session.exec(select(StaffRow).where(StaffRow.email == email)).one_or_none()
    if person is None:
        person = StaffRow(id=rt.clock.new_id(), email=email, name=name, created_at=rt.clock.now())
        session.add(person)
        session.flush()
    return person


def _join(session: Session, staff_id: str, company_id: str, role: str) -> None:
    """Give a person a role in a company; an earlier one there is replaced."""
    membership = session.get(MembershipRow, (staff_id, company_id))
    if membership is None:
        session.add(MembershipRow(staff_id=staff_id, company_id=company_id, role=role))
    else:
        membership.role = role


@click.command()
@click.argument("invoice")
@company_option
@json_option
@told
def link(invoice: str, slug: str | None, as_json: bool) -> None:
    """Make a link with which an invoice can be paid. INVOICE is its number, or its id in QuickBooks.

    Earlier links stay alive; each can be revoked by itself.
    """
    from portal.access.links import make_invoice_link

    rt = runtime()
    company = company_of(rt, slug)
    found = _invoice(rt, company.id, invoice)
    url = make_invoice_link(rt, company.id, found.qbo_id)
    assert url is not None
    answer({"url": url, "invoice": found.number, "id": found.qbo_id}, as_json=as_json, sentence=url)


@click.command()
@click.option("--customer", default="", help="Only this customer's, by the name in QuickBooks.")
@company_option
@json_option
@told
def invoices(customer: str, slug: str | None, as_json: bool) -> None:
    """List the open invoices, the oldest due first."""
    rt = runtime()
    company = company_of(rt, slug)
    rows = _open_invoices(rt, company.id, customer)
    listed = [
        {"id": row.qbo_id, "number": row.number, "customer": name, "due_day": row.due_day, "currency": row.currency}
        | {"balance_minor": row.balance_minor}
        for row, name in rows
    ]
    lines = [
        f"{row.number:>8}  {words.money_text(Money(row.balance_minor, row.currency)):>14}  {row.due_day}  {name}"
        for row, name in rows
    ]
    answer(listed, as_json=as_json, sentence="\n".join(lines) or "No invoice is open.")


def _open_invoices(rt: Runtime, company_id: str, customer: str) -> list[tuple[InvoiceRow, str]]:
    found = (
        select(InvoiceRow, CustomerRow.name)
        .where(InvoiceRow.company_id == company_id, InvoiceRow.balance_minor > 0, InvoiceRow.state == "live")
        .where(CustomerRow.company_id == company_id, CustomerRow.qbo_id == InvoiceRow.customer_id)
        .order_by(col(InvoiceRow.due_day), col(InvoiceRow.qbo_id))
    )
    with rt.db.read() as session:
        return list(session.exec(found.where(CustomerRow.name == customer) if customer else found).all())


def _invoice(rt: Runtime, company_id: str, said: str) -> InvoiceRow:
    with rt.db.read() as session:
        mine = select(InvoiceRow).where(InvoiceRow.company_id == company_id)
        by_number = list(session.exec(mine.where(InvoiceRow.number == said).order_by(col(InvoiceRow.qbo_id))))
        found = by_number or list(session.exec(mine.where(InvoiceRow.qbo_id == said)))
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(row.qbo_id for row in found)
        raise Stop(f"Several invoices have the number {said}; name one by its id: {ids}", WRONG_QUESTION)
    raise Stop(f"There is no invoice {said!r} in the cache; tieout pull fetches what is new.", WRONG_QUESTION)
