"""Merging two customers or two vendors, which QuickBooks' own pages do and the API does not.

Law: afterwards no document names the one that went, the receivables add up to what they were, and the two balances
are one.
"""

from __future__ import annotations

from typing import Any

from sandbox.qbo.books import Books
from sandbox.qbo.codec import Body, decode
from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.refusals import business, inactive, unsupported
from sandbox.qbo.rules.lists import settle_place
from sandbox.qbo.unit import Unit, reference

_TYPED = ("EntityRef", "Entity")  # references that say themselves whom they mean


def merge(books: Books, entity: str, loser: str, winner: str) -> None:
    """Move everything of one customer or vendor to another and let it vanish. Raises 500, 610 and 6000."""
    if entity not in ("Customer", "Vendor"):
        raise unsupported("merge")
    unit = books.unit(by_hand=True)
    gone, kept = unit.read(entity, loser), unit.read(entity, winner)
    if gone is None or kept is None:
        raise inactive()
    if loser == winner:
        raise business("A customer cannot be merged with itself.")
    if loser in (parent["Id"] for parent in books.parents_of(entity, winner)):
        raise business("A customer cannot be merged with its own sub-customer.")
    if (gone.get("CurrencyRef") or {}).get("value") != (kept.get("CurrencyRef") or {}).get("value"):
        raise business("Only names of the same currency can be merged.")
    _move_documents(unit, entity, loser, kept)
    _move_jobs(unit, entity, loser, kept)
    books.bump(kept)
    unit.save(entity, kept, "Merge")
    unit.vanish(entity, loser, into=winner)
    unit.commit()


def _move_documents(unit: Unit, entity: str, loser: str, kept: Body) -> None:
    docs = unit.books.docs
    for name, described in ENTITIES.items():
        if name in ("Customer", "Vendor"):
            continue
        for key in list(docs.ids(name)):
            text = docs.text(name, key) or ""
            if f'"value":"{loser}"' not in text:
                continue
            body: Body = decode(text)
            if _rewrite(body, entity, loser, reference(kept)):
                if described.transaction:
                    unit.touch(name, body)
                else:
                    unit.save(name, body, "")


def _rewrite(value: Any, entity: str, loser: str, kept: Body) -> bool:
    """Let every reference to the loser point at the winner; tells whether there was one."""
    if isinstance(value, list):
        return sum(_rewrite(one, entity, loser, kept) for one in value) > 0  # every one of them, not the first alone
    if not isinstance(value, dict):
        return False
    found = False
    for name, held in value.items():
        if not isinstance(held, dict):
            found |= _rewrite(held, entity, loser, kept)
        elif held.get("value") == loser and _means(name, held, value, entity):
            value[name] = {**held, **kept}
            found = True
        else:
            found |= _rewrite(held, entity, loser, kept)
    return found


def _means(name: str, ref: Body, holder: Body, entity: str) -> bool:
    if name == f"{entity}Ref":
        return True
    told = str(ref.get("type") or holder.get("Type") or holder.get("type") or "Vendor")
    return name in _TYPED and told.capitalize() == entity


def _move_jobs(unit: Unit, entity: str, loser: str, kept: Body) -> None:
    for key in list(unit.books.docs.ids(entity)):
        body = unit.read(entity, key)
        if body is not None and (body.get("ParentRef") or {}).get("value") == loser:
            body["ParentRef"] = reference(kept)
            settle_place(body, kept, joined="DisplayName")
            unit.touch(entity, body)
