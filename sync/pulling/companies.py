"""What a company's own QuickBooks says about it: name, address, time zone, home currency.

Taken over when QuickBooks' own answer changes, so that what staff set afterwards stays. Law: nothing that QuickBooks
leaves out is wiped, and a time zone that this machine does not know is not taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from connector.store.companies import CompanyRow
from sync.pulling.change import Change
from sync.runtime import Runtime


def take_facts(session: Session, rt: Runtime, company_id: str, changes: Sequence[Change]) -> None:
    """Fill the company from its CompanyInfo."""
    company = session.get_one(CompanyRow, company_id)
    for change in changes:
        for name, value in _facts_of(msgspec.json.decode(change.text)).items():
            if value:
                setattr(company, name, value)


def take_currency(session: Session, rt: Runtime, company_id: str, changes: Sequence[Change]) -> None:
    """Take the home currency from the company's Preferences; QuickBooks never changes it."""
    company = session.get_one(CompanyRow, company_id)
    for change in changes:
        currency = _at(msgspec.json.decode(change.text), "CurrencyPrefs", "HomeCurrency", "value")
        if len(currency) == 3:
            company.home_currency = currency.upper()


def _facts_of(info: Mapping[str, Any]) -> dict[str, str]:
    address = info.get("CustomerCommunicationAddr") or info.get("CompanyAddr") or info.get("LegalAddr") or {}
    region = str(address.get("CountrySubDivisionCode") or "")
    return {
        "name": str(info.get("CompanyName") or ""),
        "phone": _at(info, "PrimaryPhone", "FreeFormNumber"),
        "email": _at(info, "CustomerCommunicationEmailAddr", "Address") or _at(info, "Email", "Address"),
        "place": ", ".join(part for part in (str(address.get("City") or ""), region) if part),
        "address": "\n".join(_lines_of(address)),
        "country": str(info.get("Country") or address.get("Country") or "")[:2].upper(),
        "zone": _known_zone(str(info.get("DefaultTimeZone") or "")),
    }


def _lines_of(address: Mapping[str, Any]) -> list[str]:
    streets = [str(address.get(f"Line{number}") or "") for number in range(1, 6)]
    region = " ".join(
        part for part in (str(address.get(name) or "") for name in ("CountrySubDivisionCode", "PostalCode")) if part
    )
    town = ", ".join(part for part in (str(address.get("City") or ""), region) if part)
    return [line for line in (*streets, town) if line]


def _known_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key if name else ""
    except (KeyError, ValueError, OSError):
        return ""


def _at(fields: Any, *path: str) -> str:
    for name in path:
        fields = fields.get(name) if isinstance(fields, dict) else None
    return str(fields or "")
