"""A parent customer and what stands under it: seen, narrowed and paid in one place, and no further than it reaches."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlmodel import col, update

from connector.store.access import ContactCustomerRow
from connector.store.cache import CustomerRow
from connector.store.money import ShareRow
from portal.access.roles import acted_for
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import Opener, csrf_of

PORTAL = "/c/harbor-tile"
NORTH, BARN, SOUTH = "241", "242", "243"  # North and South under Blue Mesa, the barn under North


@pytest.fixture(autouse=True)
def _under_blue_mesa(rt: Runtime) -> None:
    cast.put(
        rt.db,
        cast.customer(NORTH, "Blue Mesa North", parent_id=cast.BLUE_MESA, balance_minor=5000),
        cast.customer(BARN, "Barn", parent_id=NORTH),
        cast.customer(SOUTH, "Blue Mesa South", parent_id=cast.BLUE_MESA),
        cast.customer("9", "Another's, with the same parent's number", parent_id=cast.STRANGER, company_id=cast.QUARRY),
        *cast.invoice("b1", "2001", customer_id=BARN, total=5000),
        *cast.invoice("s1", "2002", customer_id=SOUTH, total=7000),
        *cast.invoice("c1", "2003", customer_id=cast.CEDAR_HILL, total=9000),
        *cast.contact("contact-nora", "nora@bluemesa.test", [NORTH], role="view"),
    )


def sees(client: FlaskClient, *invoice_ids: str) -> list[int]:
    return [client.get(f"{PORTAL}/i/{one}").status_code for one in invoice_ids]


def test_who_acts_for_the_parent_sees_and_pays_what_is_under_it(signed_in: Opener) -> None:
    dana = signed_in(cast.DANA)
    assert sees(dana, "68", "b1", "s1", "c1") == [200, 200, 200, 404]
    home = dana.get(f"{PORTAL}/").get_data(as_text=True)
    assert "2001" in home
    assert "Blue Mesa South" in home, "each row says whose it is"
    pay = dana.get(f"{PORTAL}/pay?i=68&i=b1&i=s1&i=c1").get_data(as_text=True)
    assert "$740.00" in pay


def test_who_acts_for_a_part_sees_no_more_than_that(signed_in: Opener) -> None:
    nora = signed_in("contact-nora")
    assert sees(nora, "b1", "68", "s1", "c1") == [200, 404, 404, 404]
    assert nora.get(f"{PORTAL}/pay?i=b1").status_code == 404, "the role goes down with it"


def test_the_chooser_narrows_to_one_and_what_is_under_it(signed_in: Opener) -> None:
    dana = signed_in(cast.DANA)
    page = dana.get(f"{PORTAL}/customers").get_data(as_text=True)
    places = [page.index(name) for name in ("Blue Mesa Ranch", "Blue Mesa North", "Barn", "Blue Mesa South")]
    assert places == sorted(places), "each after its parent"
    token = csrf_of(dana, f"{PORTAL}/customers")
    dana.post(f"{PORTAL}/customers", data={"customer": NORTH, "csrf_token": token})
    assert sees(dana, "b1", "68", "s1") == [200, 404, 404]
    assert "Blue Mesa North, open balance" in dana.get(f"{PORTAL}/").get_data(as_text=True)
    assert "2001" in dana.get(f"{PORTAL}/invoices").get_data(as_text=True)
    foreign = dana.post(f"{PORTAL}/customers", data={"customer": cast.CEDAR_HILL, "csrf_token": token})
    assert foreign.status_code == 404


def test_the_list_is_narrowed_by_its_address_and_never_widened(signed_in: Opener) -> None:
    dana, nora = signed_in(cast.DANA), signed_in("contact-nora")
    page = dana.get(f"{PORTAL}/invoices?customer={SOUTH}").get_data(as_text=True)
    assert "2002" in page
    assert "2001" not in page
    assert "selected>Blue Mesa South</option>" in page
    assert "Barn</span>" in dana.get(f"{PORTAL}/invoices").get_data(as_text=True)
    for customer in (SOUTH, cast.BLUE_MESA, cast.CEDAR_HILL):
        page = nora.get(f"{PORTAL}/invoices?customer={customer}").get_data(as_text=True)
        assert not any(number in page for number in ("2002", "2003", "1068"))


def test_what_the_parent_paid_for_a_part_is_seen_there_if_it_paid_nothing_else(rt: Runtime, signed_in: Opener) -> None:
    cast.put(rt.db, *cast.payment("pay-b1", {"b1": 1000}), *cast.payment("pay-both", {"b1": 1000, "s1": 1000}))
    with rt.db.write("whose") as session:  # a share is of its invoice's customer, whoever the payment is for
        for invoice_id, customer_id in (("b1", BARN), ("s1", SOUTH)):
            mine = update(ShareRow).where(col(ShareRow.invoice_id) == invoice_id)
            session.exec(mine.values(customer_id=customer_id))
    dana, nora = signed_in(cast.DANA), signed_in("contact-nora")
    for payment_id, there in (("pay-b1", 200), ("pay-both", 404), ("pay-part", 404), ("pay-quarry", 404)):
        assert nora.get(f"{PORTAL}/p/{payment_id}").status_code == there
        assert nora.get(f"{PORTAL}/r/{payment_id}").status_code == there
    assert dana.get(f"{PORTAL}/p/pay-both").status_code == 200
    assert "Visa 4242" in nora.get(f"{PORTAL}/r/pay-b1").get_data(as_text=True)


def test_a_long_list_of_customers_is_searched(rt: Runtime, signed_in: Opener) -> None:
    dana = signed_in(cast.DANA)
    assert 'name="q"' not in dana.get(f"{PORTAL}/customers").get_data(as_text=True)
    cast.put(rt.db, *(cast.customer(f"p{n}", f"Pasture {n:02}", parent_id=SOUTH) for n in range(14)))
    page = dana.get(f"{PORTAL}/customers?q=TURE 1").get_data(as_text=True)
    assert 'name="q"' in page
    assert [f"Pasture {n:02}" in page for n in (9, 10, 13)] == [False, True, True]
    nothing = dana.get(f"{PORTAL}/customers?q=no-such").get_data(as_text=True)
    assert "No customer matches." in nothing


def test_the_statement_of_a_part(signed_in: Opener) -> None:
    assert signed_in(cast.DANA).get(f"{PORTAL}/statement?customer={BARN}").status_code == 200
    assert signed_in("contact-nora").get(f"{PORTAL}/statement?customer={SOUTH}").status_code == 404


def test_the_higher_role_counts_where_two_meet(rt: Runtime, signed_in: Opener) -> None:
    of = {"company_id": cast.HARBOR, "contact_id": "contact-nora"}
    cast.put(rt.db, ContactCustomerRow(customer_id=BARN, role="pay", **of))
    nora = signed_in("contact-nora")
    assert nora.get(f"{PORTAL}/pay?i=b1").status_code == 200
    with rt.db.read() as session:
        roles = {one.qbo_id: (one.role, one.depth) for one in acted_for(session, cast.HARBOR, "contact-nora")}
    assert roles == {NORTH: ("view", 0), BARN: ("pay", 1)}


def test_what_was_taken_below_is_not_given_from_above(rt: Runtime, signed_in: Opener) -> None:
    of = {"company_id": cast.HARBOR, "contact_id": cast.DANA}
    cast.put(rt.db, ContactCustomerRow(customer_id=NORTH, state="blocked", **of))
    assert sees(signed_in(cast.DANA), "68", "s1", "b1") == [200, 200, 404]


def test_a_customer_that_changes_its_parent_takes_its_invoices_along(rt: Runtime, signed_in: Opener) -> None:
    dana = signed_in(cast.DANA)
    with rt.db.write("move") as session:
        session.get_one(CustomerRow, (cast.HARBOR, NORTH)).parent_id = cast.CEDAR_HILL
    assert sees(dana, "b1", "s1") == [404, 200]


def test_parents_that_go_round_in_a_ring_end(rt: Runtime, signed_in: Opener) -> None:
    with rt.db.write("ring") as session:
        session.get_one(CustomerRow, (cast.HARBOR, cast.BLUE_MESA)).parent_id = BARN
    assert sees(signed_in(cast.DANA), "68", "b1", "s1") == [200, 200, 200]
    with rt.db.read() as session:
        assert len(acted_for(session, cast.HARBOR, cast.DANA)) == 4


def test_one_person_goes_on_to_another_company(rt: Runtime, signed_in: Opener) -> None:
    cast.put(rt.db, *cast.contact("dana-there", "dana@bluemesa.test", [cast.STRANGER], company_id=cast.QUARRY))
    dana = signed_in(cast.DANA, proof="mail")
    assert "Quarry Lane Stone" in dana.get(f"{PORTAL}/customers").get_data(as_text=True)
    token = csrf_of(dana, f"{PORTAL}/customers")
    moved = dana.post(f"{PORTAL}/companies", data={"company": "quarry-lane", "csrf_token": token})
    assert moved.location == "/c/quarry-lane/"
    assert "Lakeside Hotel" in dana.get(moved.location).get_data(as_text=True)
    assert "Blue Mesa Ranch" in dana.get(f"{PORTAL}/").get_data(as_text=True), "and is still here"


def test_going_on_makes_nobody_newly_signed_in(rt: Runtime, signed_in: Opener) -> None:
    """Or whoever finds a browser open could set another password there, and back here, and stay for ever."""
    cast.put(rt.db, *cast.contact("dana-there", "dana@bluemesa.test", [cast.STRANGER], company_id=cast.QUARRY))
    dana = signed_in(cast.DANA, proof="mail")
    rt.clock.move(timedelta(hours=20))  # type: ignore[attr-defined]
    for here, there in (("harbor-tile", "quarry-lane"), ("quarry-lane", "harbor-tile")):
        token = csrf_of(dana, f"/c/{here}/customers")
        assert dana.post(f"/c/{here}/companies", data={"company": there, "csrf_token": token}).status_code == 302
        page = f"/c/{there}/account/password"
        wanted = {"password": "lantern otter gravel", "csrf_token": csrf_of(dana, f"/c/{there}/account")}
        assert dana.post(page, data=wanted).status_code == 422, there
    for _ in range(8):
        rt.clock.move(timedelta(hours=20))  # type: ignore[attr-defined]
        dana.get("/c/quarry-lane/customers")
    assert dana.get("/c/quarry-lane/customers").status_code == 302, "seven days after the sign-in it is over"


@pytest.mark.parametrize("proof", ["provider", "invite", "password", "passkey"])
def test_who_did_not_come_by_a_link_of_the_own_browser_goes_nowhere_else(
    rt: Runtime, signed_in: Opener, proof: str
) -> None:
    """A company chooses its provider, and may read an invitation that it sends: neither opens another company."""
    cast.put(rt.db, *cast.contact("dana-there", "dana@bluemesa.test", [cast.STRANGER], company_id=cast.QUARRY))
    dana = signed_in(cast.DANA, proof=proof)
    assert "Quarry Lane Stone" not in dana.get(f"{PORTAL}/customers").get_data(as_text=True)
    token = csrf_of(dana, f"{PORTAL}/customers")
    assert dana.post(f"{PORTAL}/companies", data={"company": "quarry-lane", "csrf_token": token}).status_code == 404
