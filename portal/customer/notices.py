"""What follows when somebody changes how they sign in: their other sessions end, and a mail says so.

Works in the caller's transaction. Law: the mail goes to the address the contact has with us, never to one just typed.
"""

from __future__ import annotations

from flask import url_for
from sqlmodel import Session

from portal.access import people, presence
from portal.access.visitors import Visitor
from portal.customer.account import own_sessions
from portal.here import now, runtime


def changed_access(session: Session, who: Visitor, what: str) -> str:
    """End a contact's other sessions and owe the mail that tells what changed; returns the mail's id."""
    rt = runtime()
    whose, values = own_sessions()
    presence.end(session, whose, values, tag="", here=who.session_hash, now=now())
    context = {"url": rt.settings.public_url + url_for(".show_account"), "what": what}
    key = f"access_changed/{rt.clock.new_id()}"
    return people.owe_mail(
        session, rt, company_id=who.company.id, key=key, kind="access_changed", to=who.email, context=context
    )
