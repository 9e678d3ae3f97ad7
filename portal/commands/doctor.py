"""`tieout doctor`: looks at everything an installation needs, and says for each what it found and what to do.

Changes nothing. Law: a check that fails never hides the next; a secret is never shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import click
from sqlmodel import func, select

from connector import words
from connector.errors import GatewayError, TieoutError
from connector.store.companies import CompanyRow, ConnectionRow
from connector.store.outbox import InboxRow
from connector.stripe.facts import AccountFacts
from portal.commands.shared import NOT_RIGHT, answer, companies, json_option, runtime, told
from sync.runtime import Runtime


@dataclass(frozen=True)
class Finding:
    """What one check found; `state` is ok, note or wrong."""

    what: str
    state: str
    said: str
    next_step: str = ""

    def line(self) -> str:
        """Return it as a line for a person."""
        mark = {"ok": "✓", "note": "·", "wrong": "✗"}[self.state]
        return f"{mark} {self.what}: {self.said}" + (f" {self.next_step}" if self.next_step else "")


@click.command()
@json_option
@told
def doctor(as_json: bool) -> None:
    """Check this installation and say what is missing. Exits 1 when something is wrong."""
    rt = runtime()
    findings = list(_examine(rt))
    answer([asdict(one) for one in findings], as_json=as_json, sentence="\n".join(one.line() for one in findings))
    if any(one.state == "wrong" for one in findings):
        raise SystemExit(NOT_RIGHT)


def _examine(rt: Runtime) -> Iterator[Finding]:
    yield Finding("Settings", "ok", f"{rt.settings.tieout_mode} mode, people come to {rt.settings.public_url}.")
    schema = _schema(rt)
    yield schema
    yield _redis(rt)
    yield _mail(rt)
    if schema.state != "ok":
        return
    if rt.settings.is_platform:
        yield _platform(rt)
    rows = companies(rt)
    if not rows:
        yield Finding("Companies", "note", "there is none yet.", "tieout company add SLUG NAME")
    for company in rows:
        if company.host_wanted:
            yield _address(rt, company)
        for check in (_quickbooks, _stripe, _accounts):
            yield _safely(check, rt, company)


def _safely(check: Callable[[Runtime, CompanyRow], Finding], rt: Runtime, company: CompanyRow) -> Finding:
    what = f"{company.name}, {check.__name__.strip('_')}"
    try:
        return check(rt, company)
    except TieoutError as error:
        return Finding(what, "wrong", f"{error}.")


def _schema(rt: Runtime) -> Finding:
    from sqlalchemy.exc import SQLAlchemyError

    from connector.store.migrations import newest, standing

    try:
        with rt.db.engine.connect() as connection:
            at = standing(connection)
    except SQLAlchemyError as error:
        return Finding("Database", "wrong", f"does not answer ({type(error).__name__}).", "Look at DATABASE_URL.")
    if at != newest():
        return Finding("Database", "wrong", f"its schema is at {at}, this version needs {newest()}.", "tieout migrate")
    return Finding("Database", "ok", f"{rt.db.url.get_backend_name()}, schema {at}.")


def _redis(rt: Runtime) -> Finding:
    from redis.exceptions import RedisError

    from jobs.queue import redis_of

    try:
        redis_of(rt.settings.redis_url).ping()
    except (RedisError, OSError):
        return Finding("Redis", "note", "does not answer; everything still happens, a few seconds later.")
    return Finding("Redis", "ok", "the bell rings.")


def _mail(rt: Runtime) -> Finding:
    from jobs.mail.smtp import post_office

    url = rt.settings.smtp_url.get_secret_value()
    if not url:
        return Finding("Mail", "note", "no SMTP_URL, so mails wait.", "Set it and they leave.")
    try:
        office = post_office(url)
    except TieoutError as error:
        return Finding("Mail", "wrong", f"{error}.")
    return Finding("Mail", "ok", f"mails leave by {office.host}:{office.port} as {rt.settings.mail_from}.")


def _address(rt: Runtime, company: CompanyRow) -> Finding:
    """Say that a host was asked for and that nobody has come by it yet."""
    from portal.access.hosts import opening_address

    url = opening_address(rt.settings, company)
    said = f"nobody has come by {company.host_wanted} yet, so links do not begin with it."
    return Finding(
        f"{company.name}, address", "note", said, f"Look at DNS, certificate and proxy, and open {url} once."
    )


def _quickbooks(rt: Runtime, company: CompanyRow) -> Finding:
    what = f"{company.name}, QuickBooks"
    row = _connection(rt, company, "quickbooks")
    if row is None or row.state != "connected":
        return Finding(what, "wrong", "not connected.", "tieout connect quickbooks")
    info = rt.gateways.quickbooks(company.id).company_info()
    return Finding(what, "ok", f"realm {row.account} answers (version {info.sync_token} of its company data).")


def _stripe(rt: Runtime, company: CompanyRow) -> Finding:
    what = f"{company.name}, Stripe"
    row = _connection(rt, company, "stripe")
    if row is None or row.state != "connected":
        said = (row and row.last_error) or "not connected."
        return Finding(what, "wrong", said, "tieout connect stripe")
    how = "by consent" if row.through_platform else "with its own key"
    if row.through_platform and not rt.settings.is_platform:
        return Finding(what, "wrong", "connected by consent, and there is no platform.", "Set STRIPE_PLATFORM_KEY.")
    facts = rt.gateways.stripe(company.id).account()
    said = f"account {facts.account} answers {how}, {_mode(facts)} mode."
    if not facts.may_charge:
        return Finding(what, "wrong", f"{said} It may take no payments yet.", "Its dashboard says what is missing.")
    return Finding(what, "ok", said)


def _platform(rt: Runtime) -> Finding:
    """Ask the platform's own account, and count what came for accounts that no company here has."""
    from jobs.gateways import account_of_key

    what = "Stripe Connect"
    try:
        facts = account_of_key(rt.settings, rt.clock, rt.settings.stripe_platform_key.get_secret_value())
    except GatewayError as error:
        return Finding(what, "wrong", f"{error}.", "Look at STRIPE_PLATFORM_KEY.")
    with rt.db.read() as session:
        strangers = InboxRow.provider == "stripe", InboxRow.state == "unmatched"
        number = session.exec(select(func.count()).select_from(InboxRow).where(*strangers)).one()
    said = f"platform {facts.account} answers, {_mode(facts)} mode."
    more = f" {words.count(number, 'event')} came for accounts that no company here has." if number else ""
    return Finding(what, "ok", said + more)


def _mode(facts: AccountFacts) -> str:
    return "live" if facts.livemode else "test"


def _accounts(rt: Runtime, company: CompanyRow) -> Finding:
    from sync.accounts import propose

    what = f"{company.name}, accounts"
    missing = [part.role for part in propose(rt, company.id)]
    if missing:
        return Finding(what, "wrong", f"nobody plays {', '.join(missing)}.", "tieout accounts --create")
    return Finding(what, "ok", "every part has an account.")


def _connection(rt: Runtime, company: CompanyRow, which: str) -> ConnectionRow | None:
    with rt.db.read() as session:
        return session.get(ConnectionRow, (company.id, which))
