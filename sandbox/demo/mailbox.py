"""The demo's mailbox: takes every mail by SMTP, keeps it as a file, and shows it on a page and as JSON.

Knows nobody's address: whatever is sent to anybody lands here, and nothing leaves. Law: a mail is on disk before the
sender hears that it was taken; what a mail holds is shown in a frame that can run nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import email
import itertools
import json
import signal
import threading
from collections.abc import Callable, Iterable
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from jinja2 import Environment, FileSystemLoader, select_autoescape
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox.demo import returning
from sandbox.demo.imap import ImapDoor
from sandbox.demo.texts import Texts
from sandbox.host import Host

TEXT_KEY = "key-of-the-demo"  # what the text gateway asks for
LARGEST_MAIL = 25_000_000
FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups allow-popups-to-escape-sandbox"
)
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'"


class Letters:
    """Mails in a folder, one file each, numbered as they came."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = threading.Lock()
        taken = [int(path.stem) for path in folder.glob("*.eml")]
        self._numbers = itertools.count(max(taken, default=0) + 1)

    def keep(self, content: bytes) -> int:
        """Write a mail down and return its number."""
        with self._lock:
            number = next(self._numbers)
            fresh = self._folder / f"{number:06}.new"
            fresh.write_bytes(content)
            fresh.rename(self._folder / f"{number:06}.eml")
        return number

    def newest_first(self) -> list[int]:
        """Return the numbers of all mails."""
        return sorted((int(path.stem) for path in self._folder.glob("*.eml")), reverse=True)

    def read(self, number: int) -> EmailMessage:
        """Return a mail. Raises NotFound."""
        try:
            content = (self._folder / f"{number:06}.eml").read_bytes()
        except FileNotFoundError:
            raise NotFound from None
        message = email.message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        return message


class Door(Controller):
    """The SMTP server; with port 0 it knows which one it was given."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class Taker:
    """What the SMTP server does with a mail: keep it."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a mail."""
        content = envelope.content
        assert isinstance(content, bytes)
        self._letters.keep(content)
        for address in envelope.rcpt_tos:
            if report := returning.report_on(content, address, str(envelope.mail_from)):
                self._letters.keep(report)
        return "250 Taken"


def facts_of(number: int, message: EmailMessage) -> dict[str, Any]:
    """Return what a program reads of a mail: who, what, when, its text, its papers."""
    body = message.get_body(("plain",))
    return {
        "number": number,
        "from": str(message["From"]),
        "to": str(message["To"]),
        "subject": str(message["Subject"]),
        "date": _when(message),
        "message_id": str(message["Message-ID"]),
        "text": str(body.get_content()) if body else "",
        "papers": [part.get_filename() or "paper" for part in message.iter_attachments()],
    }


def _when(message: EmailMessage) -> str:
    """Return a mail's date as people say it: Mon 23 November, 20:00."""
    try:
        sent = parsedate_to_datetime(str(message["Date"]))
    except ValueError:
        return ""
    return f"{sent:%a} {sent.day} {sent:%B, %H:%M}"


class Page:
    """The mailbox as a WSGI application."""

    def __init__(self, letters: Letters, texts: Texts) -> None:
        self._letters, self._texts = letters, texts
        templates = FileSystemLoader(Path(__file__).parent / "templates")
        self._templates = Environment(loader=templates, autoescape=select_autoescape())
        self._routes = Map(
            [
                Rule("/", endpoint=self._list),
                Rule("/mails.json", endpoint=self._json),
                Rule("/texts", endpoint=self._take_text, methods=["POST"]),
                Rule("/texts", endpoint=self._show_texts, methods=["GET"]),
                Rule("/texts.json", endpoint=self._texts_json),
                Rule("/texts/answer", endpoint=self._answer_text, methods=["POST"]),
                Rule("/<int:number>", endpoint=self._one),
                Rule("/<int:number>/html", endpoint=self._html),
                Rule("/<int:number>/text", endpoint=self._text),
                Rule("/<int:number>/papers/<int:n>", endpoint=self._paper),
            ]
        )

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        request = Request(environ)
        try:
            endpoint, values = self._routes.bind_to_environ(environ).match()
            answer: Response | HTTPException = endpoint(request, **values)
        except HTTPException as error:
            answer = error
        return answer(environ, start_response)

    def _list(self, request: Request) -> Response:
        mails = [facts_of(number, self._letters.read(number)) for number in self._letters.newest_first()]
        return self._page("mailbox.html", mails=mails)

    def _json(self, request: Request) -> Response:
        after = request.args.get("after", 0, type=int)
        numbers = [number for number in self._letters.newest_first() if number > after]
        mails = [facts_of(number, self._letters.read(number)) for number in sorted(numbers)]
        return Response(json.dumps(mails), mimetype="application/json")

    def _one(self, request: Request, number: int) -> Response:
        mail = facts_of(number, self._letters.read(number))
        return self._page("mail.html", mail=mail, text=request.args.get("as") == "text")

    def _html(self, request: Request, number: int) -> Response:
        body = self._letters.read(number).get_body(("html", "plain"))
        content = str(body.get_content()) if body else ""
        content = content.replace("<head>", '<head><base target="_blank">', 1)  # links open outside the frame
        return Response(content, mimetype="text/html", headers={"Content-Security-Policy": FRAME_POLICY})

    def _text(self, request: Request, number: int) -> Response:
        return Response(facts_of(number, self._letters.read(number))["text"], mimetype="text/plain")

    def _paper(self, request: Request, number: int, n: int) -> Response:
        parts = list(self._letters.read(number).iter_attachments())
        if n >= len(parts):
            raise NotFound
        part = parts[n]
        return Response(part.get_payload(decode=True), mimetype=part.get_content_type())

    def _take_text(self, request: Request) -> Response:
        said = request.get_json(silent=True)
        return Response(status=self._texts.take(request.headers.get("Authorization", ""), said))

    def _show_texts(self, request: Request) -> Response:
        by_number: dict[str, list[dict[str, str]]] = {}
        for one in self._texts.all():
            by_number.setdefault(one["to"], []).append(one)
        return self._page("texts.html", phones=list(by_number.items()))

    def _texts_json(self, request: Request) -> Response:
        return Response(json.dumps(self._texts.all()), mimetype="application/json")

    def _answer_text(self, request: Request) -> Response:
        self._texts.answer(request.form.get("number", ""), request.form.get("text", ""))
        return Response(status=303, headers={"Location": "/texts"})

    def _page(self, template: str, **values: Any) -> Response:
        html = self._templates.get_template(template).render(values)
        return Response(html, mimetype="text/html", headers={"Content-Security-Policy": PAGE_POLICY})


class Mailbox:
    """The mailbox, listening: SMTP on one port, its page on another (0 picks a free one), IMAP on a third.

    A mail to `gone@…` or `full@…` comes back, as a report in the same box. Text messages are taken at `/texts`; `hook`
    is where their answers go, and the secret that signs them; `clock_file` holds what shifts time.
    """

    def __init__(
        self,
        folder: Path,
        *,
        smtp_port: int = 0,
        port: int = 0,
        imap_port: int = 0,
        hook: tuple[str, str] = ("", ""),
        clock_file: Path | None = None,
    ) -> None:
        self._letters = Letters(folder)
        self._door = Door(Taker(self._letters), hostname="127.0.0.1", port=smtp_port, data_size_limit=LARGEST_MAIL)
        self._imap = ImapDoor(self._letters.newest_first, self._letters.read, imap_port)
        texts = Texts(folder / "texts.jsonl", key=TEXT_KEY, hook=hook, clock_file=clock_file)
        self._host = Host(Page(self._letters, texts), port)
        self.url = self._host.url

    @property
    def smtp_url(self) -> str:
        """Return where mails are handed in, once it was started."""
        return f"smtp://127.0.0.1:{self._door.port}"

    @property
    def imap_url(self) -> str:
        """Return where reports are read, once it was started."""
        return f"imap://payments:demo@127.0.0.1:{self._imap.port}/INBOX"

    def start(self) -> None:
        """Take mails and show them."""
        self._door.start()
        self._imap.start()
        self._host.start()

    def stop(self) -> None:
        """Stop all."""
        self._door.stop()
        self._imap.stop()
        self._host.stop()


def main() -> None:
    """Run a mailbox until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.demo.mailbox", description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where mails are kept")
    parser.add_argument("--smtp-port", type=int, default=0)
    parser.add_argument("--hook", default="", help="where answers to text messages go")
    parser.add_argument("--clock-file", type=Path, help="what shifts time")
    parser.add_argument("--hook-secret", default="", help="signs them")
    parser.add_argument("--imap-port", type=int, default=0)
    parser.add_argument("--port", type=int, default=0, help="of the page")
    options = parser.parse_args()
    ports = {"smtp_port": options.smtp_port, "port": options.port, "imap_port": options.imap_port}
    box = Mailbox(options.folder, **ports, hook=(options.hook, options.hook_secret), clock_file=options.clock_file)
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    box.start()
    told.wait()
    box.stop()


if __name__ == "__main__":
    main()
