"""What can be done to the stand-in from outside: load, switch, edit by hand, look at ledger and journal.

Edits are those of a person in QuickBooks' own pages: no SyncToken, and the same engine behind. Law: nothing here
writes a document past the rules, except `load`, which takes recorded ones as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.qbo.books import Books
from sandbox.qbo.codec import decode, encode
from sandbox.qbo.currencies import turn_on
from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.merging import merge
from sandbox.qbo.refusals import Refusal
from sandbox.qbo.writing import write, write_by_hand

if TYPE_CHECKING:
    from sandbox.qbo.standin import QuickBooksStandin

Payload = dict[str, Any]


class QuickBooksControl:
    """The verbs of the control plane, each a method; a `realm` in the payload picks the company, else the first."""

    def __init__(self, standin: QuickBooksStandin) -> None:
        self._standin = standin
        self._reads: dict[str, Callable[[Payload], Any]] = {
            "switches": self._switches,
            "webhooks": lambda _: standin.webhooks.listing(),
            "journal": self._journal,
            "ledger": self._ledger,
            "register": self._register,
            "companies": self._companies,
            "state": lambda _: self.state(),
            "document": self._document,
            "documents": self._documents,
        }
        self._writes: dict[str, Callable[[Payload], Any]] = {
            "load": self._load,
            "switches": self._set_switches,
            "webhooks": self._set_webhooks,
            "edit": self._edit,
            "create": self._create,
            "delete": lambda sent: self._by_hand("delete", sent),
            "void": lambda sent: self._by_hand("void", sent),
            "merge": self._merge,
            "multicurrency": self._multicurrency,
            "companies": self._add_company,
            "journal": self._clear_journal,
            "redirects": self._set_redirects,
            "forget_requestids": self._forget,
            "disconnect": self._disconnect,
            "expire_access": self._expire_access,
        }

    def control(self, name: str, payload: Payload, *, reading: bool) -> Any:
        """Do what is asked by name. Raises ValueError with a sentence for what cannot be done."""
        verbs = self._reads if reading else self._writes
        if name not in verbs:
            raise ValueError(f"there is no {name!r} here; there are {', '.join(sorted(verbs))}")
        with self._standin.lock:
            try:
                answer = verbs[name](payload)
            except Refusal as refusal:
                raise ValueError(str(refusal)) from None
            finally:
                self._standin.commit()
        return answer

    def state(self) -> Payload:
        """Return companies, switches and counts."""
        standin = self._standin
        with standin.lock:
            standin.found()
            companies = {
                realm: {"name": name, **{e: self._books({"realm": realm}).docs.count(e) for e in ENTITIES}}
                for realm, name in standin.companies().items()
            }
            return {"companies": companies, "switches": standin.switches.all(), "requests": standin.journal.count}

    def _books(self, sent: Payload) -> Books:
        books = self._standin.books(str(sent.get("realm") or self._standin.found()))
        if books is None:
            raise ValueError(f"there is no company {sent['realm']}")
        return books

    def _entity(self, sent: Payload) -> str:
        name = str(sent.get("entity", ""))
        if name not in ENTITIES:
            raise ValueError(f"{name!r} is no entity; there are {', '.join(sorted(ENTITIES))}")
        return name

    # Looking ----------------------------------------------------------------------------------------------------------

    def _switches(self, sent: Payload) -> Payload:
        return self._standin.switches.all()

    def _journal(self, sent: Payload) -> Payload:
        return {
            "count": self._standin.journal.count,
            "requests": self._standin.journal.lines(str(sent.get("operation", ""))),
        }

    def _ledger(self, sent: Payload) -> Payload:
        rows = self._books(sent).trial_balance()
        return {"accounts": rows, "sum_cents": sum(row["cents"] for row in rows)}

    def _register(self, sent: Payload) -> Payload:
        books = self._books(sent)
        account = str(sent.get("account", ""))
        if books.docs.text("Account", account) is None:
            account = books.named("Account", "Name", account) or ""
        if not account:
            raise ValueError("name an account by its id or its name: account=")
        rows = books.register(account)
        balance = rows[-1]["balance_cents"] if rows else books.opening(account)
        return {"account": account, "opening_cents": books.opening(account), "rows": rows, "balance_cents": balance}

    def _companies(self, sent: Payload) -> Payload:
        self._standin.found()
        return {"companies": [{"realm_id": realm, "name": name} for realm, name in self._standin.companies().items()]}

    def _document(self, sent: Payload) -> Payload:
        body = self._books(sent).docs.text(self._entity(sent), str(sent.get("id", "")))
        return {"document": _plain(body) if body else None}

    def _documents(self, sent: Payload) -> Payload:
        """Return an entity's documents in the order of their ids; `after` leaves out ids up to that number."""
        docs, entity, after = self._books(sent).docs, self._entity(sent), int(sent.get("after") or 0)
        self._standin.commit()  # balances of lists are written at rest
        keys = [key for key in docs.ids(entity) if int(key) > after]
        return {"documents": [_plain(text) for text in docs.texts(entity, keys)]}

    def _multicurrency(self, sent: Payload) -> Payload:
        """Let the company use several currencies, for good."""
        turn_on(self._books(sent))
        return {"multicurrency": True}

    def _merge(self, sent: Payload) -> Payload:
        """Merge one customer or vendor into another."""
        merge(self._books(sent), self._entity(sent), str(sent.get("loser", "")), str(sent.get("winner", "")))
        return {"merged": True}

    # Changing ---------------------------------------------------------------------------------------------------------

    def _load(self, sent: Payload) -> Payload:
        """Load documents: {"documents": [{"entity": "Invoice", "text": "<the raw JSON>"}, ...]}."""
        books = self._books(sent)
        documents = sent.get("documents")
        if not isinstance(documents, list):
            raise ValueError('send {"documents": [{"entity": ..., "text": ...}]}')
        loaded = [(self._entity(one), str(one.get("text", ""))) for one in documents]
        return {"loaded": [{"entity": entity, "id": books.load(entity, text)} for entity, text in loaded]}

    def _set_switches(self, sent: Payload) -> Payload:
        self._standin.switches.set(sent)
        self._standin.webhooks.carry()
        return self._standin.switches.all()

    def _set_webhooks(self, sent: Payload) -> Payload:
        """Set the receiver: {"url": ..., "mode": "deliver" | "drop" | "hold"}; either may be left out."""
        if "url" in sent:
            self._standin.webhooks.send_to(str(sent["url"] or ""))
        if "mode" in sent:
            self._standin.switches.set({"webhook_mode": sent["mode"]})
        self._standin.webhooks.carry()
        return self._standin.webhooks.listing()

    def _edit(self, sent: Payload) -> Payload:
        """Change a document by hand: {"entity", "id", "changes": {...}}, changes as in a sparse update."""
        changes = sent.get("changes")
        if not isinstance(changes, dict):
            raise ValueError('send {"entity": ..., "id": ..., "changes": {...}}')
        return self._by_hand("update", sent, _exact(changes))

    def _create(self, sent: Payload) -> Payload:
        """Make a document by hand: {"entity", "document": {...}}."""
        entity = ENTITIES[self._entity(sent)]
        _, text = write(self._books(sent), entity, "create", _exact(sent.get("document")), by_hand=True)
        return {"document": _plain(text)}

    def _by_hand(self, verb: str, sent: Payload, changes: Payload | None = None) -> Payload:
        _, text = write_by_hand(self._books(sent), self._entity(sent), verb, str(sent.get("id", "")), changes)
        return {"document": _plain(text)}

    def _add_company(self, sent: Payload) -> Payload:
        name = str(sent.get("name") or "Second Company")
        realm = self._standin.add_company(name, bare=bool(sent.get("bare", False)))
        return {"name": name, **self._standin.credentials(realm)}

    def _clear_journal(self, sent: Payload) -> Payload:
        self._standin.journal.clear()
        return {"count": 0}

    def _set_redirects(self, sent: Payload) -> Payload:
        uris = sent.get("redirect_uris")
        if not isinstance(uris, list):
            raise ValueError('send {"redirect_uris": [...]}')
        self._standin.oauth.allow_redirects([str(uri) for uri in uris])
        return {"redirect_uris": uris}

    def _forget(self, sent: Payload) -> Payload:
        self._standin.replays.forget(self._books(sent).realm, str(sent.get("requestid") or "") or None)
        return {"forgotten": sent.get("requestid") or "all"}

    def _disconnect(self, sent: Payload) -> Payload:
        realm = self._books(sent).realm
        self._standin.oauth.disconnect(realm)
        return {"disconnected": realm}

    def _expire_access(self, sent: Payload) -> Payload:
        self._standin.oauth.expire_access()
        return {"expired": True}


def _exact(value: Any) -> Any:
    """Read JSON again with exact numbers: the web framework's parser made floats of them."""
    return decode(encode(value))


def _plain(text: str) -> Any:
    """Return a document as plain JSON values for the answer."""
    return json.loads(text)
