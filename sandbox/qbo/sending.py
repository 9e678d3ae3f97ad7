"""Sending a form by mail: what the books remember of it. No mail leaves the stand-in.

Law: a form that was sent says so itself (EmailStatus, DeliveryInfo), and the address it went to replaces its own.
"""

from __future__ import annotations

from sandbox.qbo.books import Books
from sandbox.qbo.entities import Entity
from sandbox.qbo.refusals import business, gone, lapsed, unsupported
from sandbox.qbo.rules.fields import check_email
from sandbox.qbo.times import stamp


def send(books: Books, entity: Entity, key: str, to: str) -> str:
    """Send a form to an address, or to its own; returns the form's JSON. Raises 500, 610, 2210, 6000 and 6190."""
    if "send" not in entity.verbs:
        raise unsupported("send")
    if books.switches["subscription"] == "lapsed":
        raise lapsed()
    unit = books.unit()
    body = unit.read(entity.name, key)
    if body is None:
        raise gone()
    own = "POEmail" if "POEmail" in entity.known else "BillEmail"
    wanted = to or str((body.get(own) or {}).get("Address") or "")
    if not wanted:
        raise business("There is no email address to send this to.", element=own)
    check_email(unit, {own: {"Address": wanted}}, own)
    if "EmailStatus" in entity.known:  # a payment's receipt leaves no trace on the payment
        body[own] = {"Address": wanted}
        body["EmailStatus"] = "EmailSent"
        if "DeliveryInfo" in entity.known:
            body["DeliveryInfo"] = {"DeliveryType": "Email", "DeliveryTime": stamp(books.now())}
        books.bump(body)
        unit.save(entity.name, body, "Emailed")
        unit.commit()
    return books.docs.text(entity.name, key) or ""
