"""A company of several currencies: switching it on for good, and the rates it keeps by day.

Law: once on it stays on, and the home currency never changes. A day without a rate of its own takes the last one
before it; without any, the rate is 1.
"""

from __future__ import annotations

from sandbox.qbo.books import Books
from sandbox.qbo.codec import Body, encode
from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.refusals import Refusal, bad_reference, missing
from sandbox.qbo.rules.currency import exchange_account
from sandbox.qbo.times import read_day
from sandbox.qbo.writing import write


def turn_on(books: Books) -> None:
    """Let a company use several currencies, as its own pages do; the API cannot. Twice is once."""
    if books.multicurrency:
        return
    unit = books.unit(by_hand=True)
    body = unit.read("Preferences", "1") or {}
    body["CurrencyPrefs"] = {**(body.get("CurrencyPrefs") or {}), "MultiCurrencyEnabled": True}
    unit.touch("Preferences", body)
    exchange_account(unit)
    unit.commit()


def read_rate(books: Books, code: str, day: str) -> str:
    """Return the JSON of a day's rate. Raises 2020, 2500 and 5030."""
    _check(books, code)
    day = read_day(day, "asofdate") if day else books.today()
    key = books.rate_key(code, day)
    text = books.docs.text("ExchangeRate", key) if key else None
    return text if text is not None else encode(_default(books, code, day))


def write_rate(books: Books, payload: Body) -> str:
    """Keep the rate of a day; returns its JSON. Raises 2020, 2500, 5030 and 6000."""
    code = str(payload.get("SourceCurrencyCode") or "").upper()
    _check(books, code)
    if payload.get("Rate") is None:
        raise missing("Rate")
    day = read_day(payload["AsOfDate"], "AsOfDate") if payload.get("AsOfDate") else books.today()
    key = books.rate_key(code, day)
    held = books.docs.body("ExchangeRate", key) if key else None
    sent = {**payload, "SourceCurrencyCode": code, "AsOfDate": day, "TargetCurrencyCode": books.home_currency}
    known = {name: value for name, value in sent.items() if name not in ("Id", "SyncToken", "sparse", "MetaData")}
    if held is not None and held["AsOfDate"] == day:
        steer = {"Id": held["Id"], "SyncToken": payload.get("SyncToken") or held["SyncToken"], "sparse": True}
        return write(books, ENTITIES["ExchangeRate"], "update", {**known, **steer})[1]
    return write(books, ENTITIES["ExchangeRate"], "create", known)[1]


def _check(books: Books, code: str) -> None:
    if not books.multicurrency:
        raise Refusal("5030", "Feature Not Supported Error", "Multicurrency is not enabled for this company.")
    if not code:
        raise missing("sourcecurrencycode")
    if code != books.home_currency and books.named("CompanyCurrency", "Code", code) is None:
        raise bad_reference("SourceCurrencyCode", "CompanyCurrency", code)


def _default(books: Books, code: str, day: str) -> Body:
    names = {"SourceCurrencyCode": code, "TargetCurrencyCode": books.home_currency}
    return {**names, "Rate": 1, "AsOfDate": day, "domain": "QBO", "sparse": False, "SyncToken": "0"}
