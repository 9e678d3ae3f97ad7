"""What each kind of mail says: a mail's row in, a letter's values out, ready for the templates.

Knows no SMTP and no HTML. Law: a letter holds what its page would say, in the same words, and nothing of anybody but
the one whom the fact concerns.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, select

from connector import words
from connector.clock import day_in
from connector.errors import TieoutError
from connector.ledger.money import Money
from connector.store.cache import InvoiceRow
from connector.store.companies import CompanyRow
from connector.store.money import PaymentRow
from connector.store.outbox import CONTEXT_COLUMN, MailRow
from connector.store.prepared import Prepared
from jobs.mail.asking import OFF, read_asking, read_pdf, words_of
from jobs.mail.keeping import read_keeping
from jobs.mail.retrying import read_retrying
from jobs.mail.talking import Talk, read_talk
from jobs.mail.verifying import read_verifying
from jobs.papers.receipt import file_name, print_receipt
from jobs.receipts import ReceiptLine, company_row, read_receipt, receipt_lines
from sync.addresses import at_home, home_of
from sync.collect.method_mails import MAIL as METHOD
from sync.notices import DATA_DECIDED, TO_STAFF
from sync.reminding.plan import INVOICE_NEW, REMINDER
from sync.retrying.agreeing import offer_of
from sync.retrying.telling import MAIL as RETRY
from sync.runtime import Runtime
from sync.settle import payment_of
from sync.verifying import ASKS, OVER

WHERE_ASKED = ("sign_in",)  # links that work in the browser that asked alone, and so at the host where it asked
US = "Tieout"  # who writes to staff, who may belong to several companies


class NoLetter(TieoutError):
    """The row asks for a letter that cannot be written; the message says why."""


@dataclass(frozen=True)
class Letter:
    """A mail before it is an envelope: `kind` names its two templates, `values` fill them."""

    kind: str
    subject: str
    values: dict[str, Any]
    company: CompanyRow | None
    paper_name: str = ""
    paper: bytes = b""
    locale: str = words.LOCALE
    off_url: str = ""  # where one press ends mails like this one (RFC 8058)

    @property
    def sender(self) -> str:
        """Return the name that stands before the sender's address."""
        return (self.company.sender_name or self.company.name) if self.company else US


def write_letter(session: Session, rt: Runtime, mail: MailRow) -> Letter:
    """Write the letter of a mail's row. Raises NoLetter or NoReceipt when its rows do not allow it."""
    writer = _WRITERS.get(mail.kind)
    if writer is None:
        raise NoLetter(f"there are no words for a mail of kind {mail.kind!r}")
    company = company_row(session, mail.company_id).one_or_none()
    if company is None and mail.kind != "staff_sign_in":
        raise NoLetter(f"company {mail.company_id!r} of this mail does not exist")
    desk = _Desk(session, rt, mail, company)
    locale = words.LOCALES.get(desk.language(), words.LOCALE)
    with words.speaking(locale):
        letter = writer(desk)
    return replace(letter, locale=locale, values={"company": company, "us": US, **letter.values})


_LANGUAGE = Prepared(
    select(PaymentRow.language).where(
        PaymentRow.company_id == bindparam("company"), PaymentRow.id == bindparam("payment")
    )
)


@dataclass(frozen=True)
class _Desk:
    """What a writer has before it."""

    session: Session
    rt: Runtime
    mail: MailRow
    company_or_none: CompanyRow | None

    @property
    def company(self) -> CompanyRow:
        assert self.company_or_none is not None
        return self.company_or_none

    def context(self) -> dict[str, str]:
        cipher = self.mail.context_cipher
        plain = self.rt.vault.open(cipher, company_id=self.mail.company_id, column=CONTEXT_COLUMN)
        return dict(json.loads(plain or b"{}"))

    def language(self) -> str:
        """Return what the person reads who was there when this was owed, else what the company speaks unasked.

        Staff read English, also about a payment of somebody who does not.
        """
        if self.mail.kind in FOR_STAFF:
            return ""
        return self._read_by_person() or (self.company_or_none.language if self.company_or_none else "")

    def _read_by_person(self) -> str:
        if not self.mail.payment_id:
            return self.context().get("language", "")
        found = _LANGUAGE.first(self.session, company=self.mail.company_id, payment=self.mail.payment_id)
        return found[0] if found else ""

    def url(self) -> str:
        url, host = self.context().get("url", ""), self.company_or_none.host if self.company_or_none else None
        homes = (home_of(self.rt.settings, None), home_of(self.rt.settings, host))
        if not url.startswith(tuple(f"{home}/" for home in homes)):
            raise NoLetter("a letter links to our own pages only")
        return url if self.mail.kind in WHERE_ASKED else self.at_home(url)

    def at_home(self, url: str) -> str:
        """Return an address of a payer's page as the company hands it out."""
        return at_home(self.rt.settings, self.company.host, url) if self.company_or_none else url

    def payment(self) -> PaymentRow:
        found = payment_of(self.session, self.mail.company_id, self.mail.payment_id).one_or_none()
        if found is None:
            raise NoLetter(f"payment {self.mail.payment_id!r} of this mail does not exist")
        return found

    def payment_url(self) -> str:
        return self.at_home(f"{self.rt.settings.public_url}/c/{self.company.slug}/p/{self.mail.payment_id}")


def _receipt(desk: _Desk) -> Letter:
    receipt = read_receipt(desk.session, desk.mail.company_id, desk.mail.payment_id)
    amount = words.money_text(receipt.paid)
    values = {
        "receipt": receipt,
        "amount": amount,
        "total": words.figure(receipt.amount),
        "currency": words.currency_name(receipt.amount.currency),
        "lines": _figures(receipt.lines),
        "url": desk.payment_url(),
    }
    subject = words.say(
        "{document}: {amount} to {company}", document=receipt.title, amount=amount, company=desk.company.name
    )
    return Letter("receipt", subject, values, desk.company, file_name(receipt), print_receipt(receipt))


def _debit_started(desk: _Desk) -> Letter:
    return _debit(desk, "debit_started", words.mark("Your bank debit of {amount} to {company} is on its way"))


def _debit_failed(desk: _Desk) -> Letter:
    letter = _debit(desk, "debit_failed", words.mark("Your bank debit of {amount} to {company} did not go through"))
    payment = desk.payment()
    offer = offer_of(desk.session, desk.rt, payment.company_id, payment.contact_id, payment.id)
    return replace(letter, values={**letter.values, "may_try_again": offer is not None})


def _debit(desk: _Desk, kind: str, subject: str) -> Letter:
    payment = desk.payment()
    total = Money(payment.amount_minor, payment.currency)
    amount = words.money_text(total)
    started = payment.processing_at or payment.created_at
    values = {
        "amount": amount,
        "total": words.figure(total),
        "currency": words.currency_name(payment.currency),
        "lines": _figures(receipt_lines(desk.session, payment)),
        "method": payment.method_label or words.say("your bank account"),
        "started_on": words.day_text(day_in(desk.company.zone, started), weekday=True),
        "reason": words.known(payment.error_text),
        "url": desk.payment_url(),
    }
    return Letter(kind, words.say(subject, amount=amount, company=desk.company.name), values, desk.company)


def _verify(desk: _Desk) -> Letter:
    context = desk.context()
    asking = read_verifying(desk.session, desk.mail, context.get("subject", ""), desk.company, desk.rt.clock.now())
    values = {**asking.values, "url": desk.url()}
    return Letter(desk.mail.kind, asking.subject(again=bool(context.get("again"))), values, desk.company)


def _retry(desk: _Desk) -> Letter:
    payment = desk.payment()
    amount = words.money_text(Money(payment.amount_minor, payment.currency))
    told = read_retrying(desk.context(), amount, desk.company.name)
    return Letter("retry", told.subject, {"told": told, "amount": amount, "url": desk.url()}, desk.company)


def _method_changed(desk: _Desk) -> Letter:
    told = read_keeping(desk.context(), desk.company.name)
    return Letter(METHOD, told.subject, {"told": told, "url": desk.url()}, desk.company)


def _sign_in(desk: _Desk) -> Letter:
    values = {"url": desk.url(), "place": desk.company.name}
    return Letter("sign_in", words.say("Sign in to {place}", place=desk.company.name), values, desk.company)


def _staff_sign_in(desk: _Desk) -> Letter:
    values = {"url": desk.url(), "place": US}
    return Letter("sign_in", words.say("Sign in to {place}", place=US), values, None)


def _invite(desk: _Desk) -> Letter:
    context = desk.context()
    values = {"url": desk.url(), "customer": context.get("customer", ""), "by": context.get("by", "")}
    values["whose"] = words.possessive(desk.company.name)
    return Letter("invite", words.say("Your account at {company}", company=desk.company.name), values, desk.company)


# What changed about how somebody signs in, in the words of the mail that tells him.
CHANGES = {
    "password": words.mark("Your password was changed"),
    "passkey_added": words.mark("A passkey was added"),
    "passkey_removed": words.mark("A passkey was removed"),
}


def _access_changed(desk: _Desk) -> Letter:
    what = CHANGES.get(desk.context().get("what", ""))
    if what is None:
        raise NoLetter("nobody knows what changed")
    values = {"url": desk.url(), "what": words.known(what), "company": desk.company}
    return Letter("access_changed", f"{words.known(what)}, {desk.company.name}", values, desk.company)


def _new_address(desk: _Desk) -> Letter:
    context = desk.context()
    values = {"url": desk.url(), "address": context["address"], "customer": context["customer"]}
    values["whose"] = words.possessive(desk.company.name)
    subject = words.say("A new address for {customer}: is it yours?", customer=context["customer"])
    return Letter("new_address", subject, values, desk.company)


def _invoice_link(desk: _Desk) -> Letter:
    invoice = desk.session.exec(
        select(InvoiceRow).where(
            InvoiceRow.company_id == desk.mail.company_id, InvoiceRow.qbo_id == desk.context().get("invoice_id", "")
        )
    ).one_or_none()
    if invoice is None:
        raise NoLetter("the invoice of this mail does not exist")
    amount = words.money_text(Money(invoice.balance_minor, invoice.currency))
    due = words.due_text(invoice.due_day, desk.rt.clock.today(desk.company.zone))
    values = {"url": desk.url(), "number": invoice.number, "amount": amount, "due": due}
    subject = words.say(
        "Invoice {number} from {company}: {amount}", number=invoice.number, company=desk.company.name, amount=amount
    )
    return Letter("invoice_link", subject, values, desk.company)


def _bill(desk: _Desk) -> Letter:
    context, today, url = desk.context(), desk.rt.clock.today(desk.company.zone), desk.url()
    asking = read_asking(desk.session, desk.rt, desk.company, desk.mail, by_hand=bool(context.get("by_hand")))
    paper = read_pdf(desk.rt, desk.company.id, asking, desk.mail.attempts)
    subject, values = words_of(asking, desk.company.name, today, is_new=desk.mail.kind == INVOICE_NEW)
    preferences = desk.at_home(context["preferences"])
    values |= {"url": url, "preferences": preferences}
    letter = Letter("bill", subject, values, desk.company, f"{asking.number}.pdf" if paper else "", paper)
    return replace(letter, off_url=f"{preferences}/off/{OFF[desk.mail.kind]}")


def _talk_staff(desk: _Desk) -> Letter:
    talk = _talk(desk)
    return Letter("talk_staff", f"{talk.what}: {talk.customer}", {"talk": talk, "url": desk.url()}, desk.company)


def _talk_late(desk: _Desk) -> Letter:
    talk = _talk(desk)
    subject = f"Past due: {talk.what}, {talk.customer}"
    return Letter("talk_late", subject, {"talk": talk, "url": desk.url()}, desk.company)


def _talk_answer(desk: _Desk) -> Letter:
    talk = _talk(desk)
    subject = words.say("{company} answered about invoice {number}", company=desk.company.name, number=talk.number)
    return Letter("talk_answer", subject, {"talk": talk, "url": desk.url()}, desk.company)


def _talk(desk: _Desk) -> Talk:
    context = desk.context()
    found = read_talk(
        desk.session,
        desk.mail.company_id,
        context.get("thread_id", ""),
        context.get("message_id", ""),
        desk.company.zone,
    )
    if found is None:
        raise NoLetter("the thread of this mail does not exist")
    return found


def _notice_staff(desk: _Desk) -> Letter:
    context = desk.context()
    values = {"what": context["subject"], "text": context["text"], "url": desk.url()}
    return Letter("notice_staff", context["subject"], values, desk.company)


def _data_decided(desk: _Desk) -> Letter:
    context = desk.context()
    taken = context.get("decision") == "accepted"
    values = {"taken": taken, "answer": context.get("answer", ""), "customer": context["customer"], "url": desk.url()}
    if taken:
        subject = words.say("{company} has taken over your new contact data", company=desk.company.name)
    else:
        subject = words.say("{company} has not taken over your new contact data", company=desk.company.name)
    return Letter("data_decided", subject, values, desk.company)


def _figures(lines: tuple[ReceiptLine, ...]) -> list[tuple[str, str]]:
    return [(line.label, words.figure(line.amount)) for line in lines]


_WRITERS: dict[str, Callable[[_Desk], Letter]] = {
    "receipt": _receipt,
    "debit_started": _debit_started,
    "debit_failed": _debit_failed,
    RETRY: _retry,
    METHOD: _method_changed,
    ASKS: _verify,
    OVER: _verify,
    "sign_in": _sign_in,
    "staff_sign_in": _staff_sign_in,
    "invoice_link": _invoice_link,
    "invite": _invite,
    "access_changed": _access_changed,
    "new_address": _new_address,
    INVOICE_NEW: _bill,
    REMINDER: _bill,
    "talk_staff": _talk_staff,
    "talk_late": _talk_late,
    "talk_answer": _talk_answer,
    TO_STAFF: _notice_staff,
    DATA_DECIDED: _data_decided,
}
KINDS = tuple(_WRITERS)
FOR_STAFF = ("talk_staff", "talk_late", TO_STAFF)  # in English, as the console is
