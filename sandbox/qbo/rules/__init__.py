"""The rules of the books, one small table: how each entity is made, emptied and followed up.

A rule sees the open unit, the body to become and the body that was; it changes the body or refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sandbox.qbo.codec import Body
from sandbox.qbo.plain import PLAIN
from sandbox.qbo.rules import automatic, currency, estimates, lists, moves, payments, sales
from sandbox.qbo.rules.plain import compose_plain, void_plain
from sandbox.qbo.unit import Unit

Compose = Callable[[Unit, Body, Body | None], None]

COMPOSE: dict[str, Compose] = {
    "Invoice": sales.compose_invoice,
    "CreditMemo": sales.compose_credit_memo,
    "Estimate": sales.compose_estimate,
    "SalesReceipt": sales.compose_sales_receipt,
    "RefundReceipt": sales.compose_refund_receipt,
    "Payment": payments.compose_payment,
    "Purchase": moves.compose_purchase,
    "Transfer": moves.compose_transfer,
    "JournalEntry": moves.compose_journal_entry,
    "Deposit": moves.compose_deposit,
    "Customer": lists.compose_customer,
    "Vendor": lists.compose_vendor,
    "Account": lists.compose_account,
    "Item": lists.compose_item,
    "Term": lists.compose_term,
    "PaymentMethod": lists.compose_payment_method,
    "CompanyCurrency": currency.compose_company_currency,
    "ExchangeRate": currency.compose_rate,
    "Attachable": lists.compose_attachable,
    "CompanyInfo": lists.compose_nothing,
    "Preferences": lists.compose_preferences,
    **{row.name: partial(compose_plain, row) for row in PLAIN},
}

VOID: dict[str, Callable[[Unit, Body], None]] = {
    "Invoice": sales.void_sale,
    "CreditMemo": sales.void_sale,
    "SalesReceipt": sales.void_sale,
    "RefundReceipt": sales.void_sale,
    "Payment": payments.void_payment,
    **{row.name: void_plain for row in PLAIN},
}

# What others feel when a document changes: payments move what they settle, deposits show on what they carry.
Follow = Callable[[Unit, Body | None, Body | None], None]
FOLLOW: dict[str, tuple[Follow, ...]] = {
    "Invoice": (estimates.convert, automatic.apply_credits, automatic.apply_payments),
    "CreditMemo": (automatic.apply_credits,),
    "Payment": (payments.apply, automatic.apply_payments),
    "Deposit": (moves.carry,),
}
