"""A payment for several customers, seen by somebody who acts for one of them: nothing of the others is on any page."""

from __future__ import annotations

import pytest
from sqlmodel import col, update

from connector.store.money import ShareRow
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import Opener

PORTAL = "/c/harbor-tile"


@pytest.fixture(autouse=True)
def _paid_by_luis(rt: Runtime) -> None:
    """Let Luis pay for Blue Mesa Ranch and for Ridge Supply at once."""
    cast.put(
        rt.db,
        *cast.invoice("91", "R-77", customer_id=cast.RIDGE, total=98700, tax=0),
        *cast.payment("pay-both", {"68": 1200, "91": 98700}, numbers={"68": "1068", "91": "R-77"}, at=cast.NOW),
    )
    with rt.db.write("of ridge") as session:
        session.exec(update(ShareRow).where(col(ShareRow.invoice_id) == "91").values(customer_id=cast.RIDGE))


def test_who_acts_for_one_of_them_learns_nothing_of_the_other(signed_in: Opener) -> None:
    dana = signed_in(cast.DANA)
    for path in ("/p/pay-both", "/r/pay-both", "/r/pay-both/pdf"):
        assert dana.get(f"{PORTAL}{path}").status_code == 404
    for path in ("/", "/payments", "/i/68"):
        page = dana.get(f"{PORTAL}{path}").get_data(as_text=True)
        assert "R-77" not in page
        assert "987.00" not in page
        assert "999.00" not in page, "nor the sum of both"
    assert "/r/pay-both" not in dana.get(f"{PORTAL}/i/68").get_data(as_text=True), "no door that does not open"
    own = dana.get(f"{PORTAL}/payments").get_data(as_text=True)
    assert "$12.00" in own, "the own part is told"
    assert "pay-both" not in own


def test_who_acts_for_all_of_them_sees_the_whole(signed_in: Opener) -> None:
    luis = signed_in(cast.LUIS)
    assert luis.get(f"{PORTAL}/r/pay-both").status_code == 200
    page = luis.get(f"{PORTAL}/payments").get_data(as_text=True)
    assert "R-77" in page
    assert "$999.00" in page
    assert f"{PORTAL}/p/pay-both" in page or f"{PORTAL}/r/pay-both" in page


@pytest.mark.parametrize(("state", "method"), [("processing", "us_bank_account"), ("created", "card")])
def test_what_is_on_its_way_for_several_is_told_without_a_door(
    rt: Runtime, signed_in: Opener, state: str, method: str
) -> None:
    shares, numbers = {"68": 1300, "91": 100}, {"68": "1068", "91": "R-77"}
    cast.put(rt.db, *cast.payment("pay-coming", shares, numbers=numbers, at=cast.NOW, state=state, method=method))
    with rt.db.write("of ridge") as session:
        session.exec(update(ShareRow).where(col(ShareRow.invoice_id) == "91").values(customer_id=cast.RIDGE))
    for who, has_door in ((cast.DANA, False), (cast.LUIS, True)):
        page = signed_in(who).get(f"{PORTAL}/i/68").get_data(as_text=True)
        assert "$13.00" in page
        assert ("/p/pay-coming" in page) is has_door
        german = signed_in(who).get(f"{PORTAL}/i/68?lang=de").get_data(as_text=True)
        assert ("unterwegs" if state == "processing" else "nicht abgeschlossen") in german
