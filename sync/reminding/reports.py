"""Reading reports of mail servers: a mail that did not arrive (RFC 3464), one that its reader called spam (RFC 5965).

Pure: bytes in, what they say out. Laws: what is not such a report, or tells of no failure, says nothing; the mail is
named by its Message-ID alone, and a report that names none is nobody's.
"""

from __future__ import annotations

import email
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.policy import default

from sync.reminding.bouncing import COMPLAINT, SOFT, Report, kind_of

_FAILED, _DELAYED = "failed", "delayed"


@dataclass(frozen=True)
class Told:
    """A report and the Message-ID of the mail that it tells of."""

    message_id: str
    report: Report


def read_report(raw: bytes) -> Told | None:
    """Return what a report tells; None for any other mail."""
    message = email.message_from_bytes(raw, policy=default)
    if message.get_content_type() != "multipart/report":
        return None
    key = str(message["Message-ID"] or "").strip() or hashlib.sha256(raw).hexdigest()
    name = _name_of_the_mail(message)
    found = _complaint(message) or _failure(message)
    return Told(name, Report(key, *found)) if found and name else None


def _failure(message: Message) -> tuple[str, str] | None:
    """Return the kind and the reason of the worst that a delivery report says of a recipient."""
    worst: tuple[str, str] | None = None
    for block in _recipients(message):
        action = str(block.get("Action", "")).strip().lower()
        if action not in (_FAILED, _DELAYED):
            continue
        status = str(block.get("Status", "")).split(" ")[0].strip()
        why = str(block.get("Diagnostic-Code", "")).partition(";")[2].strip() or f"status {status or 'unknown'}"
        kind = kind_of(status) if action == _FAILED else SOFT
        if worst is None or worst[0] == SOFT:
            worst = (kind, why)
    return worst


def _recipients(message: Message) -> Iterator[Message]:
    """Give what a delivery report says of each recipient; its first block is about the message."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            yield from (block for block in list(blocks)[1:] if isinstance(block, Message))


def _complaint(message: Message) -> tuple[str, str] | None:
    for part in message.walk():
        if part.get_content_type() == "message/feedback-report":
            return COMPLAINT, "its reader called a mail spam"
    return None


def _name_of_the_mail(message: Message) -> str:
    """Return the Message-ID of the mail that comes back, whole or by its headers only."""
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/rfc822":
            inner = part.get_payload()
            first = inner[0] if isinstance(inner, list) and inner else None
            return str(first.get("Message-ID", "")) if isinstance(first, Message) else ""
        if kind == "text/rfc822-headers" and isinstance(part, EmailMessage):
            return str(email.message_from_string(part.get_content(), policy=default).get("Message-ID", ""))
    return ""
