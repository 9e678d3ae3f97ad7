"""What a worker does when the bell rings: one short function for each kind of work.

RQ names these functions in Redis, so their names are an interface between versions. Laws: at most three statements; an
argument is an id, and running one twice, late or in vain changes nothing.
"""

from __future__ import annotations

from datetime import timedelta

from jobs.boot import runtime
from jobs.mail.mailbox import read_reports
from jobs.mail.sending import send_mail
from jobs.reminding import remind
from sync.collect.look import expire, look_again, sweep_payments
from sync.collect.saved import follow_late
from sync.inbox import settle_inbox
from sync.pull import pull_company
from sync.push import push_company
from sync.pushing.waiting import name_late
from sync.retrying.trying import try_again
from sync.stripe_feed import follow
from sync.talk.escalating import escalate
from sync.tieout import prove as tie_out
from sync.wallets import offer_wallets

REVIEWED = timedelta(days=35)


def settle(inbox_id: str) -> None:
    """Work one accepted webhook off."""
    settle_inbox(runtime(), inbox_id)


def look(payment_id: str) -> None:
    """Look one payment up at Stripe."""
    look_again(runtime(), payment_id)


def payments(_: str) -> None:
    """Look up the payments that are due for it, and give up those that nobody finished."""
    sweep_payments(runtime())
    expire(runtime())


def retries(retry_id: str) -> None:
    """Try a payment again whose payer agreed to it, or follow its try."""
    try_again(runtime(), retry_id)


def push(company_id: str) -> None:
    """Send what a company owes QuickBooks."""
    push_company(runtime(), company_id)


def late(company_id: str) -> None:
    """Name the postings of a company that wait too long."""
    name_late(runtime(), company_id)


def talk(thread_id: str) -> None:
    """Name a question that waits too long for an answer."""
    escalate(runtime(), thread_id)


def reminders(company_id: str) -> None:
    """Owe the mails about invoices that a company's schedule wants now."""
    remind(runtime(), company_id)


def reports(_: str) -> None:
    """Read what mail servers report of mails that did not arrive."""
    read_reports(runtime())


def mail(mail_id: str) -> None:
    """Send a mail."""
    send_mail(runtime(), mail_id)


def pull(company_id: str) -> None:
    """Fetch what changed in a company's QuickBooks."""
    pull_company(runtime(), company_id)


def feed(company_id: str) -> None:
    """Fetch what moved on a company's Stripe account."""
    follow(runtime(), company_id)
    follow_late(runtime(), company_id)


def wallets(company_id: str) -> None:
    """Register the hosts of a company's pages at Stripe."""
    offer_wallets(runtime(), company_id)


def prove(company_id: str) -> None:
    """Tie a company out and keep the result."""
    tie_out(runtime(), company_id)


def review(company_id: str) -> None:
    """Read the last weeks again behind every cursor, then tie out with entries read from the books themselves."""
    follow(runtime(), company_id, back=REVIEWED)
    tie_out(runtime(), company_id, live=True)
    offer_wallets(runtime(), company_id)
