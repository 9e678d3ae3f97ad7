"""What a worker does when the bell rings: one short function for each kind of work.

RQ names these functions in Redis, so their names are an interface between versions. Laws: at most three statements; an
argument is an id, and running one twice, late or in vain changes nothing.
"""

from __future__ import annotations

from jobs.boot import runtime
from jobs.mail import sending


def mail(mail_id: str) -> None:
    """Send a mail that is due."""
    sending.send_mail(runtime(), mail_id)
