"""Which QuickBooks object plays which part: the clearing account, fees, bank, the vendor Stripe, the ways to pay.

Proposes from the company's own chart, and creates what QuickBooks lacks when a person asked for it. Laws: look before
creating, inactive ones included; the requestid is made from the company and the part, so that asking twice creates
once; a part that a person chose is never chosen again by us.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
from sqlmodel import Session, col, select

from connector.errors import Rejected, WrongInput
from connector.ledger.keys import request_id
from connector.qbo.gateway import QuickBooksGateway
from connector.qbo.language import all_of, quote
from connector.qbo.shapes import Document, RawObject
from connector.store.cache import AccountRow, ListingRow, RawRow
from connector.store.companies import CompanyRow, MappingRow
from sync import log
from sync.entities import BY_NAME
from sync.pulling import landing
from sync.runtime import Runtime

CLEARING, FEES, BANK, RECEIVABLE, VENDOR = "clearing", "fees", "bank", "receivable", "vendor"
METHOD_CARD, METHOD_BANK = "method_card", "method_bank"
ACCOUNT_ROLES = (CLEARING, FEES, BANK, RECEIVABLE)

_FEE_WORDS = ("stripe", "merchant", "processing", "card fee", "payment fee", "transaction fee")
_FEE_KINDS = ("Expense", "Other Expense", "Cost of Goods Sold")
_DUPLICATE_NAME = "6240"


@dataclass(frozen=True)
class Proposal:
    """Who is to play a part. Without `qbo_id` it is to be created, or where `fields` are empty, to be chosen."""

    role: str
    currency: str  # empty where the part is the same in every currency
    qbo_id: str
    name: str
    why: str
    entity: str = "Account"
    fields: Mapping[str, object] = field(default_factory=dict)
    other_names: tuple[str, ...] = ()  # where QuickBooks has given the name to something else


def propose(rt: Runtime, company_id: str, currency: str = "") -> list[Proposal]:
    """Return who should play each part that nobody plays yet, from the cache; `currency` is the home currency at first.

    Raises WrongInput when the company's QuickBooks keeps no accounts in that currency.
    """
    with rt.db.read() as session:
        home = session.get_one(CompanyRow, company_id).home_currency
        currency = currency or home
        if currency != home and not _keeps_currencies(session, company_id):
            raise WrongInput(f"QuickBooks keeps this company in {home} only, so there is no account for {currency}.")
        parts = [part(session, company_id, currency, home) for part in _PARTS]
        taken = {(row.role, row.currency) for row in mapped(session, company_id)}
    return [part for part in parts if (part.role, part.currency) not in taken]


def ensure_accounts(
    rt: Runtime, company_id: str, *, currency: str = "", chosen: Mapping[str, str] | None = None
) -> list[MappingRow]:
    """Give every part to somebody, create what is missing in QuickBooks, and return all parts.

    `chosen` are a person's choices, QuickBooks ids by role. A bank account is never created: without one the part
    stays open. Raises WrongInput with a sentence, GatewayError, NotConnected; asking again goes on where it stopped.
    """
    choices = dict(chosen or {})
    for proposal in propose(rt, company_id, currency):
        if proposal.role in choices:
            proposal = _as_chosen(rt, company_id, proposal, choices[proposal.role])
        elif not proposal.qbo_id and proposal.fields:
            proposal = _created(rt, company_id, proposal)
        if proposal.qbo_id:
            _keep(rt, company_id, proposal)
    with rt.db.read() as session:
        return mapped(session, company_id)


def choose(rt: Runtime, company_id: str, role: str, currency: str, account_id: str) -> MappingRow:
    """Let a person change who plays an account's part; what was posted before stays where it is."""
    proposal = _as_chosen(rt, company_id, Proposal(role, currency, "", "", "A person chose it."), account_id)
    with rt.db.write("mapping") as session:
        row = session.get(MappingRow, (company_id, role, currency)) or MappingRow(
            company_id=company_id, role=role, currency=currency, qbo_id=""
        )
        row.qbo_id, row.name = proposal.qbo_id, proposal.name
        session.add(row)
        _say(session, rt, company_id, f"{proposal.name} was chosen for {_WORDS[role]}.", proposal)
    return row


def mapped(session: Session, company_id: str) -> list[MappingRow]:
    """Return who plays which part."""
    mine = select(MappingRow).where(MappingRow.company_id == company_id)
    return list(session.exec(mine.order_by(col(MappingRow.role), col(MappingRow.currency))))


def _clearing(session: Session, company_id: str, currency: str, home: str) -> Proposal:
    name = "Stripe clearing" if currency == home else f"Stripe clearing {currency}"
    fields = {"Name": name, "AccountType": "Bank", "AccountSubType": "Checking"}
    if currency != home:
        fields |= {"CurrencyRef": {"value": currency}}  # type: ignore[dict-item]
    found = [row for row in _accounts(session, company_id, currency, ("Bank",)) if row.name == name]
    why = "Every movement at Stripe passes through it, so that its balance equals Stripe's."
    return _first(Proposal(CLEARING, currency, "", name, why, fields=fields), found)


def _fees(session: Session, company_id: str, currency: str, home: str) -> Proposal:
    rows = _accounts(session, company_id, home, _FEE_KINDS)  # expense accounts are always in the home currency
    found = [row for word in _FEE_WORDS for row in rows if word in row.name.lower()]
    fields = {"Name": "Merchant fees", "AccountType": "Expense", "AccountSubType": "BankCharges"}
    return _first(
        Proposal(FEES, currency, "", "Merchant fees", "Stripe's fees are booked to it.", fields=fields), found
    )


def _bank(session: Session, company_id: str, currency: str, home: str) -> Proposal:
    rows = _accounts(session, company_id, currency, ("Bank",))
    banks = [row for row in rows if not re.search("clearing|stripe", row.name, re.IGNORECASE)]
    found = sorted(banks, key=lambda row: row.detail != "Checking")  # a checking account before the others
    return _first(Proposal(BANK, currency, "", "", "Payouts arrive there."), found)


def _receivable(session: Session, company_id: str, currency: str, home: str) -> Proposal:
    found = _accounts(session, company_id, currency, ("Accounts Receivable",))
    return _first(Proposal(RECEIVABLE, currency, "", "", "Customers' payments are taken from it."), found)


def _vendor(session: Session, company_id: str, currency: str, home: str) -> Proposal:
    fields: dict[str, object] = {"DisplayName": "Stripe"}
    if currency != home:
        fields = {"DisplayName": f"Stripe {currency}", "CurrencyRef": {"value": currency}}
    name = str(fields["DisplayName"])
    proposal = Proposal(VENDOR, currency, "", name, "Fees are paid to it.", "Vendor", fields, ("Stripe Payments",))
    return _first(proposal, _listed(session, company_id, proposal))


def _method(role: str, name: str, kind: str) -> Callable[[Session, str, str, str], Proposal]:
    def propose_method(session: Session, company_id: str, currency: str, home: str) -> Proposal:
        fields = {"Name": name, "Type": kind}
        proposal = Proposal(role, "", "", name, "Payments show how they were paid.", "PaymentMethod", fields)
        return _first(proposal, _listed(session, company_id, proposal))

    return propose_method


_PARTS: tuple[Callable[[Session, str, str, str], Proposal], ...] = (
    _clearing,
    _fees,
    _bank,
    _receivable,
    _vendor,
    _method(METHOD_CARD, "Card (Stripe)", "CREDIT_CARD"),
    _method(METHOD_BANK, "Bank debit (Stripe)", "NON_CREDIT_CARD"),
)

_WORDS = {
    CLEARING: "the money at Stripe",
    FEES: "Stripe's fees",
    BANK: "payouts",
    RECEIVABLE: "what customers owe",
}


def _first(proposal: Proposal, found: Sequence[AccountRow | ListingRow]) -> Proposal:
    return replace(proposal, qbo_id=found[0].qbo_id, name=found[0].name) if found else proposal


def _accounts(session: Session, company_id: str, currency: str, kinds: Sequence[str]) -> list[AccountRow]:
    mine = select(AccountRow).where(
        AccountRow.company_id == company_id,
        AccountRow.currency == currency,
        col(AccountRow.kind).in_(kinds),
        col(AccountRow.active).is_(True),
        AccountRow.state == "live",
    )
    return sorted(session.exec(mine), key=lambda row: (len(row.qbo_id), row.qbo_id))  # the oldest first


def _listed(session: Session, company_id: str, proposal: Proposal) -> list[ListingRow]:
    mine = select(ListingRow).where(
        ListingRow.company_id == company_id,
        ListingRow.entity == proposal.entity,
        col(ListingRow.name).in_((proposal.name, *proposal.other_names)),
        col(ListingRow.active).is_(True),
        ListingRow.state == "live",
    )
    return sorted(session.exec(mine), key=lambda row: row.name != proposal.name)


def _keeps_currencies(session: Session, company_id: str) -> bool:
    mine = select(RawRow.body).where(RawRow.company_id == company_id, RawRow.entity == "Preferences")
    body = session.exec(mine).first()
    preferences = msgspec.json.decode(body) if body else {}
    return bool((preferences.get("CurrencyPrefs") or {}).get("MultiCurrencyEnabled"))


def _as_chosen(rt: Runtime, company_id: str, proposal: Proposal, qbo_id: str) -> Proposal:
    """Check a person's choice against the chart. Raises WrongInput."""
    if proposal.role not in ACCOUNT_ROLES:
        raise WrongInput("Only accounts are chosen; everything else is found by its name.")
    with rt.db.read() as session:
        row = session.get(AccountRow, (company_id, qbo_id))
    if row is None or row.state != "live" or not row.active:
        raise WrongInput("This account does not exist in QuickBooks, or it is inactive.")
    kinds = {CLEARING: ("Bank",), BANK: ("Bank",), FEES: _FEE_KINDS, RECEIVABLE: ("Accounts Receivable",)}
    if row.kind not in kinds[proposal.role]:
        raise WrongInput(f"{row.name} is an account of the type {row.kind} and cannot be used for this.")
    if proposal.role != FEES and row.currency != proposal.currency:
        raise WrongInput(f"{row.name} is kept in {row.currency}, not in {proposal.currency}.")
    return replace(proposal, qbo_id=row.qbo_id, name=row.name)


def _created(rt: Runtime, company_id: str, proposal: Proposal) -> Proposal:
    """Find what plays the part in QuickBooks or create it, and bring the cache up to it."""
    gateway = rt.gateways.quickbooks(company_id)
    key = "Name" if "Name" in proposal.fields else "DisplayName"
    for name in (proposal.name, *proposal.other_names):
        try:
            made = _found_or_made(gateway, company_id, proposal, {**proposal.fields, key: name}, key)
        except Rejected as error:
            if error.code == _DUPLICATE_NAME and name != (proposal.name, *proposal.other_names)[-1]:
                continue  # a customer or an employee has this name: all of them share one list
            raise WrongInput(f"QuickBooks did not create {name}: {error.message}") from None
        with rt.db.write("account_landed") as session:
            landing.land(session, rt, company_id, BY_NAME[proposal.entity], [made.body])
        return replace(proposal, qbo_id=made.qbo_id, name=name)
    raise AssertionError("a part has a name")


def _found_or_made(
    gateway: QuickBooksGateway, company_id: str, proposal: Proposal, fields: Mapping[str, object], key: str
) -> RawObject:
    name = str(fields[key])
    document = Document(proposal.entity, fields, all_of(proposal.entity, f"{key} = {quote(name)}"))
    for found in gateway.find(document).documents:
        _check_fits(found, fields, name)
        return found
    fact = f"{company_id}/{proposal.entity}/{name}"
    body = msgspec.json.encode(fields)
    return gateway.create(document, body=body, request_id=request_id(fact)).document


def _check_fits(found: RawObject, fields: Mapping[str, object], name: str) -> None:
    """Refuse something of the same name that cannot play the part. Raises WrongInput."""
    body = msgspec.json.decode(found.body)
    if body.get("Active") is False:
        raise WrongInput(f"{name} exists in QuickBooks but is inactive. Make it active there, then try again.")
    if "AccountType" in fields and body.get("AccountType") != fields["AccountType"]:
        raise WrongInput(f"{name} exists in QuickBooks as {body.get('AccountType')}. Rename it, or choose an account.")


def _keep(rt: Runtime, company_id: str, proposal: Proposal) -> None:
    with rt.db.write("mapping") as session:
        if session.get(MappingRow, (company_id, proposal.role, proposal.currency)) is None:
            session.add(
                MappingRow(
                    company_id=company_id,
                    role=proposal.role,
                    currency=proposal.currency,
                    qbo_id=proposal.qbo_id,
                    name=proposal.name,
                )
            )
            if proposal.role in _WORDS:
                _say(session, rt, company_id, f"{proposal.name} is used for {_WORDS[proposal.role]}.", proposal)


def _say(session: Session, rt: Runtime, company_id: str, sentence: str, proposal: Proposal) -> None:
    log.write(
        session,
        rt,
        company_id,
        kind="connect",
        state="recorded",
        sentence=sentence,
        entity=proposal.entity,
        qbo_id=proposal.qbo_id,
    )
