"""The console: what arrived, what is stuck, what ties out, and what needs a person.

Views, queries and templates stand side by side. Laws: every query names the member's company; looking is for every
role, changing for bookkeepers, connections and settings for owners; a change is posted, never followed.
"""

from portal.staff import (
    address,
    brand,
    connections,
    contacts,
    customers,
    home,
    invoices,
    mailed,
    mailing,
    method_rates,
    needs,
    paying,
    payments,
    payouts,
    postings,
    profile,
    proposals,
    provider,
    search,
    short,
    sign_in,
    sync_log,
    talk,
    tie_out,
)
from portal.staff.gate import pages

__all__ = [
    "address",
    "brand",
    "connections",
    "contacts",
    "customers",
    "home",
    "invoices",
    "mailed",
    "mailing",
    "method_rates",
    "needs",
    "pages",
    "paying",
    "payments",
    "payouts",
    "postings",
    "profile",
    "proposals",
    "provider",
    "search",
    "short",
    "sign_in",
    "sync_log",
    "talk",
    "tie_out",
]
