"""A tiny shop of another origin, under a strict policy, that takes payments with the stand-in's stripe.js.

Knows only what any integrator knows: the publishable key, the script's address, and a secret key on its server.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import stripe

from sandbox.host import Environ, Host, StartResponse
from tests.stripe_standin import Running

_PAGE = Path(__file__).with_name("shop.html").read_text()


class Shop:
    """The shop, listening. Its settings may be changed before a page is loaded."""

    def __init__(self, standin: Running) -> None:
        self.standin = standin
        self.client = standin.client()
        self.intents: list[stripe.PaymentIntent] = []
        self.given: dict[str, Any] = {
            "key": standin.standin.publishable_key,
            "options": {},
            "elements": {"mode": "payment", "amount": 62000, "currency": "usd"},
            "element": {},
            "redirect": "if_required",
            "confirm": {},
        }
        self.intent: dict[str, Any] = {"amount": 62000, "currency": "usd"}
        self.look = {"scheme": "light", "paper": "#fbfaf8", "ink": "#1b1b1a", "accent": "#0f6b5c", "on": "#fff"}
        self.host = Host(self._app)
        self.host.start()
        self.url = self.host.url

    def _app(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path, origin = environ["PATH_INFO"], self.standin.url
        if path == "/intent":
            self.intents.append(self.client.v1.payment_intents.create(dict(self.intent)))
            return _answer(start_response, str(self.intents[-1].client_secret), "text/plain")
        if path == "/done":
            return _answer(start_response, f"<title>Done</title><p id=said>{environ['QUERY_STRING']}</p>", "text/html")
        nonce = secrets.token_urlsafe(12)
        policy = (
            f"default-src 'none'; script-src {origin} 'nonce-{nonce}'; frame-src {origin}; connect-src 'self' {origin};"
            f" style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'self'"
        )
        page = _PAGE
        words = {"nonce": nonce, "script": f"{origin}/endive/stripe.js", "given": json.dumps(self.given), **self.look}
        for name, word in words.items():
            page = page.replace(f"%{name}%", word)
        return _answer(start_response, page, "text/html; charset=utf-8", ("Content-Security-Policy", policy))

    def stop(self) -> None:
        self.host.stop()


def _answer(start_response: StartResponse, text: str, kind: str, *headers: tuple[str, str]) -> Iterable[bytes]:
    body = text.encode()
    start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(body))), *headers])
    return [body]


def query(text: str) -> dict[str, str]:
    """Return a query string as a dictionary."""
    return {name: values[0] for name, values in parse_qs(text).items()}
