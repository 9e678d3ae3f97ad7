"""Create, update, delete, void: the road every write takes through the rules.

Law: a refused write changed nothing; an accepted one moved SyncToken and LastUpdatedTime of every document it
touched. Sparse and full updates differ in the properties left out, never in arrays: an array that is sent replaces
the array that was.
"""

from __future__ import annotations

from typing import Any

from sandbox.qbo.books import Books
from sandbox.qbo.codec import Body, held
from sandbox.qbo.entities import ENTITIES, Entity
from sandbox.qbo.refusals import business, gone, inactive, lapsed, missing, stale, unknown_property, unsupported
from sandbox.qbo.rules import COMPOSE, FOLLOW, VOID
from sandbox.qbo.rules.currency import check_rate_kept
from sandbox.qbo.rules.fields import check_open_period, check_shape, check_strings
from sandbox.qbo.rules.lists import merged_deep
from sandbox.qbo.rules.payments import check_not_deposited, check_still_covers, detach, give_back
from sandbox.qbo.times import stamp
from sandbox.qbo.unit import Unit

_SETTLED = ("Invoice", "CreditMemo")  # what shows its open balance itself
_STEERING = ("Id", "SyncToken", "sparse")


def verb_of(payload: Any, *, operation: str, include: str = "") -> str:
    """Return what a POST asks for: create, update, delete or void."""
    if operation == "void" or (operation == "update" and include == "void"):
        return "void"
    if operation == "delete":
        return "delete"
    return "update" if isinstance(payload, dict) and payload.get("Id") else "create"


def write(books: Books, entity: Entity, verb: str, payload: Any, *, by_hand: bool = False) -> tuple[str, str]:
    """Carry out one write; returns the id and the JSON text of the document, or its tombstone's. Raises Refusal."""
    if verb not in entity.verbs:
        raise unsupported(verb)
    if books.switches["subscription"] == "lapsed" and not by_hand:
        raise lapsed()
    strict = books.switches["unknown_properties"] == "refuse"
    sent = dict(check_shape(entity, payload, strict=strict))
    unit = books.unit(by_hand=by_hand)
    try:
        key = _VERBS[verb](unit, entity, sent)
        postings = unit.postings()
    except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError) as error:
        # Something nested has another shape than the property takes; the unit is dropped, so nothing was changed.
        raise unknown_property(f"{entity.name} ({error})") from error
    unit.commit(postings)
    if verb == "delete":
        return key, f'{{"status":"Deleted","domain":"QBO","Id":"{key}"}}'
    return key, books.docs.text(entity.name, key) or ""


def _create(unit: Unit, entity: Entity, sent: Body) -> str:
    body = {name: value for name, value in sent.items() if name not in entity.computed and name not in _STEERING}
    body = _present(body)
    check_strings(body)
    COMPOSE[entity.name](unit, body, None)
    check_open_period(unit, body if entity.transaction else None)
    now = stamp(unit.books.now())
    key = unit.books.docs.next_id(entity.name)
    head = {"domain": "QBO", "sparse": False, "Id": key, "SyncToken": "0"}
    body = {**head, "MetaData": {"CreateTime": now, "LastUpdatedTime": now}, **body}
    unit.save(entity.name, body, "Create")
    _follow(unit, entity, None, body)
    return key


def _update(unit: Unit, entity: Entity, sent: Body) -> str:
    before = _current(unit, entity, sent)
    for name in entity.required_on_update:
        if not unit.by_hand and not sent.get(name):
            raise missing(name)
    body = _merged(entity, unit.read(entity.name, before["Id"]) or {}, sent)
    check_strings(body)
    check_open_period(unit, before if entity.transaction else None)
    _check_owner(unit, entity, before, body)
    COMPOSE[entity.name](unit, body, before)
    check_open_period(unit, body if entity.transaction else None)
    check_rate_kept(unit, entity.name, before, body)
    if entity.name in ("Purchase", "JournalEntry"):
        check_still_covers(unit, entity.name, body)
    unit.books.bump(body)
    unit.save(entity.name, body, "Update")
    if entity.name in _SETTLED and held(body, "Balance") < 0:
        give_back(unit, entity.name, body)
    _follow(unit, entity, before, body)
    return str(body["Id"])


def _merged(entity: Entity, before: Body, sent: Body) -> Body:
    """Return what a document becomes before the rules see it: the server's own properties always stay."""
    server = {name: value for name, value in before.items() if name in entity.computed or name in ("Id", "SyncToken")}
    server["sparse"] = False
    wanted = {name: value for name, value in sent.items() if name not in entity.computed and name not in _STEERING}
    if entity.name == "Preferences":
        return {**before, **merged_deep(before, wanted), **server}
    if sent.get("sparse") is not True:
        return _present({**wanted, **server})
    kept = dict(before)
    if "Line" in wanted and "TxnTaxDetail" not in wanted and (kept.get("TxnTaxDetail") or {}).get("TxnTaxCodeRef"):
        kept["TxnTaxDetail"] = {"TxnTaxCodeRef": kept["TxnTaxDetail"]["TxnTaxCodeRef"]}  # new lines, new tax
    return _present({**kept, **wanted, **server})


def _present(body: Body) -> Body:
    """Drop nulls: an absent property is QuickBooks' null."""
    return {name: value for name, value in body.items() if value is not None}


def _current(unit: Unit, entity: Entity, sent: Body) -> Body:
    """Return the document a write means. Raises 610 when it is gone, 2020 without SyncToken, 5010 when it moved on."""
    body = unit.read(entity.name, str(sent.get("Id", "")))
    if body is None:
        raise gone() if entity.transaction else inactive()
    if unit.by_hand:
        return body
    if sent.get("SyncToken") is None:
        raise missing("SyncToken")
    if str(sent["SyncToken"]) != body["SyncToken"]:
        raise stale()
    return body


def _check_owner(unit: Unit, entity: Entity, before: Body, body: Body) -> None:
    key = (entity.name, before["Id"])
    if entity.name in ("Payment", "SalesReceipt", "RefundReceipt", "JournalEntry"):
        check_not_deposited(unit, key)
    owner = (body.get("CustomerRef") or {}).get("value")
    if entity.name in _SETTLED and owner != before["CustomerRef"]["value"] and unit.books.links.payments_on(key):
        raise business("The customer cannot be changed while payments are applied.", element="CustomerRef")


def _follow(unit: Unit, entity: Entity, before: Body | None, after: Body | None) -> None:
    for follow in FOLLOW.get(entity.name, ()):
        follow(unit, before, after)


def _delete(unit: Unit, entity: Entity, sent: Body) -> str:
    before = _current(unit, entity, sent)
    key = str(before["Id"])
    check_open_period(unit, before)
    check_not_deposited(unit, (entity.name, key))
    detach(unit, (entity.name, key))
    _follow(unit, entity, before, None)
    unit.remove(entity.name, key)
    return key


def _void(unit: Unit, entity: Entity, sent: Body) -> str:
    before = _current(unit, entity, sent)
    key = (entity.name, str(before["Id"]))
    check_open_period(unit, before)
    check_not_deposited(unit, key)
    detach(unit, key)
    body = dict(unit.read(*key) or {})
    VOID[entity.name](unit, body)
    unit.books.bump(body)
    unit.save(entity.name, body, "Void")
    _follow(unit, entity, before, body)
    return key[1]


_VERBS = {"create": _create, "update": _update, "delete": _delete, "void": _void}


def write_by_hand(books: Books, name: str, verb: str, key: str, changes: Body | None = None) -> tuple[str, str]:
    """Do what a person does in QuickBooks' own pages: no SyncToken, open to closed periods and to linked invoices."""
    return write(books, ENTITIES[name], verb, {**(changes or {}), "Id": key, "sparse": True}, by_hand=True)
