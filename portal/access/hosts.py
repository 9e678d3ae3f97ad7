"""Hosts of companies' own: which one a company asked for, which one is in use, and whose a host is.

A host that was asked for is used in mails once the owner's browser has reached us by it, so that a typing error or a
missing DNS record breaks no link. Laws: a host belongs to one company; none is the installation's own, or another's by
its slug; a Host header alone, which anybody can write, takes nothing into use.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re

from sqlalchemy import bindparam
from sqlmodel import Session, col, or_, select, update

from connector.errors import WrongInput
from connector.settings import Settings
from connector.store.companies import CompanyRow
from connector.store.prepared import Prepared
from portal.access.tokens import same
from portal.picking import pick
from sync import log
from sync.addresses import home_of
from sync.runtime import Runtime

LONGEST = 253
REACHED = "reached"  # what the proof is called in the address that is to be opened
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")


def read_host(session: Session, settings: Settings, company: CompanyRow, typed: str) -> str | None:
    """Return a host as it is stored; None for nothing typed. Raises WrongInput with a sentence.

    One word alone is a name under PORTAL_DOMAIN, where that is set.
    """
    name = typed.strip().lower().rstrip(".")
    if not name:
        return None
    if settings.portal_domain and "." not in name:
        name = f"{name}.{settings.portal_domain}"
    name = _plain(name)
    if name in settings.hosts or name == settings.portal_domain:
        raise WrongInput("That address is the installation’s own. Choose another one.")
    others = select(CompanyRow.slug, CompanyRow.host, CompanyRow.host_wanted).where(CompanyRow.id != company.id)
    taken = {word for row in session.exec(others) for word in row[1:] if word}
    if settings.portal_domain:  # the name that another company would choose first
        taken |= {f"{slug}.{settings.portal_domain}" for slug, *_ in session.exec(others)}
    if name in taken:
        raise WrongInput("That address belongs to another company here.")
    return name


def _plain(name: str) -> str:
    """Return a host name in its letters for DNS. Raises WrongInput."""
    try:
        plain = name.encode("idna").decode()
    except UnicodeError:
        plain = ""
    if not _HOST.fullmatch(plain) or len(plain) > LONGEST or _is_number(plain):
        raise WrongInput("Write the address like pay.example.com: without https:// and without anything behind it.")
    return plain


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def choose_host(session: Session, rt: Runtime, company: CompanyRow, host: str | None, by: str) -> bool:
    """Ask for a host, or go back to the installation's address; the present one stays until the new one is reached.

    Returns whether that changes anything.
    """
    if host is None:
        changed = bool(company.host or company.host_wanted)
        company.host = company.host_wanted = None
        sentence = f"{by} took the pages back to the address of the installation"
    else:
        wanted = None if host == company.host else host
        changed, company.host_wanted = wanted != company.host_wanted, wanted
        sentence = f"{by} asked for the pages to stand at {host}"
    if changed:
        log.write(session, rt, company.id, kind="connect", state="noted", sentence=sentence)
    return changed


def opening_address(settings: Settings, company: CompanyRow) -> str:
    """Return the address that takes the host which a company asked for into use when a browser opens it."""
    proof = _proof(settings, company.id, company.host_wanted or "")
    return f"{home_of(settings, company.host_wanted)}/c/{company.slug}/?{REACHED}={proof}"


def _proof(settings: Settings, company_id: str, host: str) -> str:
    """Return what only we can write: whoever sends it was given the address by us."""
    secret = settings.secret_key.get_secret_value().encode()
    return hmac.new(secret, f"host/{company_id}/{host}".encode(), hashlib.sha256).hexdigest()[:32]


def slug_at(rt: Runtime, host: str, proof: str) -> str:
    """Return the slug of the company whose host this is; with the proof take a host into use that was asked for.

    Empty where no company has it.
    """
    with rt.db.asking() as reader:
        row = _AT_HOST.first(reader, host=host)
    if row is None:
        return ""
    company_id, slug, in_use = row
    if in_use != host and same(proof, _proof(rt.settings, company_id, host)):
        _take_into_use(rt, company_id, host)
    return str(slug)


_AT_HOST = Prepared(
    pick(CompanyRow.id, CompanyRow.slug, CompanyRow.host).where(
        or_(col(CompanyRow.host) == bindparam("host"), col(CompanyRow.host_wanted) == bindparam("host"))
    )
)


def _take_into_use(rt: Runtime, company_id: str, host: str) -> None:
    with rt.db.write("host.reached") as session:
        wanted = update(CompanyRow).where(col(CompanyRow.id) == company_id, col(CompanyRow.host_wanted) == host)
        if session.exec(wanted.values(host=host, host_wanted=None)).rowcount == 1:
            sentence = f"The pages were reached at {host}: links to payers begin with it from now on"
            log.write(session, rt, company_id, kind="connect", state="noted", sentence=sentence)
    rt.bell.ring("wallets", company_id)
