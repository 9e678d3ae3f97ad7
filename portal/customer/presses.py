"""A press of Pay as the browser sends it, read strictly into the value that `sync.collect` takes.

Takes the fields it knows and refuses a message with any other. Laws: what the payer may pay, and which credits
he may use, comes from the session, never from the message; the sum the page showed must be the sum of the shares less
the credits, or nothing is started. Where the message says the method, `sync.collect` adds what that costs and compares.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flask import abort
from sqlmodel import col

from connector.errors import WrongInput
from connector.ledger.credits import GRANTED
from connector.store.cache import CustomerRow, InvoiceRow
from connector.words import language, mark, say
from portal.access.limits import address
from portal.access.tokens import digest
from portal.access.visitors import Visitor
from portal.customer.credits import MOST_CREDITS, owners_of
from portal.customer.methods_offered import words_to_keep
from portal.here import runtime
from portal.picking import fetch, pick
from sync.collect.amounts import read_amount
from sync.collect.answers import MOST_INVOICES
from sync.collect.before import LARGEST_MINOR
from sync.collect.press import Press
from sync.reach import PAYERS

_FIELDS, _OPTIONAL = (
    {"shares", "form_nonce", "shown_minor", "email"},
    {"note", "last_known", "credits", "deposit", "method", "keep"},
)
_NOT_OURS = mark("This page and the server do not understand each other. Load the page again. Nothing was charged.")
LONGEST_EMAIL, LONGEST_NOTE = 254, 80
_REFERENCE = re.compile("[A-Za-z0-9_]{1,100}")


def read_press(message: object, who: Visitor, *, replaces: frozenset[str]) -> Press:
    """Return the press in a message. Raises WrongInput with a sentence; an invoice out of scope answers 404."""
    fields = _fields(message)
    if "deposit" in fields:
        return _deposit(fields, who, replaces)
    typed = _typed_shares(fields["shares"])
    found = _invoices(who, typed)
    if set(found) != set(typed):
        abort(404)
    currency = next(iter(found.values()))[1]
    shares = tuple((one, read_amount(text, currency).minor) for one, text in typed.items())
    uses = _uses(fields.get("credits", []))
    lenders = _lenders(who, [name for name, _ in uses])
    method, consent = _method(fields), _consent(fields, who)
    if not method and fields["shown_minor"] != sum(minor for _, minor in shares) - sum(minor for _, minor in uses):
        raise WrongInput(say(_NOT_OURS))
    return Press(
        company_id=who.company.id,
        customer_id=who.chosen_customer or found[shares[0][0]][0],
        shares=shares,
        currency=currency,
        form_nonce=_form_key(fields["form_nonce"], (*shares, *uses, *_kept(consent))),
        credits=uses,
        contact_id=who.contact_id,
        payer_email=who.email or _email(fields["email"]),
        allowed_invoices=frozenset(one for one in found if one in who.opened),
        allowed_customers=lenders
        | frozenset(customer for one, (customer, _) in found.items() if one not in who.opened),
        replaces=replaces,
        language=language(),
        on_last_known=fields.get("last_known") is True,
        note=_note(fields.get("note", "")),
        from_session=who.session_hash[:24],
        from_address=digest(address())[:24],
        shown_minor=fields["shown_minor"],
        method_token=method.get("token", ""),
        kept_method=method.get("kept", ""),
        keep_consent=consent,
        consent_from=address() if consent else "",
    )


def _deposit(fields: Mapping[str, Any], who: Visitor, replaces: frozenset[str]) -> Press:
    """Return the press of a payment on account. A customer for whom this visitor does not pay answers 404."""
    given = fields["deposit"]
    if fields["shares"] != [] or not isinstance(given, dict) or set(given) != {"customer", "amount"}:
        raise WrongInput(say(_NOT_OURS))
    customer_id, text = given["customer"], given["amount"]
    if not isinstance(customer_id, str) or not isinstance(text, str):
        raise WrongInput(say(_NOT_OURS))
    currency = dict(payable_customers(who)).get(customer_id)
    if currency is None:
        abort(404)
    minor = read_amount(text, currency).minor
    if minor <= 0:
        raise WrongInput(say("Enter an amount above zero."))
    method, consent = _method(fields), _consent(fields, who)
    if not method and fields["shown_minor"] != minor:
        raise WrongInput(say(_NOT_OURS))
    return Press(
        company_id=who.company.id,
        customer_id=customer_id,
        shares=(),
        deposit_minor=minor,
        currency=currency,
        form_nonce=_form_key(fields["form_nonce"], [(f"on account of {customer_id}", minor), *_kept(consent)]),
        contact_id=who.contact_id,
        payer_email=who.email,
        allowed_customers=frozenset({customer_id}),
        replaces=replaces,
        language=language(),
        note=_note(fields.get("note", "")),
        from_session=who.session_hash[:24],
        from_address=digest(address())[:24],
        shown_minor=fields["shown_minor"],
        method_token=method.get("token", ""),
        kept_method=method.get("kept", ""),
        keep_consent=consent,
        consent_from=address() if consent else "",
    )


def _method(fields: Mapping[str, Any]) -> dict[str, str]:
    """Read what the payer is about to pay with: a token or a kept method; empty where the page did not say it."""
    given = fields.get("method", {})
    if not isinstance(given, dict) or len(given) > 1 or not set(given) <= {"token", "kept"}:
        raise WrongInput(say(_NOT_OURS))
    if any(not isinstance(one, str) or not _REFERENCE.fullmatch(one) for one in given.values()):
        raise WrongInput(say(_NOT_OURS))
    return given


def _consent(fields: Mapping[str, Any], who: Visitor) -> str:
    """Return the words that the payer agreed to, so that the method is kept; empty where it is not."""
    if not isinstance(fields.get("keep", False), bool):
        raise WrongInput(say(_NOT_OURS))
    if not fields.get("keep"):
        return ""
    with runtime().db.read() as session:
        words = words_to_keep(session, who)
    if not words:
        raise WrongInput(say(_NOT_OURS))
    return words


def _kept(consent: str) -> list[tuple[str, int]]:
    """Return what keeping adds to a form's key: Stripe's form shows other terms then, so it is another payment."""
    return [("kept", 1)] if consent else []


def payable_customers(who: Visitor) -> list[tuple[str, str]]:
    """Return the customers for whom this visitor pays, with their currency; none for the holder of a link."""
    if not who.signed_in:
        return []
    found = pick(CustomerRow.qbo_id, CustomerRow.currency).where(
        col(CustomerRow.company_id) == who.company.id,
        col(CustomerRow.qbo_id).in_(who.customers(*PAYERS)),
        col(CustomerRow.active),
    )
    with runtime().db.read() as session:
        return [(qbo_id, currency) for qbo_id, currency in fetch(session, found.order_by(col(CustomerRow.name)))]


def _fields(message: object) -> Mapping[str, Any]:
    if not isinstance(message, dict) or set(message) - _OPTIONAL != _FIELDS:
        raise WrongInput(say(_NOT_OURS))
    nonce, shown = message["form_nonce"], message["shown_minor"]
    if not isinstance(nonce, str) or not 20 <= len(nonce) <= 100 or not isinstance(shown, int):
        raise WrongInput(say(_NOT_OURS))
    return message


def _typed_shares(shares: object) -> dict[str, str]:
    if not isinstance(shares, list) or not 0 < len(shares) <= MOST_INVOICES:
        raise WrongInput(say(_NOT_OURS))
    typed: dict[str, str] = {}
    for share in shares:
        if not isinstance(share, dict) or set(share) != {"invoice", "amount"}:
            raise WrongInput(say(_NOT_OURS))
        invoice_id, amount = share["invoice"], share["amount"]
        if not isinstance(invoice_id, str) or not isinstance(amount, str) or invoice_id in typed:
            raise WrongInput(say(_NOT_OURS))
        typed[invoice_id] = amount
    return typed


def _uses(uses: object) -> tuple[tuple[str, int], ...]:
    """Read which credits are used and how much of each, in minor units as the page showed them."""
    if not isinstance(uses, list) or len(uses) > MOST_CREDITS + MOST_INVOICES:
        raise WrongInput(say(_NOT_OURS))
    read: dict[str, int] = {}
    for use in uses:
        if not isinstance(use, dict) or set(use) != {"credit", "minor"}:
            raise WrongInput(say(_NOT_OURS))
        name, minor = use["credit"], use["minor"]
        is_amount = isinstance(minor, int) and not isinstance(minor, bool) and 0 < minor <= LARGEST_MINOR
        if not isinstance(name, str) or name in read or not is_amount:
            raise WrongInput(say(_NOT_OURS))
        read[name] = minor
    return tuple(sorted(read.items()))


def _lenders(who: Visitor, names: Collection[str]) -> frozenset[str]:
    """Return the customers whose credits are used. One that this visitor may not use answers 404.

    A discount belongs to its invoice: `sync.collect` grants it to whoever may pay that.
    """
    names = [name for name in names if not name.startswith(GRANTED)]
    if not names:
        return frozenset()
    customers = owners_of(who, names) if who.signed_in else {}
    if set(customers) != set(names):
        abort(404)
    return frozenset(customers.values())


def _invoices(who: Visitor, invoice_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return customer and currency of the invoices that this visitor may pay."""
    found = pick(InvoiceRow.qbo_id, InvoiceRow.customer_id, InvoiceRow.currency).where(
        who.may_pay_invoice(), col(InvoiceRow.qbo_id).in_(list(invoice_ids))
    )
    with runtime().db.read() as session:
        rows = fetch(session, found)
    return {qbo_id: (customer_id, currency) for qbo_id, customer_id, currency in rows}


def _email(text: object) -> str:
    if not isinstance(text, str):
        raise WrongInput(say(_NOT_OURS))
    address = text.strip()
    name, at, host = address.partition("@")
    if address and (not (name and at and "." in host) or len(address) > LONGEST_EMAIL or not address.isprintable()):
        raise WrongInput(say("That does not look like an e-mail address. Correct it, or leave it empty."))
    return address


def _note(text: object) -> str:
    """Read the payer's own note: one line, without what could not be printed."""
    if not isinstance(text, str):
        raise WrongInput(say(_NOT_OURS))
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())[:LONGEST_NOTE]


def _form_key(form_nonce: str, shares: Iterable[tuple[str, int]]) -> str:
    """Name the payment: the same form with the same amounts is the same payment, with other amounts another."""
    return digest(form_nonce + "".join(f"|{invoice_id}={minor}" for invoice_id, minor in sorted(shares)))
