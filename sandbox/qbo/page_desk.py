"""What every page of the stand-in shares: which company is looked at, and how an act by hand is done and told.

Knows no form and no table. Laws: an act goes through the same rules as the API, as a person's; its refusal is shown as
a sentence; after an act comes a redirect, so that reloading repeats nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import abort, g, redirect, request, url_for
from werkzeug.wrappers import Response

from sandbox.qbo.books import Books
from sandbox.qbo.codec import Body
from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.refusals import Refusal
from sandbox.qbo.writing import write, write_by_hand

if TYPE_CHECKING:
    from sandbox.qbo.standin import QuickBooksStandin

Answer = Response | tuple[str, int]
SHOWN = 200
REFUSED = "Not done: "
ENTITY_WORDS = {
    "CreditMemo": "Credit memo",
    "SalesReceipt": "Sales receipt",
    "RefundReceipt": "Refund receipt",
    "JournalEntry": "Journal entry",
    "Purchase": "Expense",
}


class Desk:
    """The desk of a person who works in one company's books."""

    def __init__(self, standin: QuickBooksStandin) -> None:
        self.standin = standin
        self.lock = standin.lock

    @property
    def realm(self) -> str:
        """Return the company that is looked at; 404 where there is none such."""
        realm = request.args.get("realm") or self.standin.found()
        return realm if realm in self.standin.companies() else abort(404)

    @property
    def books(self) -> Books:
        """Return that company's books."""
        books = self.standin.books(self.realm)
        assert books is not None
        return books

    def body(self, entity: str, key: str) -> Body:
        """Return a document; 404 where there is none such."""
        if entity not in ENTITIES:
            abort(404)
        return self.books.docs.body(entity, key) or abort(404)

    def bodies(self, entity: str) -> list[Body]:
        """Return an entity's documents, the newest first."""
        books = self.books
        books.settle_balances()
        return [body for key in reversed(books.docs.ids(entity)) if (body := books.docs.body(entity, key)) is not None]

    def choices(self, entity: str, *, name: str = "", kinds: tuple[str, ...] = ()) -> list[tuple[str, str]]:
        """Return the active entries of a list as id and name, by name."""
        name = name or ("DisplayName" if entity == "Customer" else "Name")
        rows = [body for body in self.bodies(entity) if body.get("Active", True)]
        rows = [body for body in rows if not kinds or body.get("AccountType") in kinds]
        return sorted(((body["Id"], str(body.get("FullyQualifiedName") or body[name])) for body in rows), key=_by_name)

    def create(self, entity: str, document: Body) -> str:
        """Make a document by hand and return its id. Raises Refusal."""
        key, _ = write(self.books, ENTITIES[entity], "create", document, by_hand=True)
        return key

    def change(self, entity: str, key: str, changes: Body) -> None:
        """Change a document by hand. Raises Refusal."""
        write_by_hand(self.books, entity, "update", key, changes)

    def strike(self, entity: str, key: str, verb: str) -> None:
        """Void or delete a document by hand. Raises Refusal."""
        write_by_hand(self.books, entity, verb, key)

    def act(self, do: Callable[[], tuple[str, str]], back: str, again: Callable[[], str] | None = None) -> Answer:
        """Do something and go where it says with a word about it.

        A refusal leads back with its sentence, or shows the form `again` as it was filled in: nothing has happened.
        """
        with self.lock:
            try:
                where, notice = do()
            except (Refusal, ValueError) as refused:
                where, notice = back, REFUSED + _sentence(refused)
                if again is not None:
                    g.notice = notice
                    return again(), 422
            finally:
                self.standin.commit()
        joint = "&" if "?" in where else "?"
        return redirect(f"{where}{joint}{urlencode({'notice': notice})}", 303)

    def to(self, endpoint: str, **values: Any) -> str:
        """Return the address of a page of this company."""
        return url_for(f"pages.{endpoint}", realm=request.args.get("realm"), **values)

    def to_document(self, entity: str, key: str) -> str:
        """Return the address of a document's page."""
        return self.to("document", entity=entity, key=key)


def word_of(entity: str) -> str:
    """Return what people call an entity."""
    return ENTITY_WORDS.get(entity, entity)


def _sentence(refused: Refusal | ValueError) -> str:
    return refused.detail or refused.message if isinstance(refused, Refusal) else str(refused)


def _by_name(pair: tuple[str, str]) -> str:
    return pair[1].casefold()
