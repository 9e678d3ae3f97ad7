"""Photographs what leaves the house: every kind of mail, on a phone and on a desktop, and the papers, in two languages.

For a person to look at, as `tests.gallery` does with the pages, on the same stage. Law: a kind of mail that cannot be
written on that stage ends the work, so that none is missing without a word.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import typst
from PIL import Image
from playwright.sync_api import BrowserContext

from connector import words
from connector.store.mailing import ScheduleRow
from connector.store.outbox import MailRow
from connector.store.verifying import BankCheckRow
from jobs.mail.envelope import rendered
from jobs.mail.letters import FOR_STAFF, KINDS, write_letter
from jobs.papers import receipt as receipt_paper
from jobs.papers import statement as statement_paper
from jobs.papers.typesetting import FONTS, HERE
from jobs.receipts import read_receipt
from jobs.statements import read_statement
from sync.mail_rows import CONTEXT_COLUMN
from sync.runtime import Runtime
from tests import cast

_PAYMENTS = {"receipt": "pay-full", "debit_started": "pay-debit", "debit_failed": "pay-failed", "retry": "pay-failed"}


@dataclass(frozen=True)
class Look:
    """How a mail is opened."""

    device: str
    wide: int
    dark: bool
    language: str

    @property
    def name(self) -> str:
        """Return what its pictures are called."""
        name = f"{self.device}-{'dark' if self.dark else 'light'}"
        return name if self.language == "en" else f"{name}-{self.language}"


LOOKS = (
    Look("phone", 390, False, "en"),
    Look("phone", 390, True, "de"),
    Look("desktop", 700, False, "en"),
    Look("desktop", 700, True, "en"),
)


def mails(rt: Runtime, context: BrowserContext, folder: Path, look: Look) -> list[Path]:
    """Photograph every kind of mail without its images, as a mail program opens it, and return the files."""
    put_what_mails_tell_of(rt)
    page, taken = context.new_page(), []
    page.emulate_media(color_scheme="dark" if look.dark else "light")
    page.set_viewport_size({"width": look.wide, "height": 900})
    for kind in KINDS:
        page.set_content(_html(rt, kind, look.language))
        taken.append(folder / f"mail-{look.name}-{kind.replace('_', '-')}.png")
        page.screenshot(path=taken[-1], full_page=True)
    page.close()
    return taken


def put_what_mails_tell_of(rt: Runtime) -> None:
    """Put on the stage what a mail tells of and no page shows."""
    with rt.db.write("post") as session:
        if session.get(ScheduleRow, cast.HARBOR) is None:
            session.add(ScheduleRow(company_id=cast.HARBOR, attaches_pdf=False, changed_at=cast.NOW))
            checked = {"company_id": cast.HARBOR, "kind": "amounts", "asked_at": cast.NOW}
            day = cast.TODAY + timedelta(days=2)
            session.add(BankCheckRow(subject="verify_bank", arrival_day=day, **checked))
            session.add(BankCheckRow(subject="verify_over", arrival_day=day, state="over", why="late", **checked))


def _html(rt: Runtime, kind: str, language: str) -> str:
    home = f"{rt.settings.public_url}/c/harbor-tile"
    context = {
        "url": f"{home}/sign-in/secret",
        "language": language,
        "invoice_id": "68",
        "thread_id": "talk-dispute",
        "message_id": "payer-dispute" if kind in FOR_STAFF else "staff-dispute",
        "by_hand": "yes",
        "customer": "Blue Mesa Ranch",
        "by": "Dana Reyes",
        "what": "password",
        "address": "new@bluemesa.test",
        "preferences": f"{home}/mail/secret",
        "subject": kind if kind.startswith("verify") else "A bank debit of Blue Mesa Ranch came back",
        "text": "The bank returned $620.00 of invoice 1076. The invoice is open again.",
    }
    if kind == "retry":
        context |= {"what": "again", "day": "2026-12-02", "method": "First Harbor Bank 6789"}
        context |= {"reason": "The bank account has insufficient funds to complete the purchase."}
    if kind == "method_changed":
        context |= {"what": "kept", "method": "Visa 4242"}
    company = "" if kind == "staff_sign_in" else cast.HARBOR  # staff sign in to the installation
    sealed = rt.vault.seal(json.dumps(context), company_id=company, column=CONTEXT_COLUMN)
    of = {"company_id": company, "key": kind, "kind": kind, "created_at": cast.NOW, "context_cipher": sealed}
    about = {"payment_id": _PAYMENTS.get(kind, ""), "invoice_id": "59"}  # overdue, and nothing stops its reminders
    mail = MailRow(id=f"picture-{kind}", to="dana@bluemesa.test", **of, **about)
    with rt.db.read() as session:
        letter = write_letter(session, rt, mail)
    with words.speaking(letter.locale):
        return rendered(letter)[1]


def papers(rt: Runtime, folder: Path) -> list[Path]:
    """Print receipt and statement in English and German as pictures, a file for each page."""
    return [
        path
        for language in ("en", "de")
        for name, facts in _facts(rt, words.LOCALES[language])
        for path in _print(name, facts, folder / f"paper-{name}-{language}")
    ]


def _facts(rt: Runtime, locale: str) -> Iterator[tuple[str, dict[str, Any]]]:
    first, last = cast.TODAY - timedelta(days=90), cast.TODAY
    with rt.db.read() as session, words.speaking(locale):
        yield "receipt", receipt_paper.facts_of(read_receipt(session, cast.HARBOR, "pay-full"))
        account = read_statement(session, cast.HARBOR, cast.BLUE_MESA, first=first, last=last)
        yield "statement", statement_paper.facts_of(account)


def _print(template: str, facts: dict[str, Any], path: Path) -> Iterator[Path]:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
    printed = typst.compile(
        *(str(HERE / f"{template}.typ"),),
        root=str(HERE),
        font_paths=fonts,
        sys_inputs={"facts": json.dumps(facts)},
        format="png",
        ppi=96,
    )
    for number, sheet in enumerate(printed if isinstance(printed, list) else [printed], 1):
        file = path.with_name(f"{path.name}-{number}.png")
        with Image.open(BytesIO(sheet)) as picture:
            picture.save(file)
        yield file
