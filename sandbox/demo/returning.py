"""Mails that come back: what a mail server reports (RFC 3464) of a mail to an address that the demo lets bounce.

Knows nobody's address but by its first word. Law: the report names the mail by its Message-ID and holds its headers
only, as most servers do.
"""

from __future__ import annotations

import email
import hashlib
from email.message import EmailMessage
from email.policy import default

# By the first word of the address: what the server says of it.
ANSWERS = {
    "gone": ("failed", "5.1.1", "550 5.1.1 No such mailbox here"),
    "full": ("delayed", "4.2.2", "452 4.2.2 The mailbox is full, trying again"),
    "blocked": ("failed", "5.7.1", "550 5.7.1 Refused by policy"),
}


def report_on(content: bytes, to: str, sender: str) -> bytes | None:
    """Return the report that goes back for a mail to an address; None where it arrives."""
    answer = ANSWERS.get(to.partition("@")[0].partition("+")[0].lower())
    if answer is None:
        return None
    original = email.message_from_bytes(content, policy=default)
    action, status, said = answer
    headers = "".join(f"{name}: {' '.join(str(value).split())}\n" for name, value in original.items())
    name = hashlib.sha256(content + to.encode()).hexdigest()[:24]
    words = "has not arrived" if action == "failed" else "has not arrived yet"
    boundary = f"report-{name}"
    parts = [
        ("text/plain; charset=utf-8", f"Your mail to {to} {words}: {said}\n"),
        (
            "message/delivery-status",
            f"Reporting-MTA: dns; mail.demo.example\n\nFinal-Recipient: rfc822; {to}\nAction: {action}\n"
            f"Status: {status}\nDiagnostic-Code: smtp; {said}\n",
        ),
        ("text/rfc822-headers", headers),
    ]
    report = EmailMessage()
    report["From"] = "Mail Delivery System <mailer-daemon@mail.demo.example>"
    report["To"] = sender
    report["Subject"] = f"Mail to {to} {words}"
    report["Date"] = str(original["Date"])
    report["Message-ID"] = f"<{name}@mail.demo.example>"
    # Written by hand: the library would write an empty multipart before ours.
    kind = f'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"\n\n'
    body = "".join(f"--{boundary}\nContent-Type: {media}\n\n{text}\n" for media, text in parts) + f"--{boundary}--\n"
    return report.as_bytes().rstrip() + b"\n" + kind.encode() + body.encode()
