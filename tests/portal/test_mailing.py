"""The console's mail pages: the schedule and its preview, sending and skipping by hand, timeline, stopped addresses."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from flask.testing import FlaskClient
from sqlmodel import select

from connector.store.books import DiscrepancyRow
from connector.store.log import LogRow
from connector.store.mailing import AddressRow, ScheduleRow, SkipRow
from connector.store.outbox import MailRow
from jobs.mail import letters
from jobs.mail.envelope import without_secrets
from portal import mails as mails_shown
from portal.access import links
from sync.invoice_links import invoice_address
from sync.reminding.addresses import preferences_url
from sync.reminding.texting import TEXTS
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import csrf_of
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.test_invoice_page import text_of

Opener = Callable[..., FlaskClient]
FORM = {
    "is_on": "yes",
    "mails_new": "yes",
    "steps": "-3, 0, 7",
    "opens_hour": "9",
    "closes_hour": "17",
    "quiet_weekends": "yes",
    "quiet_days": "2026-12-25",
}


def post(client: FlaskClient, path: str, follow: bool = True, **form: str) -> str:
    token = csrf_of(client, "/staff/mail")
    return client.post(path, data={**form, "csrf_token": token}, follow_redirects=follow).get_data(as_text=True)


def mails(rt: Runtime) -> list[MailRow]:
    with rt.db.read() as session:
        return list(session.exec(select(MailRow).order_by(MailRow.id)))


def logged(rt: Runtime) -> list[str]:
    with rt.db.read() as session:
        return [row.sentence for row in session.exec(select(LogRow).where(LogRow.kind == "mail").order_by(LogRow.id))]


def test_it_is_off_until_an_owner_turns_it_on(rt: Runtime, at_desk: Opener) -> None:
    omar = at_desk(cast.OMAR)
    html = omar.get("/staff/mail").get_data(as_text=True)
    assert '<span class="mark">Off</span>' in html
    assert "Saved. It counts from now on." in post(omar, "/staff/mail", **FORM)
    row = cast.in_session(rt.db, ScheduleRow, cast.HARBOR)
    assert (row.is_on, row.on_since, row.steps, row.quiet_days) == (True, cast.NOW, "-3 0 7", "2026-12-25")
    assert row.next_at.isoformat() == "2026-11-23T17:00:00+00:00"  # it is Sunday; on Monday at nine in Portland
    assert logged(rt) == ["Omar Haddad turned mails about invoices on"]
    assert "Nothing was changed." in post(omar, "/staff/mail", **FORM)
    assert "disabled" in at_desk(cast.INES).get("/staff/mail").get_data(as_text=True)


def test_what_cannot_be_is_said_and_nothing_typed_is_lost(rt: Runtime, at_desk: Opener) -> None:
    omar = at_desk(cast.OMAR)
    html = post(omar, "/staff/mail", **{**FORM, "steps": "soon", "quiet_days": "2027-01-01"})
    assert "The days are whole numbers" in html
    assert 'value="soon"' in html
    assert "2027-01-01" in html
    assert re.search(r'name="is_on" value="yes" checked', html)
    assert "Mails leave from an hour until a later one" in post(omar, "/staff/mail", **{**FORM, "closes_hour": "9"})
    assert cast.in_session(rt.db, ScheduleRow, cast.HARBOR) is None


def test_the_preview_says_whom_and_in_which_words(rt: Runtime, at_desk: Opener) -> None:
    cast.put(rt.db, *cast.invoice("90", "1090", due=date(2026, 11, 26), total=5000, tax=0))
    html = at_desk(cast.OMAR).get("/staff/mail").get_data(as_text=True)
    assert "Who would be mailed first" in html
    assert "Monday 23 November" in html
    assert re.search(r"dana@bluemesa.test.*?1090</a></td><td>3 days before it is due</td>.*?\$50.00", html, re.DOTALL)
    assert "1068</a></td>" not in html
    assert "Invoice 1042 from Harbor Tile Co. was due 15 November: $620.00" in html
    assert mails(rt) == []


def test_a_bookkeeper_sends_one_now_and_once_a_day(rt: Runtime, at_desk: Opener) -> None:
    ines = at_desk(cast.INES)
    assert "on its way to dana@bluemesa.test" in post(ines, "/staff/invoices/59/remind", to="dana@bluemesa.test")
    html = post(ines, "/staff/invoices/59/remind", to="dana@bluemesa.test")
    assert "Not sent. It went to dana@bluemesa.test today already." in html
    assert "Queued" in html
    (mail,) = mails(rt)
    assert (mail.kind, mail.invoice_id, mail.customer_id, mail.state) == ("reminder", "59", cast.BLUE_MESA, "due")
    assert ("mail", mail.id) in rt.bell.rings  # type: ignore[attr-defined]
    assert "Not sent. Choose an address" in post(ines, "/staff/invoices/59/remind", to="evil@example.test")
    assert "Not sent. A payment of it is under way." in post(ines, "/staff/invoices/76/remind", to="dana@bluemesa.test")
    assert logged(rt) == ["Ines Marques sent invoice 1059 to dana@bluemesa.test"]


def test_skipping_and_what_is_coming(rt: Runtime, at_desk: Opener) -> None:
    ines = at_desk(cast.INES)
    assert "Mails about invoices are off." in ines.get("/staff/invoices/68").get_data(as_text=True)
    post(at_desk(cast.OMAR), "/staff/mail", **FORM)
    said = text_of(ines.get("/staff/invoices/68").get_data(as_text=True))
    assert "Next: 3 days before it is due, on Monday 30 November." in said
    assert "It is left out of the schedule." in post(ines, "/staff/invoices/68/skip", skip="yes")
    assert "Next: " in post(ines, "/staff/invoices/68/skip", skip="")
    html = post(ines, f"/staff/customers/{cast.BLUE_MESA}/skip", skip="yes")
    assert "Nothing about invoices is mailed to them by itself." in html
    assert cast.in_session(rt.db, SkipRow, (cast.HARBOR, "customer", cast.BLUE_MESA)).by == cast.INES
    assert "It is left out of the schedule." in ines.get("/staff/invoices/71").get_data(as_text=True)
    assert "Ines Marques decided: nothing is mailed about Blue Mesa Ranch by itself any more" in logged(rt)


def test_the_timeline_of_a_customer_holds_every_mail_and_its_text(rt: Runtime, at_desk: Opener) -> None:
    cast.put(
        rt.db,
        cast.mail("m-1", "dana@bluemesa.test", subject="Invoice 1068 is due", customer_id=cast.BLUE_MESA),
        cast.mail("m-2", "ap@x.test", kind="receipt", subject="Receipt 41", payment_id="pay-part", key="r"),
        cast.mail("m-3", "luis@bluemesa.test", kind="sign_in", subject="", state="failed", key="s"),
        cast.mail("m-4", "dana@bluemesa.test", kind="talk_staff", subject="For staff", key="t"),
        cast.mail("m-5", "front@cedarhill.test", subject="Of another", customer_id=cast.CEDAR_HILL, key="o"),
        cast.mail(
            "m-6", "old@bluemesa.test", subject="Came back", customer_id=cast.BLUE_MESA, key="b", bounced_at=cast.NOW
        ),
        cast.mail("m-7", "dana@bluemesa.test", subject="Elsewhere", customer_id="24", company_id=cast.QUARRY),
    )
    vera = at_desk(cast.VERA)
    html = vera.get(f"/staff/customers/{cast.BLUE_MESA}").get_data(as_text=True)
    for said in ("Invoice 1068 is due", "Receipt 41", "Sign-in link", "Not sent", "Came back", "Bounced"):
        assert said in html
    for others in ("For staff", "Of another", "Elsewhere"):
        assert others not in html
    html = vera.get("/staff/mail/sent/m-1").get_data(as_text=True)
    assert "To dana@bluemesa.test" in html
    assert ">42</pre>" in html
    assert vera.get("/staff/mail/sent/m-4").status_code == 404


def test_every_kind_that_payers_get_is_shown_and_no_other() -> None:
    assert set(mails_shown.KINDS) == {*letters.KINDS, *TEXTS} - {*letters.FOR_STAFF, "staff_sign_in"}


def test_no_secret_of_any_link_is_kept(rt: Runtime) -> None:
    token = "x" * 43
    addresses = [
        invoice_address(rt, "harbor-tile", token),
        links.sign_in_address(rt, "harbor-tile", token),
        links.invite_address(rt, "harbor-tile", token),
        links.staff_address(rt, token),
        f"{cast.PUBLIC_URL}/i/{token}",
        preferences_url(rt, "harbor-tile", token),
        f"{preferences_url(rt, 'harbor-tile', token)}/off/new",
    ]
    made = {name for name in vars(links) if name.endswith("_address")}
    assert made == {"invoice_address", "sign_in_address", "invite_address", "staff_address", "short_address"}
    for one in addresses:
        kept = without_secrets(f"Open {one} now", rt.settings.public_url)
        assert "xxx" not in kept
        assert kept.startswith("Open http")
        assert kept.endswith(" now")


def test_an_address_that_bounced_is_mailed_again_by_a_click(rt: Runtime, at_desk: Opener) -> None:
    cast.put(
        rt.db,
        AddressRow(id="a-1", company_id=cast.HARBOR, email="gone@x.test", stopped_at=cast.NOW, stopped_why="No such"),
        AddressRow(id="a-2", company_id=cast.HARBOR, email="less@x.test", wants_reminders=False, chosen_at=cast.NOW),
        cast.discrepancy("need-mail", kind="mail_stopped", subject="gone@x.test"),
    )
    ines = at_desk(cast.INES)
    html = ines.get("/staff/mail").get_data(as_text=True)
    assert "No such" in html
    assert "reminders turned off" in html
    assert "Mail goes to gone@x.test again." in post(ines, "/staff/mail/addresses", email="gone@x.test")
    assert cast.in_session(rt.db, AddressRow, "a-1").stopped_at is None
    assert cast.in_session(rt.db, DiscrepancyRow, "need-mail").closed_by == cast.INES
