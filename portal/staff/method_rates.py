"""What ways to pay cost or save a payer: a surcharge on credit cards, a discount on bank accounts.

Laws: owners alone change it; nothing is asked or granted before an item of QuickBooks is chosen for it; a surcharge is
never above what card networks allow; each change is a line in the sync log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from connector.errors import WrongInput
from connector.ledger.by_method import MOST_BANK_DISCOUNT, MOST_SURCHARGE, percent_of
from connector.store.companies import CompanyRow, MappingRow
from connector.words import quantity
from portal.access.members import OWNER
from portal.here import runtime
from portal.staff.gate import member, needs_role, pages
from portal.staff.items import items_of
from sync import log
from sync.collect.by_method import SURCHARGE_ROLE, may_ask
from sync.collect.discounts import ITEM_ROLE

_NO_RIGHT = (
    "Your Stripe key may not read confirmation tokens, which say whether a card is a credit card. Give it that right "
    "in Stripe’s dashboard first. Nothing was changed."
)
_PERCENT = re.compile(r"[0-9]{1,2}(\.[0-9]{1,2})?")


@dataclass(frozen=True)
class MethodRates:
    """What the settings show: percents as typed, and the items by their QuickBooks ids."""

    surcharge: str
    surcharge_item: str
    bank: str
    bank_item: str

    @classmethod
    def read(cls, session: Session, company_id: str) -> MethodRates:
        """Read what a company has decided."""
        row = session.get_one(CompanyRow, company_id)
        chosen = {role: session.get(MappingRow, (company_id, role, "")) for role in (SURCHARGE_ROLE, ITEM_ROLE)}
        ids = {role: one.qbo_id if one else "" for role, one in chosen.items()}
        return cls(_shown(row.card_surcharge), ids[SURCHARGE_ROLE], _shown(row.bank_discount), ids[ITEM_ROLE])


@pages.post("/settings/paying/methods")
@needs_role(OWNER)
def save_method_rates() -> ResponseReturnValue:
    """Save what ways to pay cost, or say what is missing for it."""
    rt, company_id, form = runtime(), member().company.id, request.form
    try:
        surcharge = _rate(form.get("card_surcharge", ""), "A surcharge", MOST_SURCHARGE)
        off = _rate(form.get("bank_discount", ""), "A discount", MOST_BANK_DISCOUNT)
        if (surcharge or off) and not may_ask(rt, company_id):
            raise WrongInput(_NO_RIGHT)
        with rt.db.write("method_rates") as session:
            names = dict(items_of(session, company_id))
            _choose(session, company_id, SURCHARGE_ROLE, surcharge, form.get("surcharge_item", ""), names)
            _choose(session, company_id, ITEM_ROLE, off, form.get("bank_item", ""), names)
            row = session.get_one(CompanyRow, company_id)
            row.card_surcharge, row.bank_discount = surcharge, off
            sentence = f"{member().name} decided: {row.name} {_decided(surcharge, off)}"
            log.write(session, rt, company_id, kind="connect", state="noted", sentence=sentence)
        flash("Saved. Payers see it from the next page on.", "good")
    except WrongInput as error:
        flash(str(error), "bad")
    return redirect(url_for(".show_paying"))


def _rate(text: str, what: str, most: int) -> int:
    """Read a percent as hundredths of one. Raises WrongInput with a sentence."""
    plain = text.strip().removesuffix("%").strip() or "0"
    rate = int(Decimal(plain) * 100) if _PERCENT.fullmatch(plain) else most + 1
    if rate > most:
        limit = quantity(percent_of(most))
        raise WrongInput(f"{what} is a percent such as 2.75, and at most {limit}. Nothing was changed.")
    return rate


def _choose(session: Session, company_id: str, role: str, rate: int, item: str, names: Mapping[str, str]) -> None:
    """Keep the item of a rate. Raises WrongInput where the rate is on and none is chosen."""
    if item in names:
        session.merge(MappingRow(company_id=company_id, role=role, currency="", qbo_id=item, name=names[item]))
    elif rate:
        what = "surcharges" if role == SURCHARGE_ROLE else "discounts"
        raise WrongInput(f"Choose the item that {what} are booked on. Nothing was changed.")


def _decided(surcharge: int, off: int) -> str:
    asked = f"asks {_shown(surcharge)}% more of credit cards" if surcharge else "asks nothing more of credit cards"
    return f"{asked}, and takes {_shown(off)}% off for bank accounts" if off else asked


def _shown(rate: int) -> str:
    return quantity(percent_of(rate)) if rate else ""
