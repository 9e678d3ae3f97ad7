"""Languages at the portal: which one is spoken, that a page speaks it to its last word, and that none lingers."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import NotFound

from connector import words
from connector.store.companies import CompanyRow
from connector.store.mailing import AddressRow
from connector.store.retries import RetryRow
from connector.store.session import Database
from connector.store.talk import MessageRow, ThreadRow
from connector.translations import LANGUAGES
from portal import mails
from sync.reminding.addresses import token_of
from sync.runtime import Runtime
from tests import cast
from tests.german import english_in
from tests.portal.conftest import Opener, csrf_of
from tests.portal.test_invoice_page import text_of

HOME = "/c/harbor-tile"
INVOICES = ("68", "71", "59", "52", "74", "75", "76", "77", "78")


@pytest.fixture(autouse=True)
def _every_state(rt: Runtime) -> None:
    put_every_state(rt)


def put_every_state(rt: Runtime) -> None:
    """Put payments, threads, mails and papers of every kind on the stage."""
    put_payments_in_every_state(rt)
    put_talks_of_every_kind(rt)
    put_mails_in_every_state(rt)
    put_papers_of_every_kind(rt)


def put_payments_in_every_state(rt: Runtime) -> None:
    states = {
        "pay-failed": {"state": "failed", "processing_at": cast.NOW, "error_code": "R01"},
        "pay-declined": {"state": "created", "error_code": "card_declined", "error_text": "Your card was declined."},
        "pay-asked": {"state": "requires_action"},
        "pay-checked": {"state": "created"},
        "pay-over": {"state": "canceled"},
    }
    for name, more in states.items():
        # Long expired, so that it takes nothing from the invoice.
        cast.put(rt.db, *cast.payment(name, {"59": 1000}, numbers={"59": "1059"}, expires_at=cast.NOW, **more))
    put_payments_to_try_again(rt)


def put_payments_to_try_again(rt: Runtime) -> None:
    """Put refused payments of Luis: one that may be tried again, one that will be, and one for which that is over."""
    why = {"error_code": "insufficient_funds", "error_text": "Your card has insufficient funds."}
    refused = {**why, "contact_id": cast.LUIS, "expires_at": cast.NOW, "at": cast.NOW, "numbers": {"59": "1059"}}
    for name, state in (("refused", "created"), ("retried", "canceled"), ("ended", "canceled")):
        cast.put(rt.db, *cast.payment(f"pay-{name}", {"59": 1000}, state=state, **refused))
    agreed = {"contact_id": cast.LUIS, "method_id": f"m-1-{cast.LUIS}", "consent": "42", "consent_at": cast.NOW}
    agreed |= {
        "days": "2026-11-23",
        "company_id": cast.HARBOR,
        "amount_minor": 1000,
        "next_at": cast.NOW + timedelta(days=1),
    }
    over = {"state": "over", "why": "tries", "tried": 4, "ended_at": cast.NOW}
    cast.put(rt.db, RetryRow(id="retry-1", payment_id="pay-retried", **agreed))
    cast.put(rt.db, RetryRow(id="retry-2", payment_id="pay-ended", **agreed, **over))


def put_talks_of_every_kind(rt: Runtime) -> None:
    kinds: dict[str, dict[str, Any]] = {
        "question": {"line_title": "Sealing"},
        "dispute": {"disputed_minor": 10000, "turn": "payer"},
        "check_sent": {"check_number": "118", "check_day": cast.TODAY},
        "closed": {"kind": "dispute", "state": "closed", "result": "settled", "closed_at": cast.NOW},
    }
    for name, more in kinds.items():
        of = {"company_id": cast.HARBOR, "thread_id": f"talk-{name}"}
        instants = {"created_at": cast.NOW, "changed_at": cast.NOW, "due_at": cast.NOW}
        what = {"invoice_id": "71", "customer_id": cast.BLUE_MESA, "kind": name, "currency": "USD", **more}
        cast.put(
            rt.db,
            ThreadRow(id=f"talk-{name}", company_id=cast.HARBOR, **what, **instants),
            *(
                MessageRow(id=f"{side}-{name}", key=f"{side}-{name}", side=side, body="42", at=cast.NOW, **of)
                for side in ("payer", "staff")
            ),
        )


# What the link to Luis' preferences holds.
LUIS_TOKEN = token_of(cast.runtime_of(Database("sqlite://")), "address-luis")


def put_mails_in_every_state(rt: Runtime) -> None:
    to = "luis@bluemesa.test"
    states: dict[str, dict[str, Any]] = {"sent": {}, "bounced": {"bounced_at": cast.NOW}, "old": {"body": ""}}
    states |= {state: {"state": state} for state in ("failed", "withdrawn", "stopped")}
    kinds = {f"due-{kind}": {"state": "due", "kind": kind, "subject": "", "body": ""} for kind in mails.KINDS}
    for name, more in {**states, **kinds}.items():
        cast.put(rt.db, cast.mail(f"mail-{name}", to, **more))
    cast.put(rt.db, AddressRow(id="address-luis", company_id=cast.HARBOR, email=to, wants_reminders=False))


def put_papers_of_every_kind(rt: Runtime) -> None:
    answered: dict[str, Any] = {"accepted_by": "Dana Reyes", "accepted_day": cast.TODAY}
    kinds: dict[str, dict[str, Any]] = {
        "waits": {},
        "expired": {"expires_day": cast.NOW.date() - timedelta(days=3)},
        "approved": {"status": "Accepted", **answered},
        "declined": {"status": "Rejected"},
        "closed": {"status": "Closed"},
    }
    for name, more in kinds.items():
        cast.put(rt.db, *cast.estimate(f"e-{name}", "1012", **more))
    files = {"small": {}, "photo": {"name": "photo.jpg", "size": 3_200_000}, "large": {"size": 90_000_000}}
    for name, more in files.items():
        cast.put(rt.db, *cast.attached(f"file-{name}", "Invoice", "68", **more))
    with rt.db.write("deposits") as session:
        session.get_one(CompanyRow, cast.HARBOR).takes_deposits = True
    waits = {"state": "verifying", "verify_url": "http://localhost/verify", "expires": "", "name": "42"}
    for who in (cast.DANA, cast.LUIS):
        kept = cast.saved_method(f"m-1-{who}", who, is_default=True)
        cast.put(rt.db, kept, cast.saved_method(f"m-2-{who}", who, **waits))
    cast.put(rt.db, cast.proposal("proposal-1", {"phone": "42"}))
    cast.put(rt.db, cast.credit("c-1", "CM-7"), cast.credit("c-2", "CM-6", balance_minor=0))


ALL_PAGES = (
    *("/", "/invoices", "/invoices?show=overdue", "/invoices?q=no-such", "/payments", "/account", "/statement"),
    *("/statement?from=2026-11-20&to=2026-11-10", "/pay?i=68&i=71", "/pay?i=59&a.59=nichts", "/pay?i=59&a.59=900,00"),
    *(f"/i/{one}" for one in INVOICES),
    *(f"/p/pay-{one}" for one in ("full", "fresh", "debit", "failed", "declined", "asked", "checked", "over")),
    *(f"/p/pay-{one}" for one in ("refused", "retried", "ended")),
    *("/r/pay-part", "/r/pay-fresh", "/i/no-such", "/customers", "/i/71/ask"),
    *("/account/mail", "/account/mail/mail-sent", "/account/mail/mail-old", f"/mail/{LUIS_TOKEN}", "/mail/no-such"),
    *("/account/methods", "/deposit"),
    *("/people", "/account/password", "/account/password?welcome=1"),
    *("/documents", "/contact", *(f"/e/e-{one}" for one in ("waits", "expired", "approved", "declined", "closed"))),
    *(f"/i/71/talk/talk-{one}" for one in ("question", "dispute", "check_sent", "closed")),
)
STRANGERS_PAGES = (
    *("/sign-in", "/sign-in/sent", "/sign-in/confirm", "/no/such/page"),
    *("/register", "/sign-in/password", "/join"),
)
NOT_PAGES = {"follow_link", "follow_sign_in", "follow_invite", "ask_provider", "back_from_provider"}  # they lead on
NOT_PAGES |= {"show_off", "method_entered", "enter_method"}  # the last is tried in test_methods, with a Stripe
FILES = {"download_pdf", "download_receipt", "download_statement", "statement_csv", "talk_file"}
FILES |= {"invoice_file", "invoice_picture", "estimate_file", "estimate_picture"}
FILES |= {"download_estimate", "download_credit", "logo", "listen"}


@pytest.mark.parametrize("path", ALL_PAGES)
def test_a_page_speaks_german_to_its_last_word(signed_in: Opener, path: str) -> None:
    payer = signed_in(cast.LUIS, customer_id=cast.BLUE_MESA)
    answer = payer.get(HOME + path, headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    html = answer.get_data(as_text=True)
    assert '<html lang="de-DE" dir="ltr">' in html
    assert answer.headers["Content-Language"] == "de-DE"
    assert "Accept-Language" in answer.headers["Vary"]
    assert english_in(html) == []


@pytest.mark.parametrize("path", STRANGERS_PAGES)
def test_so_does_a_page_for_strangers(client: FlaskClient, path: str) -> None:
    html = client.get(HOME + path, headers={"Accept-Language": "de"}).get_data(as_text=True)
    assert '<html lang="de-DE" dir="ltr">' in html
    assert english_in(html) == []


def test_every_page_is_on_trial(app: Flask) -> None:
    """A new page without a row here fails."""
    at = app.url_map.bind("pay.example.test")
    tried = set()
    for path in (*ALL_PAGES, *STRANGERS_PAGES):
        with suppress(NotFound):
            tried.add(at.match(HOME + path.partition("?")[0])[0].removeprefix("customer."))
    pages = {
        rule.endpoint.removeprefix("customer.")
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("customer.") and "GET" in (rule.methods or ())
    }
    assert pages - NOT_PAGES - FILES == tried


def test_the_trial_itself_finds_english(signed_in: Opener) -> None:
    html = signed_in(cast.DANA).get(f"{HOME}/i/68").get_data(as_text=True)
    assert {"Pay $620.00", "Download PDF", "All invoices"} <= set(english_in(html))


@pytest.mark.parametrize(
    ("language", "sees"),
    [
        ("en", ("Pay $620.00", "Due Tuesday 1 December, in 9 days", "$1,000.00 of $1,620.00 paid")),
        ("es", ("Pagar $620.00", "Vence el martes 1 de diciembre, en 9 días", "$1,000.00 de $1,620.00 pagados")),
        ("fr", ("Payer 620,00\xa0$US", "Échéance le mardi 1er décembre, dans 9 jours", "1\u202f000,00\xa0$US sur")),
        ("de", ("620,00\xa0$ bezahlen", "Fällig am Dienstag, 1. Dezember, in 9 Tagen", "1.000,00\xa0$ von")),
    ],
)
def test_an_invoice_in_each_language(opened: Opener, language: str, sees: tuple[str, ...]) -> None:
    html = opened("68").get(f"{HOME}/i/68?lang={language}").get_data(as_text=True)
    for text in sees:
        assert text in text_of(html) or text in html, text
    assert f'<html lang="{words.LOCALES[language].replace("_", "-")}" dir="ltr">' in html


def test_the_wish_in_the_address_is_kept_and_the_page_too(signed_in: Opener) -> None:
    payer = signed_in(cast.DANA)
    html = payer.get(f"{HOME}/invoices?show=paid&sort=due").get_data(as_text=True)
    switch = re.findall(
        r'<a href="([^"]+)" lang="(\w+)" hreflang="\w+" rel="[^"]+"( aria-current="true")?>(\w+)</a>', html
    )
    assert [name for _, _, _, name in switch] == list(LANGUAGES.values())
    assert [tag for _, tag, current, _ in switch if current] == ["en"]
    french = next(href for href, tag, *_ in switch if tag == "fr").replace("&amp;", "&")
    assert french == f"{HOME}/invoices?show=paid&sort=due&lang=fr"
    html = payer.get(french, headers={"Accept-Language": "de"}).get_data(as_text=True)
    assert re.search(r'aria-current="true">Payé</button>', html)
    assert "Toutes les factures" in payer.get(f"{HOME}/", headers={"Accept-Language": "de"}).get_data(as_text=True)


def test_the_wish_outlives_signing_out(signed_in: Opener) -> None:
    payer = signed_in(cast.DANA)
    token = csrf_of(payer, f"{HOME}/?lang=es")
    payer.post(f"{HOME}/sign-out", data={"csrf_token": token})
    assert "Enviarme un enlace" in payer.get(f"{HOME}/sign-in").get_data(as_text=True)


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", "en-US"),
        ("pl,ja", "en-US"),
        ("fr-CA,fr;q=0.8,en;q=0.3", "fr-FR"),
        ("pl,es-MX;q=0.7,en;q=0.5", "es-US"),
        ("*", "en-US"),
        ("de;q=nonsense,,;", "en-US"),
    ],
)
def test_what_a_browser_prefers(client: FlaskClient, header: str, tag: str) -> None:
    answer = client.get(f"{HOME}/sign-in", headers={"Accept-Language": header})
    assert answer.headers["Content-Language"] == tag


def test_a_wish_for_a_language_we_do_not_have_is_no_wish(client: FlaskClient) -> None:
    answer = client.get(f"{HOME}/sign-in?lang=xx", headers={"Accept-Language": "fr"})
    assert answer.headers["Content-Language"] == "fr-FR"


@pytest.mark.parametrize(
    ("header", "asked", "tag"),
    [
        ("", "", "es-US"),
        ("ja, pt;q=0.8", "", "es-US"),
        ("fr-CA, en;q=0.8", "", "fr-FR"),
        ("en-GB", "", "en-US"),
        ("ja", "?lang=de", "de-DE"),
        ("ja", "?lang=en", "en-US"),
    ],
)
def test_a_company_speaks_its_own_language_to_whom_it_does_not_know(
    at_desk: Opener, client: FlaskClient, header: str, asked: str, tag: str
) -> None:
    desk = at_desk(cast.OMAR)
    form = {"csrf_token": csrf_of(desk, "/staff/settings/brand"), "language": "es"}
    assert desk.post("/staff/settings/brand", data=form).status_code == 302
    answer = client.get(f"{HOME}/sign-in{asked}", headers={"Accept-Language": header})
    assert answer.headers["Content-Language"] == tag
    assert f'<html lang="{tag}"' in answer.get_data(as_text=True)
    assert '<html lang="en-US"' in desk.get("/staff/settings/brand").get_data(as_text=True)
    assert client.get("/c/quarry-lane/sign-in").headers["Content-Language"] == ("en-US" if not asked else tag)
    assert words.spoken() == words.LOCALE


def test_staff_pages_speak_english(at_desk: Opener) -> None:
    answer = at_desk(cast.OMAR).get("/staff/invoices?lang=de", headers={"Accept-Language": "de"})
    html = answer.get_data(as_text=True)
    assert '<html lang="en-US" dir="ltr">' in html
    assert "1.620,00" not in html
    assert words.spoken() == words.LOCALE


def test_nothing_is_spoken_after_the_answer(client: FlaskClient) -> None:
    for path in ("/sign-in", "/no/such/page"):
        client.get(HOME + path, headers={"Accept-Language": "de"})
        assert words.spoken() == words.LOCALE


def test_the_link_mail_is_written_in_the_language_of_whoever_asked(client: FlaskClient, rt: Runtime) -> None:
    from sqlmodel import Session, select

    from connector.store.outbox import MailRow
    from jobs.mail.envelope import fill_envelope
    from jobs.mail.letters import write_letter

    token = csrf_of(client, f"{HOME}/sign-in?lang=de")
    client.post(f"{HOME}/sign-in", data={"csrf_token": token, "email": "dana@bluemesa.test"})
    with Session(rt.db.engine) as session:
        mail = session.exec(select(MailRow).where(MailRow.to == "dana@bluemesa.test")).one()
        letter = write_letter(session, rt, mail)
    message = fill_envelope(letter, to=mail.to, sender="a@b.test", message_id="<1@b.test>", at=cast.NOW)
    assert message["Subject"] == "Anmelden bei Harbor Tile Co."
    assert message["Content-Language"] == "de-DE"
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "Er gilt einmal, zehn Minuten lang" in text
    assert '<html lang="de-DE" dir="ltr">' in html
    assert english_in(html) == []
