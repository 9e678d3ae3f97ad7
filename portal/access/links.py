"""Secret links: one invoice for whoever holds it, one sign-in for the browser that asked, one invitation.

Laws: only the hash is stored; opening a link never uses it up, so that mail scanners burn nothing; several links of an
invoice live at once and each can be revoked; a sign-in link works once, for ten minutes, in the browser that asked; an
invitation works once, for three days, and belongs to the browser that took it up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlmodel import Session, col, delete, select, update
from sqlmodel.sql.expression import SelectOfScalar

from connector.store.access import LinkRow
from connector.store.built import built
from connector.store.cache import InvoiceRow
from connector.store.companies import CompanyRow
from portal.access.tokens import digest, same
from sync import invoice_links
from sync.addresses import at_home
from sync.invoice_links import INVOICE, invoice_address

if TYPE_CHECKING:
    from sync.runtime import Runtime

SIGN_IN, STAFF_SIGN_IN, INVITE = "sign_in", "staff_sign_in", "invite"
PASSKEY, PROVIDER = "passkey", "provider"  # no addresses: a challenge that is answered, a state that comes back
PAID_LIFE = timedelta(days=90)  # how long a link still opens an invoice that is paid
SIGN_IN_LIFE = timedelta(minutes=10)
INVITE_LIFE = timedelta(days=3)
KEPT_AFTER = timedelta(days=7)  # how long a one-time link is remembered after its end
SHORT_LETTERS = 12  # of 32 each: 60 bits, tried at most so often from one address
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is taken for another
_MISREAD = str.maketrans("OIL", "011", " -")
CHALLENGE_LIFE = timedelta(minutes=5)
OWNER_LIFE = timedelta(hours=24)  # the link a person on the server prints for the first sign-in


def add_invoice_link(session: Session, rt: Runtime, company_id: str, invoice_id: str) -> str:
    """Write another link to an invoice and return its token; earlier ones stay alive."""
    token = rt.clock.new_token()
    invoice_links.keep(session, rt, token, company_id=company_id, invoice_id=invoice_id)
    return token


def add_sign_in_link(session: Session, rt: Runtime, *, company_id: str, contact_id: str, browser_hash: str) -> str:
    """Write a one-time sign-in link for a contact and return its token.

    The same browser's earlier one ends; another's does not, or anybody could end the links of an address he knows.
    """
    who = {"company_id": company_id, "contact_id": contact_id, "browser_hash": browser_hash}
    return _add_only(session, rt, SIGN_IN, SIGN_IN_LIFE, **who)


def add_staff_link(session: Session, rt: Runtime, *, staff_id: str, browser_hash: str = "") -> str:
    """Write a one-time staff sign-in link and return its token.

    Without a browser it is the link printed on the server: any browser may use it, within a day.
    """
    life = SIGN_IN_LIFE if browser_hash else OWNER_LIFE
    return _add_only(session, rt, STAFF_SIGN_IN, life, staff_id=staff_id, browser_hash=browser_hash)


def add_invite_link(session: Session, rt: Runtime, *, company_id: str, contact_id: str) -> str:
    """Write a one-time link with which an invited contact begins, and return its token; an earlier one ends."""
    return _add_only(session, rt, INVITE, INVITE_LIFE, company_id=company_id, contact_id=contact_id)


def add_short_link(session: Session, rt: Runtime, company_id: str, invoice_id: str) -> str:
    """Write a link to an invoice that can be typed, and return its code; it opens what any other link opens."""
    number = int.from_bytes(rt.clock.random_bytes(8), "big")
    code = "".join(_LETTERS[(number >> (5 * place)) & 31] for place in range(SHORT_LETTERS))
    invoice_links.keep(session, rt, code, company_id=company_id, invoice_id=invoice_id)
    return code


def read_code(typed: str) -> str:
    """Return a code as it was made, from one that was typed: without hyphens, with what is easily misread put right."""
    return typed.upper().translate(_MISREAD)


def in_groups(code: str) -> str:
    """Return a code as people read it: 4K7Q-2M9X-TR4B."""
    return "-".join(code[n : n + 4] for n in range(0, len(code), 4))


def short_address(rt: Runtime, code: str) -> str:
    """Return the full address of a short link."""
    return f"{rt.settings.public_url}/i/{in_groups(code)}"


def slug_of(session: Session, token: str) -> str:
    """Return the slug of the company whose invoice a token opens; empty where it opens none."""
    found = (
        select(CompanyRow.slug)
        .join(LinkRow, col(LinkRow.company_id) == CompanyRow.id)
        .where(LinkRow.token_hash == digest(token), LinkRow.purpose == INVOICE)
    )
    return session.exec(found).one_or_none() or ""


def add_challenge(session: Session, rt: Runtime, *, company_id: str, contact_id: str, browser_hash: str) -> str:
    """Write the challenge that a passkey will answer and return it; this browser's earlier one ends."""
    who = {"company_id": company_id, "contact_id": contact_id, "browser_hash": browser_hash}
    return _add_only(session, rt, PASSKEY, CHALLENGE_LIFE, **who)


def add_state(session: Session, rt: Runtime, *, company_id: str, browser_hash: str) -> str:
    """Write the state of a sign-in through a provider and return it; this browser's earlier one ends."""
    return _add_only(session, rt, PROVIDER, SIGN_IN_LIFE, company_id=company_id, browser_hash=browser_hash)


def sign_in_address(rt: Runtime, slug: str, token: str) -> str:
    """Return the full address of a payer's sign-in link."""
    return f"{rt.settings.public_url}/c/{slug}/sign-in/{token}"


def invite_address(rt: Runtime, slug: str, token: str) -> str:
    """Return the full address of an invitation."""
    return f"{rt.settings.public_url}/c/{slug}/join/{token}"


def staff_address(rt: Runtime, token: str) -> str:
    """Return the full address of a staff sign-in link."""
    return f"{rt.settings.public_url}/staff/sign-in/{token}"


def make_invoice_link(rt: Runtime, company_id: str, invoice_id: str) -> str | None:
    """Make a link to a company's invoice and return its address; None where there is no such invoice."""
    with rt.db.write("link.create") as session:
        found = session.exec(
            select(CompanyRow.slug, CompanyRow.host)
            .join(InvoiceRow, col(InvoiceRow.company_id) == CompanyRow.id)
            .where(InvoiceRow.company_id == company_id, InvoiceRow.qbo_id == invoice_id)
        ).first()
        token = add_invoice_link(session, rt, company_id, invoice_id) if found else ""
    if found is None:
        return None
    slug, host = found
    return at_home(rt.settings, host, invoice_address(rt, slug, token))


@dataclass(frozen=True)
class Opened:
    """A link that may be followed now."""

    token_hash: str
    company_id: str
    invoice_id: str
    contact_id: str
    staff_id: str
    browser_hash: str

    def asked_by(self, browser_hash: str) -> bool:
        """Tell whether this browser asked for the link; links printed on the server are nobody's."""
        return not self.browser_hash or same(self.browser_hash, browser_hash)


def find(session: Session, now: datetime, token: str, purpose: str, company_id: str = "") -> Opened | None:
    """Return a live link of a purpose and company; None for wrong, used, revoked, expired and others' alike."""
    hashed = digest(token)
    row = _live(session, hashed, purpose, company_id).first()
    if row is None or not same(row.token_hash, hashed) or (row.expires_at and row.expires_at <= now):
        return None
    return Opened(hashed, row.company_id, row.invoice_id, row.contact_id, row.staff_id, row.browser_hash)


@built
def _live(hashed: str, purpose: str, company_id: str) -> SelectOfScalar[LinkRow]:
    return select(LinkRow).where(
        LinkRow.token_hash == hashed,
        LinkRow.purpose == purpose,
        LinkRow.company_id == company_id,
        col(LinkRow.used_at).is_(None),
        col(LinkRow.revoked_at).is_(None),
    )


def use_up(session: Session, now: datetime, link: Opened) -> bool:
    """Use a one-time link; False when somebody was faster."""
    used = update(LinkRow).where(col(LinkRow.token_hash) == link.token_hash, col(LinkRow.used_at).is_(None))
    return session.exec(used.values(used_at=now)).rowcount == 1


def revoke(session: Session, now: datetime, company_id: str, token_hash: str) -> bool:
    """Revoke an invoice link of a company; False where there is none alive."""
    found = update(LinkRow).where(
        col(LinkRow.token_hash) == token_hash,
        col(LinkRow.company_id) == company_id,
        col(LinkRow.purpose) == INVOICE,
        col(LinkRow.revoked_at).is_(None),
    )
    return session.exec(found.values(revoked_at=now)).rowcount == 1


def _add(session: Session, rt: Runtime, purpose: str, life: timedelta, **whose: Any) -> str:
    token, now = rt.clock.new_token(), rt.clock.now()
    session.add(LinkRow(token_hash=digest(token), purpose=purpose, created_at=now, expires_at=now + life, **whose))
    return token


def _add_only(session: Session, rt: Runtime, purpose: str, life: timedelta, **whose: str) -> str:
    """Add a link and end the earlier ones of the same person and browser."""
    same_one = [col(getattr(LinkRow, name)) == value for name, value in whose.items()]
    alive = update(LinkRow).where(
        *same_one, col(LinkRow.purpose) == purpose, col(LinkRow.used_at).is_(None), col(LinkRow.revoked_at).is_(None)
    )
    session.exec(alive.values(revoked_at=rt.clock.now()))
    _forget_old(session, rt, purpose, whose.get("company_id", ""))
    return _add(session, rt, purpose, life, **whose)


def _forget_old(session: Session, rt: Runtime, purpose: str, company_id: str) -> None:
    """Forget one-time links that have been over for a while: nobody follows them, and there are many."""
    over = delete(LinkRow).where(
        col(LinkRow.company_id) == company_id,
        col(LinkRow.purpose) == purpose,
        col(LinkRow.expires_at) < rt.clock.now() - KEPT_AFTER,
    )
    session.exec(over)
