"""A letter becomes an Internet message: plain text and HTML side by side, its paper attached, its headers set.

Knows no row and no SMTP. Laws: the Message-ID follows from the mail's key, so that a second copy is recognised as the
same mail; nothing a person typed can add a header.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from connector.store.companies import CompanyRow
from connector.translations import in_templates
from connector.words import direction, kept_together, say, speaking, tag
from jobs.brand import accent_of, initials, whom_to_ask
from jobs.mail.letters import Letter, NoLetter

TEXT_WIDTH = 56
_NOWRAP = Markup('<span class="nowrap">{}</span>')


class _KeptClasses(HeaderRegistry):
    """Makes the class of a header once; email's own makes one for each header of each mail."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, Any] = {}  # by the names that we give headers: a dozen

    def __getitem__(self, name: str) -> Any:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = super().__getitem__(name)
        return made


_POLICY = SMTP.clone(header_factory=_KeptClasses())


def fill_envelope(letter: Letter, *, to: str, sender: str, message_id: str, at: datetime) -> EmailMessage:
    """Return the message of a letter. Raises NoLetter when an address is none."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(_one_line(letter.sender), addr_spec=sender)
    message["To"] = _address(to)
    message["Subject"] = _one_line(letter.subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    if letter.off_url:
        message["List-Unsubscribe"] = f"<{letter.off_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if letter.company and letter.company.email:
        message["Reply-To"] = _address(letter.company.email)
    with speaking(letter.locale):
        text, html = rendered(letter)
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    if letter.paper:
        message.add_attachment(letter.paper, maintype="application", subtype="pdf", filename=letter.paper_name)
    message["Content-Language"] = letter.locale.replace("_", "-")  # last: the parts take such headers along
    return message


def told(message: EmailMessage, *homes: str) -> str:
    """Return the plain text of a message to be kept: without the secrets that its links hold."""
    body = message.get_body(("plain",))
    text = "\n".join(str(body.get_content()).splitlines()) if body else ""
    return without_secrets(text, *homes)


def without_secrets(text: str, *homes: str) -> str:
    """Return a text with the secrets of our links cut out; `homes` are the addresses at which our pages begin."""
    secret = rf"((?:{'|'.join(map(re.escape, homes))})/(?:\S*?/(?:l|sign-in|join|mail)|i)/)[^\s/]+"
    return re.sub(secret, r"\1…", text)


def message_id(company_id: str, key: str, sender: str) -> str:
    """Return the Message-ID of a mail, the same for every try."""
    name = hashlib.sha256(f"{company_id}/{key}".encode()).hexdigest()[:32]
    return f"<{name}@{sender.rpartition('@')[2]}>"


def rendered(letter: Letter) -> tuple[str, str]:
    """Return the plain text and the HTML of a letter, in the language that is spoken."""
    words = {**letter.values, "subject": letter.subject, **_looks(letter.company)}
    text = _templates().get_template(f"{letter.kind}.txt").render(words)
    html = _on_pages().get_template(f"{letter.kind}.html").render(words)
    inlined: str = _inliner().inline(html)
    return text.strip() + "\n", inlined


def _looks(company: CompanyRow | None) -> dict[str, Any]:
    accent, ink = accent_of(company)
    return {
        "accent": accent,
        "accent_ink": ink,
        "initials": initials(company.name) if company else "",
        "ask": say("Questions? {ask}", ask=whom_to_ask(company)) if company else "",
        "ask_on_page": _ask(company) if company else "",
        "tag": tag(),
        "direction": direction(),
        # Mail programs know left and right, and not start and end.
        "start": "left" if direction() == "ltr" else "right",
        "end": "right" if direction() == "ltr" else "left",
    }


def _ask(company: CompanyRow) -> Markup:
    """Say whom to ask, with a phone number that no line breaks."""
    number = escape(company.phone)
    said = escape(say("Questions? {ask}", ask=whom_to_ask(company)))
    return said.replace(number, _NOWRAP.format(number)) if number else said


def _address(text: str) -> Address:
    try:
        return Address(addr_spec=text)
    except (MessageError, ValueError, IndexError) as error:  # the parser has three ways to say no
        raise NoLetter(f"{text!r} is not an e-mail address") from error


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _beside(label: str, figure: str) -> str:
    """Set a figure to the right of its label, for the plain-text part."""
    return f"{label} {figure:>{max(1, TEXT_WIDTH - len(label) - 1)}}"


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["beside"] = _beside
    in_templates.install(environment)
    return environment


@lru_cache(maxsize=1)
def _on_pages() -> Environment:
    """Return the templates of the HTML part, where no line breaks inside a day."""
    return _templates().overlay(finalize=_finished)


def _finished(value: object) -> object:
    if not isinstance(value, str):
        return value
    kept = kept_together(value)
    return Markup(kept) if isinstance(value, Markup) else kept  # noqa: S704  # nosec B704  # as safe as it was
