"""Papers, whole: an estimate approved in the portal until QuickBooks says so, contact data, and files handed over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlmodel import Session, select

from connector.store.access import ContactCustomerRow
from connector.store.companies import CompanyRow
from portal.access import sessions
from portal.app import create_app
from sandbox.qbo.control import QuickBooksControl
from sandbox.world import World
from sync.pull import pull_company
from sync.push import push_company
from tests.house import House
from tests.portal.conftest import csrf_of, with_session


@pytest.fixture
def house(world: World, database_url: str) -> Iterator[House]:
    house = House(world, database_url, public_url="http://localhost")
    yield house
    house.close()


@pytest.fixture
def payer(house: House) -> FlaskClient:
    """Return the browser of somebody who signed in for Blue Mesa Ranch."""
    customer = house.customer("Blue Mesa Ranch")
    with Session(house.rt.db.engine) as session:
        contact = select(ContactCustomerRow.contact_id).where(ContactCustomerRow.customer_id == customer)
        contact_id = session.exec(contact).first()
        slug = session.get_one(CompanyRow, house.company_id).slug
    who = {"company_id": house.company_id, "contact_id": str(contact_id), "proof": "mail"}
    client = with_session(create_app(house.rt), house.rt, sessions.payer_door(slug), sessions.CUSTOMER, **who)
    client.home = f"/c/{slug}"  # type: ignore[attr-defined]
    return client


def in_books(house: House, entity: str, key: str) -> dict[str, Any]:
    [found] = [body for body in house.in_books(entity) if body["Id"] == key]
    return dict(found)


def test_an_estimate_is_approved_and_quickbooks_says_so(house: House, payer: FlaskClient) -> None:
    home = payer.home  # type: ignore[attr-defined]
    page = payer.get(f"{home}/documents").get_data(as_text=True)
    waiting = re.search(r'/e/(\d+)"[^§]*?Please answer by', page)
    assert waiting
    path, key = f"{home}/e/{waiting[1]}", waiting[1]
    version = re.search(r'name="version" value="(\d+)"', payer.get(path).get_data(as_text=True))
    assert version
    form = {"csrf_token": csrf_of(payer, path), "version": version[1], "name": "Dana Reyes", "answer": "approve"}
    assert payer.post(path, data=form).status_code == 302
    assert "will stand so in" in payer.get(path).get_data(as_text=True)
    push_company(house.rt, house.company_id)
    body = in_books(house, "Estimate", key)
    assert (body["TxnStatus"], body["AcceptedBy"]) == ("Accepted", "Dana Reyes")
    assert "It stands so in" in payer.get(path).get_data(as_text=True)


def test_contact_data_is_taken_over_by_the_rule(house: House, payer: FlaskClient) -> None:
    with house.rt.db.write("rule") as session:
        session.get_one(CompanyRow, house.company_id).takes_contact_data = True
    path = f"{payer.home}/contact"  # type: ignore[attr-defined]
    customer = house.customer("Blue Mesa Ranch")
    before = in_books(house, "Customer", customer)
    fields = dict(
        re.findall(
            r'<input class="field" id="\w+" name="(\w+)"[^>]* value="([^"]*)"', payer.get(path).get_data(as_text=True)
        )
    )
    form = {**fields, "csrf_token": csrf_of(payer, path), "customer": customer, "bill_line1": "2 Mesa Road"}
    assert payer.post(path, data=form).status_code == 302
    push_company(house.rt, house.company_id)
    after = in_books(house, "Customer", customer)
    assert after["BillAddr"]["Line1"] == "2 Mesa Road"
    assert {name: after[name] for name in ("DisplayName", "PrimaryPhone", "PrimaryEmailAddr", "ShipAddr")} == {
        name: before[name] for name in ("DisplayName", "PrimaryPhone", "PrimaryEmailAddr", "ShipAddr")
    }


def test_files_that_go_out_are_handed_over_and_others_are_not(house: House, payer: FlaskClient) -> None:
    home = payer.home  # type: ignore[attr-defined]
    files = {body["FileName"]: body for body in house.in_books("Attachable")}
    invoice = files["Laying plan.pdf"]["AttachableRef"][0]["EntityRef"]["value"]
    page = payer.get(f"{home}/i/{invoice}").get_data(as_text=True)
    assert "Terrace, before.jpg" in page
    assert "Margin.pdf" not in page
    assert payer.get(f"{home}/i/{invoice}/file/{files['Margin.pdf']['Id']}").status_code == 404
    plan = payer.get(f"{home}/i/{invoice}/file/{files['Laying plan.pdf']['Id']}")
    assert plan.get_data().startswith(b"%PDF-")
    small = payer.get(f"{home}/i/{invoice}/picture/{files['Terrace, laid.jpg']['Id']}")
    with Image.open(BytesIO(small.get_data())) as picture:
        assert picture.size == (320, 240)


def test_a_file_that_is_taken_off_in_quickbooks_is_gone_with_the_next_pull(house: House, payer: FlaskClient) -> None:
    home = payer.home  # type: ignore[attr-defined]
    plan = next(body for body in house.in_books("Attachable") if body["FileName"] == "Laying plan.pdf")
    invoice = plan["AttachableRef"][0]["EntityRef"]["value"]
    QuickBooksControl(house.world.quickbooks).control(
        "delete", {"entity": "Attachable", "id": plan["Id"]}, reading=False
    )
    pull_company(house.rt, house.company_id)
    assert "Laying plan.pdf" not in payer.get(f"{home}/i/{invoice}").get_data(as_text=True)
    assert payer.get(f"{home}/i/{invoice}/file/{plan['Id']}").status_code == 404
