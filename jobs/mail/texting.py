"""Text messages: the words of one, and the gateway that takes it over HTTP.

The gateway is a port: any that takes {"id", "to", "text"} as JSON with a key, or a small program in front of one. Laws:
a message carries the id of its row, so that a gateway may know a second copy; what a person ended is not sent.
"""

from __future__ import annotations

import json

import requests
from sqlmodel import Session

from connector import crash, words
from connector.errors import Rejected, Transient, Unauthorised, UnknownOutcome
from connector.settings import Settings
from connector.store.companies import CompanyRow
from connector.store.outbox import CONTEXT_COLUMN, MailRow
from jobs.mail.asking import Withdrawn, mind_schedule, read_asking
from jobs.receipts import company_row
from sync.addresses import at_home
from sync.reminding.addresses import rows_of, wanting
from sync.reminding.plan import step_of
from sync.reminding.texting import ASK, is_on
from sync.runtime import Runtime

TIMEOUT_SECONDS = 15.0


def text_of(session: Session, rt: Runtime, mail: MailRow) -> str:
    """Return what a message says. Raises Withdrawn and NotNow."""
    company = company_row(session, mail.company_id).one()
    plain = rt.vault.open(mail.context_cipher, company_id=mail.company_id, column=CONTEXT_COLUMN)
    context: dict[str, str] = json.loads(plain or b"{}")
    with words.speaking(words.LOCALES.get(context.get("language") or company.language, words.LOCALE)):
        if mail.kind == ASK:
            return words.say(
                "{company}: reply YES to get text messages about invoices, at most one a day for each. "
                "Reply STOP to end them.",
                company=company.name,
            )
        return _bill(session, rt, company, mail, context)


def _bill(session: Session, rt: Runtime, company: CompanyRow, mail: MailRow, context: dict[str, str]) -> str:
    if not is_on(session, company.id, mail.to):
        raise Withdrawn("The number ended its messages.")
    email = context["email"]
    if not wanting(rows_of(session, company.id, [email]), [email], step_of(mail.key)):
        raise Withdrawn("It is not wanted any more.")
    asking = read_asking(session, rt, company, mail, by_hand=True)
    mind_schedule(session, rt, company, mail)
    return words.say(
        "{company}: invoice {number}, {amount}. {due}. See and pay it: {url} Reply STOP to end these messages.",
        company=company.name,
        number=asking.number,
        amount=words.money_text(asking.amount),
        due=words.due_text(asking.due_day, rt.clock.today(company.zone)),
        url=at_home(rt.settings, company.host, context["url"]),
    )


def hand_in(settings: Settings, mail: MailRow, said: str) -> None:
    """Hand one message in. Raises Rejected, Unauthorised, Transient, UnknownOutcome."""
    body = {"id": mail.id, "to": mail.to, "text": said}
    key = {"Authorization": f"Bearer {settings.text_key.get_secret_value()}", "Idempotency-Key": mail.id}
    with crash.sending("text.send"):
        try:
            answer = requests.post(
                settings.text_url, json=body, headers=key, timeout=TIMEOUT_SECONDS, allow_redirects=False
            )
        except requests.ConnectionError as error:
            raise Transient("text", f"the gateway does not answer ({type(error).__name__})") from error
        except requests.RequestException as error:
            raise UnknownOutcome("text", f"the gateway broke off ({type(error).__name__})") from error
    code = answer.status_code
    if code in (401, 403):
        raise Unauthorised("text", "the gateway refuses our key", str(code))
    if code == 429 or code >= 500:
        raise Transient("text", "the gateway takes nothing now", str(code))
    if not 200 <= code < 300:
        raise Rejected("text", "the gateway refuses the message", str(code))
