"""Text messages from the number that is given to STOP, over the demo's gateway; and what a gateway may answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import SecretStr
from sqlmodel import select
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from connector.errors import WrongInput
from connector.store.mailing import NumberRow
from connector.store.outbox import MailRow
from jobs.mail.sending import Outcome, due_mails, send_mail
from sandbox.demo.mailbox import TEXT_KEY, Mailbox
from sync.doors import Accepted, Refused
from sync.reminding.door import accept_text
from sync.reminding.texting import ask, end, hear, read_number
from sync.runtime import Runtime
from tests.jobs import test_reminding as reminding
from tests.jobs.conftest import COMPANY
from tests.jobs.test_bounces import SECRET, signed
from tests.jobs.test_mail import row

NUMBER, EMAIL = "+15035550142", reminding.BOTH[0]
start = reminding.rt  # the fixture: turned on, two open invoices, word from QuickBooks a moment ago


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Mailbox]:
    box = Mailbox(tmp_path / "mails")
    box.start()
    yield box
    box.stop()


@pytest.fixture
def rt(start: Runtime, box: Mailbox) -> Runtime:
    reminding.turn_on(start, texts=True, mails_new=False)
    gateway = {"text_url": f"{box.url}/texts", "text_key": SecretStr(TEXT_KEY), "text_hook_secret": SecretStr(SECRET)}
    return replace(start, settings=start.settings.model_copy(update=gateway))


def messages(box: Mailbox) -> list[tuple[str, str]]:
    return [(one["to"], one["text"]) for one in requests.get(f"{box.url}/texts.json").json()]


def give(rt: Runtime, number: str = NUMBER, email: str = EMAIL) -> str:
    with rt.db.write("test") as session:
        return ask(session, rt, COMPANY, email, number, "the words of the page")


def say(rt: Runtime, said: str, number: str = NUMBER) -> int:
    with rt.db.write("test") as session:
        return hear(session, rt, number, said)


def look(rt: Runtime, instant: Any) -> None:
    reminding.look(rt, instant)
    with rt.db.read() as session:
        for mail_id in due_mails(session, instant):
            send_mail(rt, mail_id)


def texts(rt: Runtime) -> list[MailRow]:
    with rt.db.read() as session:
        return list(session.exec(select(MailRow).where(MailRow.kind == "text_bill")))


def test_a_number_is_asked_once_and_gets_nothing_before_yes(rt: Runtime, box: Mailbox) -> None:
    assert send_mail(rt, give(rt)) is Outcome.SENT
    assert give(rt) == ""  # asked today already
    ((to, said),) = messages(box)
    assert to == NUMBER
    assert said.startswith("Harbor Tile Co.: reply YES to get text messages about invoices")
    assert "STOP" in said
    look(rt, reminding.day(30))
    assert texts(rt) == []


def test_after_yes_a_message_goes_beside_the_mail_and_once_for_a_step(rt: Runtime, box: Mailbox) -> None:
    give(rt)
    assert say(rt, " yes! ") == 1
    look(rt, reminding.day(30))
    look(rt, reminding.day(30, 20))
    sent = [said for _, said in messages(box) if "invoice 1068" in said]
    assert len(sent) == 1
    assert sent[0].startswith("Harbor Tile Co.: invoice 1068, $620.00. Due Tuesday 1 December, tomorrow.")
    assert "/c/harbor-tile/l/" in sent[0]
    assert sent[0].endswith("Reply STOP to end these messages.")
    mail = next(one for one in texts(rt) if one.invoice_id == "inv-1068")
    assert (mail.state, mail.to, mail.customer_id) == ("sent", NUMBER, "cust-1")
    assert "/c/harbor-tile/l/… Reply" in mail.body  # kept without its secret


@pytest.mark.parametrize("word", ["STOP", "stop.", "Alto", "ARRÊT", "Unsubscribe", "stopp"])
def test_stop_ends_every_companys_messages_to_the_number(rt: Runtime, box: Mailbox, word: str) -> None:
    give(rt)
    give(rt, email=reminding.BOTH[1])
    say(rt, "YES")
    reminding.look(rt, reminding.day(30))
    assert say(rt, word) == 2
    for mail in texts(rt):
        assert send_mail(rt, mail.id) is Outcome.WITHDRAWN
        assert row(rt, mail.id).error == "The number ended its messages."
    look(rt, reminding.day(1, month=12))
    assert [said for _, said in messages(box) if "invoice" in said and "reply YES" not in said] == []
    assert say(rt, "YES") == 0  # only START begins again what was ended
    assert say(rt, "START") == 2


def test_yes_comes_in_time_and_from_the_number_that_was_asked(rt: Runtime) -> None:
    give(rt)
    assert say(rt, "YES", number="+15035550199") == 0
    assert say(rt, "maybe") == 0
    assert say(rt, "START") == 0  # it never agreed
    rt.clock.advance(days=8)  # type: ignore[attr-defined]
    assert say(rt, "YES") == 0


def test_who_takes_the_number_back_or_wants_no_reminders_gets_no_message(rt: Runtime) -> None:
    give(rt)
    say(rt, "YES")
    reminding.look(rt, reminding.day(30))
    reminding.refuse(rt, reminders=False)
    assert {send_mail(rt, mail.id) for mail in texts(rt)} == {Outcome.WITHDRAWN}
    with rt.db.write("test") as session:
        end(session, rt, COMPANY, EMAIL)
    with rt.db.read() as session:
        number = session.exec(select(NumberRow)).one()
    assert (number.state, number.words, number.agreed_at is None) == ("off", "the words of the page", False)


def test_what_is_paid_meanwhile_is_not_texted_and_quiet_hours_hold(rt: Runtime) -> None:
    give(rt)
    say(rt, "YES")
    reminding.look(rt, reminding.day(30))
    reminding.change(rt, balance_minor=0)
    paid = next(one for one in texts(rt) if one.invoice_id == "inv-1068")
    other = next(one for one in texts(rt) if one.invoice_id == "inv-1071")
    assert send_mail(rt, paid.id) is Outcome.WITHDRAWN
    reminding.at(rt, reminding.day(1, 4, 12))  # eight in the evening
    assert send_mail(rt, other.id) is Outcome.WAITS
    assert row(rt, other.id).due_at == reminding.day(1, 17, 12)


def test_without_the_setting_or_a_gateway_nothing_is_texted(rt: Runtime) -> None:
    give(rt)
    say(rt, "YES")
    none = replace(rt, settings=rt.settings.model_copy(update={"text_url": ""}))
    reminding.look(none, reminding.day(30))
    reminding.turn_on(rt, texts=False)
    reminding.look(rt, reminding.day(1, month=12))
    assert texts(rt) == []


@pytest.fixture
def gateway(rt: Runtime) -> Iterator[tuple[Runtime, list[int], list[Request]]]:
    """Return a runtime with a gateway that answers what the list says, and what it was sent."""
    answers: list[int] = []
    heard: list[Request] = []

    @Request.application
    def app(request: Request) -> Response:
        request.get_data()
        heard.append(request)
        return Response(status=answers.pop(0))

    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/"
    yield replace(rt, settings=rt.settings.model_copy(update={"text_url": url})), answers, heard
    server.shutdown()
    thread.join()


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.SENT),
        (202, Outcome.SENT),
        (400, Outcome.FAILED),
        (302, Outcome.FAILED),
        (401, Outcome.WAITS),
        (429, Outcome.WAITS),
        (503, Outcome.WAITS),
    ],
)
def test_what_a_gateway_answers(
    gateway: tuple[Runtime, list[int], list[Request]], status: int, outcome: Outcome
) -> None:
    rt, answers, heard = gateway
    answers.append(status)
    mail_id = give(rt)
    assert send_mail(rt, mail_id) is outcome
    (request,) = heard
    assert request.headers["Authorization"] == f"Bearer {TEXT_KEY}"
    assert request.headers["Idempotency-Key"] == mail_id
    assert request.get_json()["to"] == NUMBER


def test_a_gateway_that_is_away_is_tried_again(rt: Runtime) -> None:
    away = replace(rt, settings=rt.settings.model_copy(update={"text_url": "http://127.0.0.1:9/"}))
    mail_id = give(away)
    assert send_mail(away, mail_id) is Outcome.WAITS
    rt.clock.advance(minutes=1)  # type: ignore[attr-defined]
    assert send_mail(rt, mail_id) is Outcome.SENT


def test_the_gateway_of_the_demo_keeps_a_message_once_and_wants_its_key(rt: Runtime, box: Mailbox) -> None:
    said = {"id": "1", "to": NUMBER, "text": "<b>Hello</b>"}
    key = {"Authorization": f"Bearer {TEXT_KEY}"}
    url = f"{box.url}/texts"
    assert [requests.post(url, json=said, headers=key).status_code for _ in range(2)] == [201, 200]
    assert requests.post(url, json=said).status_code == 401
    assert requests.post(url, json={**said, "id": "2", "to": "503"}, headers=key).status_code == 400
    assert requests.post(url, data="x", headers=key).status_code == 400
    assert "&lt;b&gt;Hello" in requests.get(url).text
    requests.post(f"{url}/answer", data={"number": NUMBER, "text": "STOP"}, allow_redirects=False)
    assert messages(box) == [(NUMBER, "<b>Hello</b>"), (NUMBER, "STOP")]


def test_answers_come_in_signed(rt: Runtime) -> None:
    give(rt)
    body = json.dumps({"id": "1", "from": NUMBER, "text": "YES"})
    for header in ("", signed(rt, body, secret="other"), signed(rt, body, ago=301)):
        assert isinstance(accept_text(rt, body.encode(), header), Refused)
    for wrong in ("[]", "{}", '{"from": 1, "text": "x"}', "x"):
        answer = accept_text(rt, wrong.encode(), signed(rt, wrong))
        assert isinstance(answer, Refused)
        assert answer.status == 400
    for _ in range(2):
        assert isinstance(accept_text(rt, body.encode(), signed(rt, body)), Accepted)
    with rt.db.read() as session:
        assert session.exec(select(NumberRow)).one().state == "on"


def test_numbers_as_people_write_them() -> None:
    for typed in ("(503) 555-0142", "503.555.0142", "1 503 555 0142", "+1 503 555 0142", "0015035550142"):
        assert read_number(typed, "US") == NUMBER
    assert read_number("+49 89 1234567", "US") == "+49891234567"
    for wrong in ("555-0142", "", "+1", "+0123456789", "call me", "0891234567", "+1503555014212345"):
        with pytest.raises(WrongInput):
            read_number(wrong, "US" if wrong != "0891234567" else "DE")
