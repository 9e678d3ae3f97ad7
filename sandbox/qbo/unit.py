"""One write to the books: everything it changes, kept aside until all rules agreed.

Rules read and save through a unit, so that they see their own changes. Law: a unit that is not committed changed
nothing; a committed one moved documents, ledger, links and balances together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.qbo.codec import Body, encode
from sandbox.qbo.ledger import Key, Leg, legs_of
from sandbox.qbo.refusals import bad_reference, inactive, missing
from sandbox.qbo.times import stamp

if TYPE_CHECKING:
    from sandbox.qbo.books import Books

# Which of several changes of one document is told to the world.
_WEIGHT = {"": 0, "Update": 1, "Emailed": 2, "Void": 3, "Create": 4, "Delete": 5, "Merge": 6}


@dataclass
class Change:
    """What becomes of one document; `operation` is what webhooks call it, empty for nothing to tell."""

    before: Body | None
    after: Body | None
    operation: str
    text: str = ""
    merged_into: str = ""  # who took its place, for one that vanished in a merge


class Unit:
    """The open change of a realm's books. `by_hand` means a person in QuickBooks' own pages, who may do more."""

    def __init__(self, books: Books, *, by_hand: bool = False) -> None:
        self.books = books
        self.by_hand = by_hand
        self.changes: dict[Key, Change] = {}

    def read(self, entity: str, key: str) -> Body | None:
        """Return a document as this unit sees it."""
        change = self.changes.get((entity, key))
        return self.books.docs.body(entity, key) if change is None else change.after

    def referred(self, holder: Body, field: str, entity: str, *, active: bool = True) -> Body:
        """Return what a required reference names. Raises 2020, 2500 or 610."""
        body = self.referred_if_any(holder, field, entity, active=active)
        if body is None:
            raise missing(field)
        return body

    def referred_if_any(self, holder: Body, field: str, entity: str, *, active: bool = True) -> Body | None:
        """Return what a reference names and write its name into it; None where nothing is named. Raises 2500 or 610."""
        ref = holder.get(field)
        if not isinstance(ref, dict) or not ref.get("value"):
            holder.pop(field, None)
            return None
        key = str(ref["value"])
        body = self.read(entity, key)
        if body is None:
            raise bad_reference(field, entity, key)
        if active and not self.by_hand and body.get("Active") is False:
            raise inactive(field)
        holder[field] = reference(body)
        return body

    def save(self, entity: str, body: Body, operation: str) -> None:
        """Keep a new or changed document."""
        key = (entity, body["Id"])
        change = self.changes.get(key)
        if change is None:
            self.changes[key] = Change(self.books.docs.body(*key), body, operation)
            return
        change.after = body
        if _WEIGHT[operation] > _WEIGHT[change.operation]:
            change.operation = operation

    def touch(self, entity: str, body: Body) -> None:
        """Save a document that changed because another one did: its SyncToken and time move too."""
        if (entity, body["Id"]) not in self.changes:
            self.books.bump(body)
        self.save(entity, body, "Update")

    def remove(self, entity: str, key: str) -> None:
        """Delete a document."""
        self.changes[(entity, key)] = Change(self.books.docs.body(entity, key), None, "Delete")

    def create(self, entity: str, body: Body) -> Body:
        """Save a new document that the server makes by itself; returns it with its id, version and times."""
        now = stamp(self.books.now())
        head = {"domain": "QBO", "sparse": False, "Id": self.books.docs.next_id(entity), "SyncToken": "0"}
        made = {**head, "MetaData": {"CreateTime": now, "LastUpdatedTime": now}, **body}
        self.save(entity, made, "Create")
        return made

    def vanish(self, entity: str, key: str, *, into: str) -> None:
        """Let a list entry go that was merged into another."""
        self.changes[(entity, key)] = Change(self.books.docs.body(entity, key), None, "", merged_into=into)

    def postings(self) -> list[tuple[Key, list[Leg], list[Leg]]]:
        """Return what the ledger loses and gains by each change; whatever can fail fails here, before a write."""
        chart, docs = self.books.chart, self.books.docs
        moved = []
        for key, change in self.changes.items():
            new = legs_of(key[0], change.after, chart, self.read)
            if sum(leg.cents for leg in new):
                raise AssertionError(f"the legs of {key[0]} {key[1]} do not sum to zero: {new}")
            change.text = encode(change.after) if change.after is not None else ""
            moved.append((key, legs_of(key[0], change.before, chart, docs.body), new))
        return moved

    def commit(self, postings: list[tuple[Key, list[Leg], list[Leg]]] | None = None) -> None:
        """Write everything at once."""
        for key, old, new in self.postings() if postings is None else postings:
            self.books.ledger.replace(key, old, new)
            self.books.move_balances(old, new)
        for key, change in self.changes.items():
            self.books.keep(*key, change)
            if change.operation:
                self.books.trail.append((self.books.now(), *key, change.operation, self.by_hand))
        self.changes = {}

    def preview(self, entity: str, body: Body) -> list[Leg]:
        """Return what a document would post."""
        return legs_of(entity, body, self.books.chart, self.read)


def reference(body: Body) -> dict[str, Any]:
    """Return the reference others hold on this. Recorded: a job goes by its own name, an account by its path."""
    name = body.get("DisplayName") or body.get("FullyQualifiedName") or body.get("Name")
    return {"value": body["Id"], "name": name} if name else {"value": body["Id"]}
