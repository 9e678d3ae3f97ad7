"""The doors for reports of mails and answers to text messages: what a provider, or a script, posts as signed JSON.

Laws: what is not signed, or too old, leaves no trace; a good answer is given after the commit; a report counts once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from datetime import timedelta
from typing import Any

from sync.doors import Accepted, Refused
from sync.reminding.bouncing import COMPLAINT, HARD, SOFT, Report, mail_by_name, take
from sync.reminding.reports import Told, read_report
from sync.reminding.texting import hear
from sync.runtime import Runtime

OLDEST = timedelta(minutes=5)
_HEADER = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


def accept_report(rt: Runtime, body: bytes, header: str) -> Accepted | Refused:
    """Take a report: {"id", "kind", "message_id", "why"}, or {"report"} with a mail server's own as text."""
    secret = rt.settings.mail_hook_secret.get_secret_value()
    if not secret or not _is_signed(rt, body, header, secret):
        return Refused(401, "the signature does not match, or is too old")
    told = _read(body)
    if told is None:
        return Refused(400, "not a report")
    note_told(rt, told)
    return Accepted()


def accept_text(rt: Runtime, body: bytes, header: str) -> Accepted | Refused:
    """Take what somebody answered to a text message: {"id", "from", "text"}."""
    secret = rt.settings.text_hook_secret.get_secret_value()
    if not secret or not _is_signed(rt, body, header, secret):
        return Refused(401, "the signature does not match, or is too old")
    try:
        said: Any = json.loads(body)
        number, text = said["from"], said["text"]
    except (ValueError, TypeError, KeyError):
        return Refused(400, "not an answer")
    if not isinstance(number, str) or not isinstance(text, str):
        return Refused(400, "not an answer")
    with rt.db.write("text.heard") as session:
        hear(session, rt, number, text)
    return Accepted()


def note_told(rt: Runtime, told: Told) -> bool:
    """Note a report of one of our mails; returns whether it was ours and new."""
    with rt.db.write("mail.report") as session:
        mail = mail_by_name(session, told.message_id)
        return bool(mail and mail.company_id and take(session, rt, mail, told.report))


def _is_signed(rt: Runtime, body: bytes, header: str, secret: str) -> bool:
    found = _HEADER.fullmatch(header)
    if found is None or abs(int(found[1]) - rt.clock.now().timestamp()) > OLDEST.total_seconds():
        return False
    wanted = hmac.new(secret.encode(), found[1].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, found[2])


def _read(body: bytes) -> Told | None:
    try:
        said: Any = json.loads(body)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    if isinstance(said.get("report"), str):
        return read_report(said["report"].encode())
    texts = [said.get(name) for name in ("id", "kind", "message_id", "why")]
    if not all(isinstance(text, str) and text for text in texts) or said["kind"] not in (HARD, SOFT, COMPLAINT):
        return None
    return Told(said["message_id"], Report(f"hook/{said['id']}"[:200], said["kind"], said["why"]))
