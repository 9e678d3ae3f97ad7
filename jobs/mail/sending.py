"""From a mail's row to the post office and back: claim, write, send, note what came of it.

Each step is a commit of its own. Laws: a mail that was not surely sent is sent again, under the same Message-ID; a
failure of mail touches no payment; what cannot be sent for three days, or never, is a discrepancy that somebody sees.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from sqlalchemy import Integer, bindparam
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from connector.errors import Rejected, TieoutError
from connector.ledger.money import Money
from connector.store.built import built_loose
from connector.store.companies import CompanyRow
from connector.store.outbox import MailRow
from connector.store.prepared import Prepared
from jobs.mail.asking import NotNow, Withdrawn
from jobs.mail.envelope import fill_envelope, message_id, told, without_secrets
from jobs.mail.letters import FOR_STAFF, NoLetter, write_letter
from jobs.mail.smtp import RecipientRefused, post_office, send
from jobs.mail.texting import hand_in, text_of
from sync import discrepancies, log
from sync.addresses import home_of
from sync.reminding.addresses import is_stopped
from sync.reminding.bouncing import Report, take
from sync.reminding.texting import TEXTS
from sync.runtime import Runtime

CLAIM = timedelta(minutes=2)  # longer than any try; a sender that died gives its mail back after it
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=3)
LINKS = ("sign_in", "staff_sign_in")  # worth nothing when they come late
LINK_LIFE = timedelta(minutes=15)
UNSENT = "mail_unsent"
SMTP_SUBJECT = "smtp"  # the one cause when the server is what fails


class Stopped(Withdrawn):
    """The address takes no mail."""


class Outcome(StrEnum):
    """What came of a try."""

    SENT = "sent"
    WAITS = "waits"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    NOT_DUE = "not due"


def due_mails(session: Session, now: datetime, *, most: int = 100) -> list[str]:
    """Return the ids of mails to send now, oldest first."""
    return [mail_id for (mail_id,) in _DUE.all(session, now=now, most=most)]


_DUE = Prepared(
    select(MailRow.id)
    .where(MailRow.state == "due", col(MailRow.due_at) <= bindparam("now"))
    .order_by(col(MailRow.due_at))
    .limit(bindparam("most", type_=Integer))
)


def send_mail(rt: Runtime, mail_id: str) -> Outcome:
    """Try to send one mail that is due; safe to run twice and at once."""
    if not _has_way(rt, mail_id):
        return Outcome.WAITS  # no server yet: mails wait as they are, and `doctor` says so
    mail = _claim(rt, mail_id)
    if mail is None:
        return Outcome.NOT_DUE
    try:
        said = _send(rt, mail)
    except Withdrawn as error:
        return _withdraw(rt, mail, "stopped" if isinstance(error, Stopped) else "withdrawn", str(error))
    except NotNow as error:
        return _wait(rt, mail, error)
    except RecipientRefused as error:
        return _bounce(rt, mail, error)
    except (Rejected, NoLetter) as error:
        return _give_up(rt, mail, str(error))
    except TieoutError as error:
        return _put_off(rt, mail, str(error))
    return _note_sent(rt, mail, said)


def try_again(rt: Runtime, company_id: str) -> int:
    """Owe a company's mails anew that failed or were stopped, links that have expired excepted; returns how many."""
    with rt.db.write("mail.again") as session:
        failed = update(MailRow).where(
            col(MailRow.company_id) == company_id,
            col(MailRow.state).in_(("failed", "stopped")),
            col(MailRow.kind).not_in(LINKS),
        )
        now = rt.clock.now()
        return int(session.exec(failed.values(state="due", due_at=now, created_at=now)).rowcount)


def _has_way(rt: Runtime, mail_id: str) -> bool:
    """Tell whether there is a server for a mail, or a gateway for a text message."""
    with rt.db.asking() as reader:
        found = _KIND.first(reader, mail=mail_id)
    is_text = found is not None and found[0] in TEXTS
    return bool(rt.settings.text_url if is_text else rt.settings.smtp_url.get_secret_value())


_KIND = Prepared(select(MailRow.kind).where(MailRow.id == bindparam("mail")))


def _claim(rt: Runtime, mail_id: str) -> MailRow | None:
    with rt.db.write("mail.claim") as session:
        now = rt.clock.now()
        if _CLAIM.change(session, mail=mail_id, now=now, until=now + CLAIM) != 1:
            return None
        return _claimed(session, mail_id).one()


@built_loose
def _claimed(mail_id: str) -> SelectOfScalar[MailRow]:
    return select(MailRow).where(MailRow.id == mail_id)


_CLAIM = Prepared(
    update(MailRow)
    .where(col(MailRow.id) == bindparam("mail"), col(MailRow.state) == "due", col(MailRow.due_at) <= bindparam("now"))
    .values(due_at=bindparam("until"), attempts=MailRow.attempts + 1)
)


def _send(rt: Runtime, mail: MailRow) -> tuple[str, str]:
    """Send a mail and return what it said: its subject, and its plain text without the secrets of its links."""
    if mail.kind in TEXTS:
        with rt.db.read() as session:
            said, homes = text_of(session, rt, mail), _homes(session, rt, mail)
        hand_in(rt.settings, mail, said)
        return "", without_secrets(said, *homes)
    sender = rt.settings.mail_from
    with rt.db.read() as session:
        if minds_stops(mail) and is_stopped(session, mail.company_id, mail.to):
            raise Stopped("This address takes no mail: it bounced.")
        letter, homes = write_letter(session, rt, mail), _homes(session, rt, mail)
    name = message_id(mail.company_id, mail.key, sender)
    message = fill_envelope(letter, to=mail.to, sender=sender, message_id=name, at=rt.clock.now())
    send(post_office(rt.settings.smtp_url.get_secret_value()), message)
    return letter.subject, told(message, *homes)


def _homes(session: Session, rt: Runtime, mail: MailRow) -> set[str]:
    """Return the addresses at which pages begin that a mail may link to."""
    own = _HOST.first(session, company=mail.company_id)
    return {home_of(rt.settings, None), home_of(rt.settings, own[0] if own else None)}


_HOST = Prepared(select(CompanyRow.host).where(CompanyRow.id == bindparam("company")))


def minds_stops(mail: MailRow) -> bool:
    """Tell whether a mail stays away from an address that bounced: all do, but what staff get and what lets in.

    Whoever waits for a link to come in may have mended the address a minute ago.
    """
    return mail.kind not in (*LINKS, *FOR_STAFF)


def _withdraw(rt: Runtime, mail: MailRow, state: str, why: str) -> Outcome:
    with rt.db.write("mail.withdraw") as session:
        _move(session, mail, state=state, error=why)
    return Outcome.WITHDRAWN


def _wait(rt: Runtime, mail: MailRow, error: NotNow) -> Outcome:
    with rt.db.write("mail.wait") as session:
        _move(session, mail, due_at=error.until, error="")
    return Outcome.WAITS


def _bounce(rt: Runtime, mail: MailRow, error: RecipientRefused) -> Outcome:
    """Note that the server knows no such address, as a report would tell us later."""
    if not (mail.company_id and minds_stops(mail)):
        return _give_up(rt, mail, str(error))
    with rt.db.write("mail.failed") as session:
        _move(session, mail, state="failed", error=str(error))
        take(session, rt, mail, Report(f"smtp/{mail.id}/{mail.attempts}", "hard", str(error)))
    return Outcome.FAILED


def _note_sent(rt: Runtime, mail: MailRow, said: tuple[str, str]) -> Outcome:
    with rt.db.write("mail.sent") as session:
        now, name = rt.clock.now(), message_id(mail.company_id, mail.key, rt.settings.mail_from)
        subject, text = said
        _move(session, mail, state="sent", sent_at=now, message_id=name, error="", subject=subject, body=text)
        if not mail.company_id:
            return Outcome.SENT
        discrepancies.close(
            session, rt, mail.company_id, kind=UNSENT, subject=SMTP_SUBJECT, note="The mail server takes mails again."
        )
        if mail.kind not in LINKS:
            sentence = f"{_NAMES[mail.kind]} mailed to {mail.to}"
            log.write(
                session,
                rt,
                mail.company_id,
                kind="mail",
                state="noted",
                sentence=sentence,
                payment_id=mail.payment_id,
            )
    return Outcome.SENT


def _put_off(rt: Runtime, mail: MailRow, error: str) -> Outcome:
    now = rt.clock.now()
    age = now - mail.created_at
    if age > GIVE_UP_AFTER or (mail.kind in LINKS and age > LINK_LIFE):
        return _give_up(rt, mail, error, subject=SMTP_SUBJECT)
    pause = min(FIRST_PAUSE * 2 ** min(mail.attempts - 1, 10), LONGEST_PAUSE)
    with rt.db.write("mail.put_off") as session:
        _move(session, mail, due_at=now + pause, error=error)
    return Outcome.WAITS


def _give_up(rt: Runtime, mail: MailRow, error: str, *, subject: str = "") -> Outcome:
    """Stop trying, and say so where somebody looks; `subject` names a cause that many mails share."""
    with rt.db.write("mail.failed") as session:
        _move(session, mail, state="failed", error=error)
        if mail.company_id and mail.kind not in LINKS:
            _tell(session, rt, mail, error, subject or mail.id)
    return Outcome.FAILED


def _tell(session: Session, rt: Runtime, mail: MailRow, error: str, subject: str) -> None:
    name = _NAMES[mail.kind]
    if subject == SMTP_SUBJECT:
        sentence = f"Mails do not leave: {name} to {mail.to} could not be sent for three days ({error})."
        next_step = "Check SMTP_URL with tieout doctor, then send the mails again with tieout mails --again."
    else:
        sentence = f"{name} to {mail.to} was refused: {error}."
        next_step = "Check the customer’s e-mail address in QuickBooks, then send it again."
    currency = session.exec(select(CompanyRow.home_currency).where(CompanyRow.id == mail.company_id)).one()
    discrepancies.open_one(
        session,
        rt,
        mail.company_id,
        kind=UNSENT,
        subject=subject,
        sentence=sentence,
        next_step=next_step,
        amount=Money(0, currency),
        payment_id=mail.payment_id,
    )


def _move(session: Session, mail: MailRow, **values: object) -> None:
    """Change the row unless somebody else took the mail meanwhile (every claim raises `attempts`)."""
    _moving(*values).change(session, mail=mail.id, tried=mail.attempts, **values)


@cache
def _moving(*names: str) -> Prepared:
    mine = update(MailRow).where(
        col(MailRow.id) == bindparam("mail"),
        col(MailRow.state) == "due",
        col(MailRow.attempts) == bindparam("tried"),
    )
    return Prepared(mine.values({name: bindparam(name) for name in names}))


_NAMES = {
    "receipt": "Receipt",
    "debit_started": "Notice of a bank debit",
    "debit_failed": "Notice of a failed bank debit",
    "retry": "Notice of a payment that is tried again",
    "method_changed": "Notice of a kept payment method",
    "verify_bank": "Question to verify a bank account",
    "verify_over": "Notice of a bank account that was not verified",
    "sign_in": "Sign-in link",
    "staff_sign_in": "Sign-in link",
    "invoice_link": "Invoice link",
    "invoice_new": "New invoice",
    "reminder": "Reminder",
    "text_ask": "Question for text messages",
    "text_bill": "Text message",
    "invite": "Invitation",
    "access_changed": "Notice of a changed sign-in",
    "new_address": "Notice of a new address",
    "talk_staff": "Notice of a question",
    "notice_staff": "Notice of what a customer decided",
    "data_decided": "Answer about contact data",
    "talk_late": "Notice of a question that waits",
    "talk_answer": "Answer",
}
