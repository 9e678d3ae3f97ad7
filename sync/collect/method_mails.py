"""The mails about kept payment methods: one was kept, one is kept no more.

Writes in the caller's transaction. Law: each is said once, to the method's owner at the address we know, so that a
stranger in somebody's account cannot add or take away a card unseen.
"""

from __future__ import annotations

from sqlmodel import Session

from connector.store.methods import SavedMethodRow
from sync import mail_rows
from sync.runtime import Runtime

MAIL = "method_changed"
KEPT, GONE = "kept", "gone"


def owe_mail(
    session: Session, rt: Runtime, row: SavedMethodRow, what: str, language: str = "", *, label: str = ""
) -> list[str]:
    """Owe the owner of a method the mail that it was kept, or is gone; returns its id if it is new.

    It is written in the language of whoever is there, or in the company's. `label` is the method's where its row does
    not say it yet.
    """
    found = mail_rows.person(session, row.company_id, row.contact_id).first()
    if found is None:
        return []
    to, slug = found
    context = {
        "what": what,
        "method": label or row.label,
        "language": language,
        "url": f"{rt.settings.public_url}/c/{slug}/account/methods",
    }
    mail = mail_rows.owe(session, rt, row.company_id, kind=MAIL, key=f"{MAIL}/{row.id}/{what}", to=to, context=context)
    return [mail] if mail else []
