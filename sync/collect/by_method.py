"""What the payer's way to pay costs or saves: decided from the company's rates and Stripe's word on the method.

Knows no page. Laws: without its switch and its item there is none; none where an invoice has sales tax that nobody
decided about; no payment is written at another total than the payer was shown, so the first press that meets a cost is
refused with the new total.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from connector.errors import GatewayError, NotConnected, NotFound, Unauthorised
from connector.ledger.allocation import Share
from connector.ledger.by_method import Rates
from connector.ledger.credits import Use, bank_discount_name, money_by_customer
from connector.ledger.money import Money
from connector.store.built import built
from connector.store.companies import CompanyRow
from connector.store.methods import SavedMethodRow
from connector.store.prepared import Prepared
from connector.stripe.facts import Method
from sync.collect import answers
from sync.collect.discounts import ITEM_ROLE, has_item, taxed_among
from sync.collect.press import Press, Refused
from sync.runtime import Runtime

SURCHARGE_ROLE = "surcharge"
_ASKED = Prepared(
    pick(
        *(col(CompanyRow.home_currency), col(CompanyRow.card_surcharge)),
        *(col(CompanyRow.bank_discount), col(CompanyRow.discount_taxed)),
    ).where(col(CompanyRow.id) == bindparam("company"))
)


def rates_on(session: Session, company_id: str, invoice_ids: Sequence[str], currency: str) -> Rates:
    """Return what a company asks and grants by method for a payment of invoices, or on account where there are none."""
    home, surcharge, discount, is_for_taxed = _ASKED.first(session, company=company_id)
    if currency != home or not (surcharge or discount):
        return Rates()
    has_tax = bool(taxed_among(session, company_id, invoice_ids))
    return Rates(
        surcharge=0 if has_tax or not has_item(session, company_id, SURCHARGE_ROLE) else surcharge,
        bank_discount=0
        if not invoice_ids or (has_tax and not is_for_taxed) or not has_item(session, company_id, ITEM_ROLE)
        else discount,
    )


def may_ask(rt: Runtime, company_id: str) -> bool:
    """Tell whether the company's key may ask Stripe what a payer holds ready; only a plain no counts as one."""
    try:
        rt.gateways.stripe(company_id).chosen("ctoken_of_nobody")
    except Unauthorised:
        return False
    except (GatewayError, NotConnected):
        return True
    return True


def method_of(rt: Runtime, company: CompanyRow, press: Press) -> Method | Refused | None:
    """Ask Stripe what the payer is about to pay with; None where no cost hangs on it, or the page did not say it."""
    with rt.db.read() as session:
        rates = rates_on(session, company.id, [one for one, _ in press.shares], press.currency)
        is_own = not press.kept_method or _is_kept(session, press)
    if not (rates.surcharge or rates.bank_discount) or press.money_minor <= 0:
        return None
    if not is_own:
        return answers.plain("other_form")
    try:
        gateway = rt.gateways.stripe(company.id)
        if press.kept_method:
            return gateway.method(press.kept_method)
        return gateway.chosen(press.method_token) if press.method_token else None
    except NotFound:
        return answers.plain("other_form")
    except (NotConnected, Unauthorised):
        return answers.of_company("not_connected", company)
    except GatewayError:
        return answers.plain("stripe_out_of_reach")


def with_method(press: Press, method: Method | None) -> Press:
    """Return a press whose form's key names the method as far as a cost hangs on it: another one is another payment."""
    if method is None:
        return press
    return replace(press, form_nonce=f"{press.form_nonce}/{method.kind}/{method.funding}")


def priced(
    session: Session, press: Press, shares: Sequence[Share], uses: Sequence[Use], method: Method | None
) -> Press | Refused:
    """Return a press with what its method costs and saves, or the refusal that tells the payer the total of it."""
    rates = rates_on(session, press.company_id, [one for one, _ in press.shares], press.currency)
    if method is None and (rates.surcharge or rates.bank_discount) and press.money_minor > 0:
        return answers.plain("other_form")  # a page from before the rates
    if method is not None:
        off = rates.discounts_on(money_by_customer(shares, uses), kind=method.kind)
        named = tuple((bank_discount_name(customer), minor) for customer, minor in sorted(off.items()))
        money = Money(press.money_minor - sum(off.values()), press.currency)
        cost = rates.surcharge_on(money, kind=method.kind, funding=method.funding)
        rate = rates.surcharge if cost else 0
        press = replace(press, credits=(*press.credits, *named), surcharge_minor=cost.minor, surcharge_rate=rate)
    if press.shown_minor in (None, press.money_minor):
        return press
    return answers.of_method(press) if method is not None else answers.plain("other_form")


def _is_kept(session: Session, press: Press) -> bool:
    mine = (press.company_id, press.contact_id, press.kept_method)
    return bool(press.contact_id) and _ready(session, *mine).first() is not None


@built
def _ready(company_id: str, contact_id: str, method_ref: str) -> SelectOfScalar[str]:
    return select(SavedMethodRow.id).where(
        SavedMethodRow.company_id == company_id,
        SavedMethodRow.contact_id == contact_id,
        SavedMethodRow.method_ref == method_ref,
        SavedMethodRow.state == "ready",
    )
