"""The paths of the Accounting API that are no entity of their own: upload, download, reports, rates, tax codes, send.

Routes only: each door calls the room that does the work. Law: a door that changes the books opens by POST alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sandbox.qbo import attachments
from sandbox.qbo.books import Books
from sandbox.qbo.calls import Answer, Call
from sandbox.qbo.codec import Body, decode, encode
from sandbox.qbo.currencies import read_rate, write_rate
from sandbox.qbo.entities import BY_PATH
from sandbox.qbo.refusals import missing, unknown_property, unsupported
from sandbox.qbo.reports import report
from sandbox.qbo.sending import send
from sandbox.qbo.tax_codes import make_code
from sandbox.qbo.times import envelope_time

if TYPE_CHECKING:
    from sandbox.qbo.standin import QuickBooksStandin

Door = Callable[["QuickBooksStandin", Call, Books], Answer]


def door_of(call: Call) -> Door | None:
    """Return the door that a call goes through, None for an entity's own paths."""
    if call.method == "POST" and len(call.steps) == 3 and call.steps[0] in BY_PATH and call.steps[2] == "send":
        return _send
    return _DOORS.get((call.method, call.steps[0]))


def _enveloped(standin: QuickBooksStandin, content: str) -> Answer:
    return Answer(200, f'{{{content},"time":"{envelope_time(standin.clock.seconds())}"}}')


def _send(standin: QuickBooksStandin, call: Call, books: Books) -> Answer:
    entity = BY_PATH[call.steps[0]]
    return _enveloped(standin, f'"{entity.name}":{send(books, entity, call.steps[1], call.args.get("sendTo", ""))}')


def _upload(standin: QuickBooksStandin, call: Call, books: Books) -> Answer:
    return _enveloped(standin, attachments.upload(standin, books, call.body))


def _download(standin: QuickBooksStandin, call: Call, books: Books) -> Answer:
    if len(call.steps) != 2:
        raise missing("id")
    return Answer(200, attachments.address(standin, books, call.steps[1]), "text/plain;charset=UTF-8")


def _report(standin: QuickBooksStandin, call: Call, books: Books) -> Answer:
    name = call.steps[1] if len(call.steps) == 2 else ""
    return Answer(200, encode(report(books, name, call.args)))


def _read_rate(standin: QuickBooksStandin, call: Call, books: Books) -> Answer:
    args = {name.lower(): value for name, value in call.args.items()}
    rate = read_rate(books, args.get("sourcecurrencycode", "").upper(), args.get("asofdate", ""))
    return _enveloped(standin, f'"ExchangeRate":{rate}')


def _write_rate(standin: QuickBooksStandin, call: Call, books: Books) -> Answer:
    return _enveloped(standin, f'"ExchangeRate":{write_rate(books, _payload(call.body))}')


def _tax_code(standin: QuickBooksStandin, call: Call, books: Books) -> Answer:
    if call.steps[1:] not in (("taxcode",), ("Taxcode",), ("TaxCode",)):
        raise unsupported("/".join(call.steps))
    return Answer(200, make_code(books, _payload(call.body)))


def _payload(body: bytes) -> Body:
    try:
        payload = decode(body)
    except (ValueError, RecursionError):
        raise unknown_property("body") from None
    if not isinstance(payload, dict):
        raise unknown_property("body")
    return payload


_DOORS: dict[tuple[str, str], Door] = {
    ("POST", "upload"): _upload,
    ("GET", "download"): _download,
    ("GET", "reports"): _report,
    ("GET", "exchangerate"): _read_rate,
    ("POST", "exchangerate"): _write_rate,
    ("POST", "taxservice"): _tax_code,
}
