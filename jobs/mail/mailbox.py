"""The mailbox to which mail servers report: reports are fetched by IMAP, noted, and marked as read.

Laws: a report is marked only after it was noted, so that none is lost and a second look counts nothing twice; mails
that are no reports stay as they are; a password never crosses a wire in the open, this machine's loopback excepted.
"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import unquote, urlsplit

from connector.errors import Transient, Unauthorised, WrongInput
from jobs.mail.smtp import PostOffice
from sync.reminding.door import note_told
from sync.reminding.reports import read_report
from sync.runtime import Runtime

TIMEOUT_SECONDS = 15.0
MOST = 200  # reports in one look
_REPORTS = ("UNSEEN", "HEADER", "Content-Type", '"multipart/report"')


class Mailbox(Protocol):
    """Where reports lie."""

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """Give each report that was not read yet: its name there, and the whole of it."""
        ...

    def mark(self, name: str) -> None:
        """Mark a report as read."""
        ...


def read_reports(rt: Runtime) -> int:
    """Note the reports that came; returns how many told of a mail of ours for the first time."""
    url = rt.settings.imap_url.get_secret_value()
    if not url:
        return 0
    with opened(url) as mailbox:
        return note_all(rt, mailbox)


def note_all(rt: Runtime, mailbox: Mailbox) -> int:
    """Note what lies in a mailbox, each report in a commit of its own before it is marked."""
    new = 0
    for name, raw in mailbox.unread():
        told = read_report(raw)
        if told is not None:
            new += note_told(rt, told)
        mailbox.mark(name)
    return new


class ImapMailbox:
    """A folder of an IMAP server."""

    def __init__(self, server: imaplib.IMAP4) -> None:
        self._server = server

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """Give each unread report by its UID, without marking it."""
        _, found = self._server.uid("SEARCH", *_REPORTS)
        for uid in (found[0] or b"").split()[:MOST]:
            name = uid.decode()
            _, parts = self._server.uid("FETCH", name, "(BODY.PEEK[])")
            yield from ((name, part[1]) for part in parts if isinstance(part, tuple))

    def mark(self, name: str) -> None:
        """Mark a report as read."""
        self._server.uid("STORE", name, "+FLAGS", r"(\Seen)")


@contextmanager
def opened(url: str) -> Iterator[ImapMailbox]:
    """Open the folder that an address names. Raises WrongInput, Unauthorised, Transient."""
    place, folder = mailbox_address(url)
    try:
        server = _connected(place)
    except (OSError, imaplib.IMAP4.error) as error:
        raise Transient("mail", f"{place.host}:{place.port} does not answer ({type(error).__name__})") from error
    try:
        try:
            server.login(place.user, place.password)
        except imaplib.IMAP4.error as error:
            raise Unauthorised("mail", "the mailbox refuses our user or password") from error
        server.select(f'"{folder}"')
        yield ImapMailbox(server)
    except (OSError, imaplib.IMAP4.error) as error:
        raise Transient("mail", f"the mailbox broke off ({type(error).__name__})") from error
    finally:
        server.shutdown()


def mailbox_address(url: str) -> tuple[PostOffice, str]:
    """Read IMAP_URL: where it is, and its folder. Raises WrongInput, without the password, for anything else."""
    parts = urlsplit(url)
    if parts.scheme not in ("imap", "imaps") or not parts.hostname or not parts.username:
        raise WrongInput("IMAP_URL is written imaps://user:password@host/INBOX")
    tls = parts.scheme == "imaps"
    user, password = unquote(parts.username), unquote(parts.password or "")
    place = PostOffice(parts.hostname, parts.port or (993 if tls else 143), user, password, tls)
    folder = unquote(parts.path.strip("/")) or "INBOX"
    if any(sign in folder for sign in '"\\\r\n'):
        raise WrongInput("IMAP_URL names a folder that cannot be one")
    return place, folder


def _connected(place: PostOffice) -> imaplib.IMAP4:
    if place.tls_from_start:
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(place.host, place.port, ssl_context=context, timeout=TIMEOUT_SECONDS)
    server = imaplib.IMAP4(place.host, place.port, timeout=TIMEOUT_SECONDS)
    if "STARTTLS" in server.capabilities:
        server.starttls(ssl.create_default_context())
    elif not place.is_loopback:
        server.shutdown()
        raise Unauthorised("mail", "the mailbox offers no encryption, so our password was not sent")
    return server
