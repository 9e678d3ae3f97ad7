"""A person with a browser, as far as a launcher needs one: pages, forms, cookies, redirects; no scripts.

Knows HTML, not the product: it finds a form by a word in its address and sends what stands in it. Law: it sends what a
browser would send, hidden fields and origin included, and nothing a page did not offer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

SECONDS = 20.0
_VOID_TYPES = ("submit", "button", "image", "reset", "file")


class Lost(Exception):
    """A page did not answer as a person would need it to; the message says where and how."""


@dataclass
class Form:
    """A form as it stands on a page: where it leads, how, and what is in it."""

    action: str
    method: str
    data: dict[str, str]
    fields: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Element:
    """A tag of a page with its attributes."""

    tag: str
    attributes: dict[str, str]


@dataclass
class Page:
    """A page that was loaded."""

    url: str
    status: int
    html: str
    forms: list[Form]
    elements: list[Element]
    text: str

    def form(self, word: str) -> Form:
        """Return the first form whose address holds a word. Raises Lost."""
        for form in self.forms:
            if word in form.action:
                return form
        raise Lost(f"{self.url} (status {self.status}) has no form that leads to {word!r}: {self.text[:200]}")

    def with_attribute(self, name: str) -> list[dict[str, str]]:
        """Return the attributes of every tag that has one of this name."""
        return [element.attributes for element in self.elements if name in element.attributes]


class Visitor:
    """One browser with its cookies."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False

    def open(self, url: str) -> Page:
        """Load a page, following redirects. Raises Lost for an error page."""
        return self._page(self._session.get(url, timeout=SECONDS))

    def submit(self, page: Page, form: Form, *values: tuple[str, str]) -> Page:
        """Send a form with some values filled in or ticked, and return the page that follows. Raises Lost."""
        touched = {name for name, _ in values}
        filled = [(name, value) for name, value in form.fields if name not in touched] + list(values)
        target = urljoin(page.url, form.action or page.url)
        if form.method == "get":
            return self._page(self._session.get(target, params=filled, timeout=SECONDS))
        return self._page(self._session.post(target, data=filled, headers=_origin(page.url), timeout=SECONDS))

    def post_json(self, page: Page, path: str, body: Mapping[str, Any], *, form_token: str) -> dict[str, Any]:
        """Send JSON as a script of the page would. Raises Lost unless it is taken."""
        headers = {**_origin(page.url), "X-CSRFToken": form_token, "Accept": "application/json"}
        target = urljoin(page.url, path)
        answer = self._session.post(target, json=dict(body), headers=headers, timeout=SECONDS)
        if answer.status_code != 200:
            raise Lost(f"{target} answered {answer.status_code}: {answer.text[:300]}")
        return dict(json.loads(answer.text))

    def fetch(self, url: str) -> requests.Response:
        """Load anything, such as a PDF. Raises Lost for an error."""
        answer = self._session.get(url, timeout=SECONDS)
        if answer.status_code >= 400:
            raise Lost(f"{url} answered {answer.status_code}")
        return answer

    def _page(self, answer: requests.Response) -> Page:
        reader = _Reader()
        reader.feed(answer.text)
        text = " ".join("".join(reader.said).split())
        if answer.status_code >= 400:
            raise Lost(f"{answer.url} answered {answer.status_code}: {text[:300]}")
        return Page(answer.url, answer.status_code, answer.text, reader.forms, reader.elements, text)


def _origin(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    return {"Origin": f"{parts.scheme}://{parts.netloc}"}


class _Reader(HTMLParser):
    """Collects forms with their fields, and the text a person reads."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.elements: list[Element] = []
        self.said: list[str] = []
        self._form: Form | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag, and what it adds to the form it stands in."""
        given = {name: value or "" for name, value in attrs}
        self.elements.append(Element(tag, given))
        self._silent += tag in ("script", "style")
        if tag == "form":
            data = {name[5:]: value for name, value in given.items() if name.startswith("data-")}
            self._form = Form(given.get("action", ""), given.get("method", "get").lower(), data)
            self.forms.append(self._form)
        elif self._form and given.get("name") and _counts(tag, given):
            self._form.fields.append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        """Leave a form."""
        self._silent -= tag in ("script", "style")
        if tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        """Note what a person reads."""
        if not self._silent:
            self.said.append(data + " ")


def _counts(tag: str, given: Mapping[str, str]) -> bool:
    """Tell whether a field is sent when nobody touches it."""
    if tag != "input" or given.get("type") in _VOID_TYPES:
        return False
    return given.get("type") not in ("checkbox", "radio") or "checked" in given
