"""Mails that come back: read by IMAP from the demo's mailbox or taken at the signed door, and what follows."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import select

from connector.errors import Transient, Unauthorised, WrongInput
from connector.store.books import DiscrepancyRow
from connector.store.cache import CustomerRow
from connector.store.mailing import AddressRow, BounceRow
from connector.store.outbox import MailRow
from jobs import ticker
from jobs.mail.mailbox import mailbox_address, note_all, opened, read_reports
from jobs.mail.sending import Outcome, send_mail
from sandbox.demo.mailbox import Mailbox
from sync.doors import Accepted, Refused
from sync.pulling.change import Change
from sync.pulling.contacts import note_emails
from sync.reminding.bouncing import HARD, SOFT, kind_of, lift_stops
from sync.reminding.door import accept_report
from sync.reminding.reports import read_report
from sync.runtime import Runtime
from tests.jobs.conftest import COMPANY, OTHER, PostOffice, owe_mail
from tests.jobs.test_mail import row

SECRET = "a secret of the mail provider"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Mailbox]:
    box = Mailbox(tmp_path / "mails")
    box.start()
    yield box
    box.stop()


@pytest.fixture
def at_box(rt: Runtime, box: Mailbox) -> Runtime:
    """Return the runtime with its mail at the demo's mailbox."""
    urls = {"smtp_url": SecretStr(box.smtp_url), "imap_url": SecretStr(box.imap_url)}
    return replace(rt, settings=rt.settings.model_copy(update=urls))


@pytest.fixture
def at_door(rt: Runtime) -> Runtime:
    return replace(rt, settings=rt.settings.model_copy(update={"mail_hook_secret": SecretStr(SECRET)}))


def rows(rt: Runtime, of: Any) -> list[Any]:
    with rt.db.read() as session:
        return list(session.exec(select(of)))


def needs(rt: Runtime) -> list[DiscrepancyRow]:
    return [one for one in rows(rt, DiscrepancyRow) if one.closed_at is None]


def test_an_address_that_is_gone_is_mailed_no_more_and_somebody_is_told(at_box: Runtime) -> None:
    rt = at_box
    with rt.db.write("test") as session:
        session.get_one(CustomerRow, (COMPANY, "cust-1")).email = "Gone@bluemesa.example"
    first = owe_mail(rt, "receipt", to="gone@bluemesa.example")
    assert send_mail(rt, first) is Outcome.SENT
    assert read_reports(rt) == 1
    assert read_reports(rt) == 0  # it is marked as read
    assert row(rt, first).bounced_at is not None
    (need,) = needs(rt)
    assert (need.company_id, need.kind, need.subject) == (COMPANY, "mail_stopped", "gone@bluemesa.example")
    assert need.sentence == (
        "gone@bluemesa.example (Blue Mesa Ranch) takes no mail: 550 5.1.1 No such mailbox here."
        " Nothing is sent there any more."
    )
    second = owe_mail(rt, "receipt", to="Gone@bluemesa.example")
    assert send_mail(rt, second) is Outcome.WITHDRAWN
    assert (row(rt, second).state, row(rt, second).error) == ("stopped", "This address takes no mail: it bounced.")
    url = json.dumps({"url": "http://127.0.0.1:8800/c/harbor-tile/sign-in/secret"})
    asked = owe_mail(rt, "sign_in", to="gone@bluemesa.example", context=url)
    assert send_mail(rt, asked) is Outcome.SENT  # whoever waits for a link may have mended the address a minute ago


def test_trouble_that_passes_and_policies_stop_nothing(at_box: Runtime) -> None:
    rt = at_box
    for name in ("full", "blocked"):
        assert send_mail(rt, owe_mail(rt, "receipt", to=f"{name}@x.example")) is Outcome.SENT
    assert read_reports(rt) == 2
    assert {(one.email, one.kind) for one in rows(rt, BounceRow)} == {
        ("full@x.example", "soft"),
        ("blocked@x.example", "soft"),
    }
    assert needs(rt) == []
    assert rows(rt, AddressRow) == []


def test_a_report_that_was_noted_and_not_marked_counts_once(at_box: Runtime, box: Mailbox) -> None:
    send_mail(at_box, owe_mail(at_box, "receipt", to="gone@x.example"))
    with opened(box.imap_url) as mailbox:
        ((name, raw),) = list(mailbox.unread())

        class Dies:
            """A mailbox whose reader dies before it marks."""

            def unread(self) -> Iterator[tuple[str, bytes]]:
                yield name, raw

            def mark(self, name: str) -> None:
                raise Transient("mail", "died")

        with pytest.raises(Transient):
            note_all(at_box, Dies())
    assert read_reports(at_box) == 0
    assert len(rows(at_box, BounceRow)) == 1


def test_other_mail_in_the_box_stays_unread(at_box: Runtime, box: Mailbox) -> None:
    send_mail(at_box, owe_mail(at_box, "receipt"))
    with opened(box.imap_url) as mailbox:
        assert list(mailbox.unread()) == []


def test_the_ticker_looks_into_the_mailbox_every_five_minutes(at_box: Runtime, rt: Runtime) -> None:
    heard: list[tuple[str, str]] = []

    def hear(work: str, subject: str) -> bool:
        heard.append((work, subject))
        return True

    for minutes in (0, 1, 5, 1):
        at_box.clock.advance(minutes=minutes)  # type: ignore[attr-defined]
        ticker.Ticker(at_box, heard=hear).turn()
    assert heard.count(("reports", "all")) == 2
    heard.clear()
    rt.clock.advance(minutes=30)  # type: ignore[attr-defined]
    ticker.Ticker(rt, heard=hear).turn()  # without a mailbox nobody looks
    assert ("reports", "all") not in heard


def stopped(rt: Runtime, email: str = "ap@bluemesa.example") -> str:
    mail_id = owe_mail(rt, "receipt", to=email)
    send_mail(rt, mail_id)
    body = json.dumps({"id": mail_id, "kind": "hard", "message_id": row(rt, mail_id).message_id, "why": "No such"})
    assert isinstance(accept_report(rt, body.encode(), signed(rt, body)), Accepted)
    return mail_id


def signed(rt: Runtime, body: str, *, secret: str = SECRET, ago: float = 0) -> str:
    at = int(rt.clock.now().timestamp() - ago)
    return f"t={at},v1={hmac.new(secret.encode(), f'{at}.{body}'.encode(), hashlib.sha256).hexdigest()}"


def test_the_door_takes_what_is_signed_and_nothing_else(at_door: Runtime, rt: Runtime, office: PostOffice) -> None:
    mail_id = owe_mail(at_door, "receipt")
    send_mail(at_door, mail_id)
    name = row(at_door, mail_id).message_id
    body = json.dumps({"id": "evt-1", "kind": "complaint", "message_id": name, "why": "spam"})
    for header in ("", "t=1,v1=2", signed(at_door, body, secret="other"), signed(at_door, body, ago=301)):
        assert isinstance(accept_report(at_door, body.encode(), header), Refused)
    assert isinstance(accept_report(at_door, body.encode() + b" ", signed(at_door, body)), Refused)
    assert isinstance(accept_report(rt, body.encode(), signed(rt, body, secret="")), Refused)  # no secret, no door
    assert rows(rt, BounceRow) == []
    for _ in range(2):
        assert isinstance(accept_report(at_door, body.encode(), signed(at_door, body)), Accepted)
    assert [(one.kind, one.email) for one in rows(rt, BounceRow)] == [("complaint", "ap@bluemesa.example")]
    assert "says it never asked for our mail" in needs(rt)[0].sentence


@pytest.mark.parametrize(
    "said",
    [[], "x", {}, {"report": "Subject: hello\n\nworld"}, {"id": "1", "kind": "nice", "message_id": "<a>", "why": "x"},
     {"id": 1, "kind": "hard", "message_id": "<a>", "why": "x"}, {"id": "1", "kind": "hard", "message_id": "<a>"}],
)  # fmt: skip
def test_what_is_no_report_is_refused(at_door: Runtime, said: Any) -> None:
    body = json.dumps(said)
    answer = accept_report(at_door, body.encode(), signed(at_door, body))
    assert isinstance(answer, Refused)
    assert answer.status == 400


def test_a_report_of_a_mail_that_is_not_ours_stops_nobody(at_door: Runtime) -> None:
    for name in ("<nobody@x.example>", "<>", "x"):
        body = json.dumps({"id": name, "kind": "hard", "message_id": name, "why": "No such mailbox"})
        assert isinstance(accept_report(at_door, body.encode(), signed(at_door, body)), Accepted)
    assert rows(at_door, BounceRow) == []


def test_a_stop_is_of_one_company(at_door: Runtime) -> None:
    stopped(at_door)
    assert send_mail(at_door, owe_mail(at_door, "receipt", to="ap@bluemesa.example")) is Outcome.WITHDRAWN
    with at_door.db.write("test") as session:
        session.add(AddressRow(id="other", company_id=OTHER, email="ap@bluemesa.example"))
    assert {(one.company_id, one.stopped_at is None) for one in rows(at_door, AddressRow)} == {
        (COMPANY, False),
        (OTHER, True),
    }


def change(before: str, now: str) -> Change:
    of = {"name": "Blue Mesa Ranch"}
    return Change("Customer", "cust-1", {**of, "email": now}, {**of, "email": before})


def test_an_address_entered_anew_in_quickbooks_is_tried_again(at_door: Runtime) -> None:
    stopped(at_door)
    with at_door.db.write("test") as session:
        note_emails(session, at_door, COMPANY, [change("x@y.example", "AP@bluemesa.example")])
    assert needs(at_door) == []
    assert rows(at_door, AddressRow)[0].stopped_at is None
    assert send_mail(at_door, owe_mail(at_door, "receipt")) is Outcome.SENT


def test_an_address_that_left_quickbooks_needs_nobody_and_stays_stopped(at_door: Runtime) -> None:
    stopped(at_door)
    with at_door.db.write("test") as session:
        note_emails(session, at_door, COMPANY, [change("ap@bluemesa.example", "new@bluemesa.example")])
    assert needs(at_door) == []
    assert rows(at_door, AddressRow)[0].stopped_at is not None


def test_a_person_lifts_a_stop_and_the_next_bounce_sets_it_again(at_door: Runtime) -> None:
    stopped(at_door)
    with at_door.db.write("test") as session:
        lift_stops(session, at_door, COMPANY, ["ap@bluemesa.example"], by="staff-1", why="Ines says that it is right")
    assert needs(at_door) == []
    at_door.clock.advance(days=1)  # type: ignore[attr-defined]
    stopped(at_door)
    assert len(needs(at_door)) == 1


# What servers send, shortened: Postfix, a provider that gives the mail back whole, an old one without a code.
POSTFIX = """\
From: MAILER-DAEMON@mx.example (Mail Delivery System)
Message-Id: <20261123@mx.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="B1"

--B1
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B1
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
X-Postfix-Queue-ID: 4ABC

Final-Recipient: rfc822; ap@bluemesa.example
Original-Recipient: rfc822;ap@bluemesa.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--B1
Content-Type: {kind}

{original}
--B1--
"""
ORIGINAL = "From: payments@tieout.example\nMessage-ID: <abc@tieout.example>\nSubject: Receipt\n"


def report(action: str, status: str, said: str, kind: str = "text/rfc822-headers", original: str = ORIGINAL) -> bytes:
    return POSTFIX.format(action=action, status=status, said=said, kind=kind, original=original).encode()


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("failed", "5.1.1", HARD),
        ("Failed", "5.1.10", HARD),
        ("failed", "5.0.0", HARD),
        ("failed", "5.2.1", HARD),
        ("failed", "5.2.2", SOFT),
        ("failed", "5.7.26", SOFT),
        ("failed", "5.4.4", SOFT),
        ("failed", "4.4.7", SOFT),
        ("delayed", "4.4.1", SOFT),
    ],
)
@pytest.mark.parametrize("part", ["text/rfc822-headers", "message/rfc822"])
def test_what_servers_say(action: str, status: str, kind: str, part: str) -> None:
    told = read_report(report(action, status, "550 no", part, f"{ORIGINAL}\nHello"))
    assert told is not None
    assert (told.message_id, told.report.kind, told.report.why) == ("<abc@tieout.example>", kind, "550 no")
    assert told.report.key == "<20261123@mx.example>"


def test_good_news_and_other_mail_say_nothing() -> None:
    assert read_report(report("delivered", "2.0.0", "250 ok")) is None
    assert read_report(report("failed", "5.1.1", "550 no", "text/plain")) is None  # of which mail, it does not say
    assert read_report(b"Subject: I am on holiday\n\nUntil Monday.") is None
    assert read_report(b"\xff\xfe\x00garbage") is None
    assert read_report(b'Content-Type: multipart/report; boundary="x"\n\n--x\nnothing') is None


def test_a_complaint_is_read() -> None:
    raw = report("failed", "5.1.1", "x", "message/rfc822").decode()
    raw = raw.replace("message/delivery-status", "message/feedback-report")
    told = read_report(raw.encode())
    assert told is not None
    assert told.report.kind == "complaint"


def test_a_code_that_nobody_knows_is_soft() -> None:
    assert kind_of("") == SOFT
    assert kind_of("nonsense") == SOFT


def test_addresses_of_mailboxes() -> None:
    place, folder = mailbox_address("imaps://a%40b.example:p%3Aw@imap.example/Bounces")
    assert (place.host, place.port, place.user, place.password, folder) == (
        *("imap.example", 993, "a@b.example", "p:w", "Bounces"),
    )
    assert mailbox_address("imap://a:b@127.0.0.1:9/")[1] == "INBOX"
    for wrong in ("pop://a:b@x", "imaps://x", "imaps://a:b@x/%22", "nonsense"):
        with pytest.raises(WrongInput) as error:
            mailbox_address(wrong)
        assert "a:b" not in str(error.value)
    with pytest.raises(Transient), opened("imap://a:b@127.0.0.1:9/"):
        pass


def test_no_password_in_the_open(monkeypatch: pytest.MonkeyPatch, box: Mailbox) -> None:
    """But on this machine: the same server, seen as one that is elsewhere, is sent none."""
    monkeypatch.setattr("jobs.mail.smtp.PostOffice.is_loopback", False)
    with pytest.raises(Unauthorised), opened(box.imap_url):
        pass


def test_a_mail_that_bounced_shows_so_after_it_was_sent(at_door: Runtime) -> None:
    mail_id = stopped(at_door)
    with at_door.db.read() as session:
        mail = session.exec(select(MailRow).where(MailRow.id == mail_id)).one()
    assert mail.state == "sent"
    assert mail.bounced_at == at_door.clock.now()
    assert mail.sent_at is not None
    assert mail.bounced_at - mail.sent_at < timedelta(minutes=1)
