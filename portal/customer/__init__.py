"""The payer's pages: the invoice, paying, the status, receipts, and the signed-in home.

Views, queries and templates stand side by side. Laws: every query takes the visitor's scope; nothing a page shows is
computed anew when QuickBooks has said it; live books are read when Pay is pressed, and only then.
"""

from portal.customer import (
    account,
    again,
    attachments,
    contact,
    deposit,
    doors,
    home,
    invoice,
    join,
    live,
    logo,
    methods,
    papers,
    passkey,
    password,
    pay,
    payments,
    preferences,
    provider,
    sign_in,
    statement,
    talk,
    team,
)
from portal.customer.doors import short
from portal.customer.gate import pages

__all__ = [
    "account",
    "again",
    "attachments",
    "contact",
    "deposit",
    "doors",
    "home",
    "invoice",
    "join",
    "live",
    "logo",
    "methods",
    "pages",
    "papers",
    "passkey",
    "password",
    "pay",
    "payments",
    "preferences",
    "provider",
    "short",
    "sign_in",
    "statement",
    "talk",
    "team",
]
