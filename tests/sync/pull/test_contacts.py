"""S-31: whoever can change an address in QuickBooks does not gain a customer's account in the portal by it."""

from __future__ import annotations

from sqlmodel import col, select, update

from connector.store.access import ContactCustomerRow, ContactRow
from connector.store.outbox import MailRow
from sync.pull import pull_company
from tests.qbo.rig import Rig


def access(rig: Rig) -> dict[tuple[str, str], tuple[str, str]]:
    """Return, by address and customer, the state of the contact and of its link to the customer."""
    with rig.db.read() as session:
        rows = session.exec(
            select(ContactRow.email, ContactCustomerRow.customer_id, ContactRow.state, ContactCustomerRow.state)
            .join(ContactCustomerRow, col(ContactCustomerRow.contact_id) == ContactRow.id)
            .where(ContactRow.company_id == rig.company_id, ContactCustomerRow.company_id == rig.company_id)
        )
        return {(email, customer): (contact, link) for email, customer, contact, link in rows}


def test_the_address_seen_first_may_sign_in_and_a_later_one_waits(rig: Rig) -> None:
    mesa = rig.customer("Blue Mesa Ranch", "AP@BlueMesa.example")
    pull_company(rig.rt, rig.company_id)
    assert access(rig) == {("ap@bluemesa.example", mesa): ("active", "active")}

    rig.edit("Customer", mesa, PrimaryEmailAddr={"Address": "thief@elsewhere.example"})
    pull_company(rig.rt, rig.company_id)

    assert access(rig) == {
        ("ap@bluemesa.example", mesa): ("active", "active"),
        ("thief@elsewhere.example", mesa): ("pending", "pending"),
    }
    assert "Blue Mesa Ranch has another e-mail address in QuickBooks: thief@elsewhere.example." in rig.lines()
    with rig.db.read() as session:
        told = session.exec(select(MailRow.kind, MailRow.to)).all()
    assert told == [("new_address", "ap@bluemesa.example")], "the one whose account it is learns of it, once"


def test_an_address_added_where_there_was_none_waits_too(rig: Rig) -> None:
    mesa = rig.customer("Blue Mesa Ranch")
    pull_company(rig.rt, rig.company_id)
    rig.edit("Customer", mesa, PrimaryEmailAddr={"Address": "ap@bluemesa.example"})
    pull_company(rig.rt, rig.company_id)
    assert access(rig) == {("ap@bluemesa.example", mesa): ("pending", "pending")}


def test_a_customer_that_is_new_later_brings_its_address(rig: Rig) -> None:
    pull_company(rig.rt, rig.company_id)
    mesa = rig.customer("Blue Mesa Ranch", "ap@bluemesa.example, owner@bluemesa.example")
    pull_company(rig.rt, rig.company_id)
    assert access(rig) == {
        ("ap@bluemesa.example", mesa): ("active", "active"),
        ("owner@bluemesa.example", mesa): ("active", "active"),
    }


def test_one_address_may_stand_for_several_customers_each_on_its_own_terms(rig: Rig) -> None:
    mesa, pine = rig.customer("Blue Mesa Ranch", "ap@bluemesa.example"), rig.customer("Pine Co", "x@pine.example")
    pull_company(rig.rt, rig.company_id)
    rig.edit("Customer", pine, PrimaryEmailAddr={"Address": "ap@bluemesa.example"})
    pull_company(rig.rt, rig.company_id)

    assert access(rig)["ap@bluemesa.example", mesa] == ("active", "active")
    assert access(rig)["ap@bluemesa.example", pine] == ("active", "pending"), "its invoices stay closed to it"


def test_an_address_that_waits_becomes_a_contact_with_its_first_own_customer(rig: Rig) -> None:
    mesa = rig.customer("Blue Mesa Ranch", "ap@bluemesa.example")
    pull_company(rig.rt, rig.company_id)
    rig.edit("Customer", mesa, PrimaryEmailAddr={"Address": "new@bluemesa.example"})
    pull_company(rig.rt, rig.company_id)
    annex = rig.customer("Blue Mesa Annex", "new@bluemesa.example")
    pull_company(rig.rt, rig.company_id)

    assert access(rig)["new@bluemesa.example", annex] == ("active", "active")
    assert access(rig)["new@bluemesa.example", mesa] == ("active", "pending")


def test_what_a_person_decided_is_not_changed_by_a_pull(rig: Rig) -> None:
    mesa = rig.customer("Blue Mesa Ranch", "ap@bluemesa.example")
    pull_company(rig.rt, rig.company_id)
    with rig.db.write("test") as session:
        session.exec(update(ContactRow).values(state="blocked"))
    rig.edit("Customer", mesa, PrimaryEmailAddr={"Address": "other@bluemesa.example"})
    pull_company(rig.rt, rig.company_id)
    rig.edit("Customer", mesa, PrimaryEmailAddr={"Address": "ap@bluemesa.example"})
    pull_company(rig.rt, rig.company_id)
    rig.world.advance(31 * 86_400)
    pull_company(rig.rt, rig.company_id)
    assert access(rig)["ap@bluemesa.example", mesa] == ("blocked", "active")
    assert access(rig)["other@bluemesa.example", mesa] == ("pending", "pending")


def test_what_is_no_address_makes_no_contact(rig: Rig) -> None:
    rig.customer("Odd One")
    rig.edit("Customer", "1", PrimaryEmailAddr={"Address": "none"})
    pull_company(rig.rt, rig.company_id)
    assert access(rig) == {}
