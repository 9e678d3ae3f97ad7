"""Who may reach what: every route, every kind of visitor, objects of others. A new route without a row here fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from sqlmodel import SQLModel
from werkzeug.test import TestResponse

from connector.store.access import ContactCustomerRow, MembershipRow
from connector.store.log import LogRow
from connector.store.mailing import AddressRow
from connector.store.money import PayoutRow
from connector.store.session import Database
from portal.access import links, sessions
from portal.access.tokens import digest
from portal.app import create_app
from portal.security import cookie_name
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import csrf_of, with_session
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture

OPEN, PAYER, STAFF, HOOK = "open to all", "payers", "staff", "signed webhooks"


@dataclass(frozen=True)
class Row:
    """What a route is: for whom, with an object of the visitor's own, and with objects of others."""

    audience: str
    own: dict[str, str] = field(default_factory=dict)
    foreign: tuple[dict[str, str], ...] = ()
    role: str = "viewer"  # the lowest staff role that may
    form: dict[str, str] = field(default_factory=dict)
    guests: bool = True  # whether the holder of a link may, or only who signed in


# Cedar Hill's invoice 552 and payment belong to another customer of the same merchant; 900 to another merchant.
OTHERS_INVOICES = ({"invoice_id": "552"}, {"invoice_id": "900"}, {"invoice_id": "nothing"})
OTHERS_PAYMENTS = ({"payment_id": "pay-cedar"}, {"payment_id": "pay-quarry"}, {"payment_id": "nothing"})
# The thread of Cedar Hill's invoice is asked for under its own invoice and under one that the visitor may see.
OTHERS_TALKS = (
    {"invoice_id": "552", "thread_id": "talk-cedar"},
    {"invoice_id": "68", "thread_id": "talk-cedar"},
    {"invoice_id": "68", "thread_id": "talk-quarry"},
)
OWN_TALK, OWN_FILE = {"invoice_id": "68", "thread_id": "talk-68"}, {"file_id": "file-talk-68"}
OTHERS_FILES = (
    *({**one, "file_id": f"file-{one['thread_id']}"} for one in OTHERS_TALKS),
    {**OWN_TALK, "file_id": "file-talk-cedar"},
)
OTHERS_CUSTOMERS = ({"customer": cast.CEDAR_HILL}, {"customer": "nothing"})
# A file is asked for at another's document, at the own one though it hangs elsewhere, and where it does not go out.
OTHERS_PAPERS = (
    {"invoice_id": "552", "file_id": "file-552"},
    {"invoice_id": "68", "file_id": "file-552"},
    {"invoice_id": "68", "file_id": "file-900"},
    {"invoice_id": "68", "file_id": "file-kept"},
)
OTHERS_ESTIMATES = ({"estimate_id": "e-cedar"}, {"estimate_id": "e-quarry"}, {"estimate_id": "nothing"})
ESTIMATES_FILES = tuple({**one, "file_id": "file-e-cedar"} for one in ({"estimate_id": "e-1"}, *OTHERS_ESTIMATES))
OTHERS_METHODS = tuple({"method_id": one, "decision": "name"} for one in ("method-luis", "method-quarry", "nothing"))
ELSEWHERE = "at Quarry Lane"

ROWS = {
    "health.live": Row(OPEN),
    "health.ready": Row(OPEN),
    "hooks.quickbooks": Row(HOOK),
    "hooks.mail_report": Row(HOOK),
    "hooks.text_answer": Row(HOOK),
    "hooks.stripe_by_account": Row(HOOK),
    "hooks.stripe_by_company": Row(HOOK, {"slug": "harbor-tile"}),
    "customer.follow_link": Row(OPEN, foreign=({"token": "nothing"}, {"token": ELSEWHERE})),
    "customer.show_sign_in": Row(OPEN),
    "customer.ask_for_link": Row(OPEN),
    "customer.link_sent": Row(OPEN),
    "customer.follow_sign_in": Row(OPEN),
    "customer.confirm_sign_in": Row(OPEN),
    "customer.use_sign_in": Row(OPEN),
    "customer.sign_out": Row(OPEN),
    "customer.show_invoice": Row(PAYER, {"invoice_id": "68"}, OTHERS_INVOICES),
    "customer.download_pdf": Row(PAYER, {"invoice_id": "68"}, OTHERS_INVOICES),
    "customer.show_ask": Row(PAYER, {"invoice_id": "68"}, OTHERS_INVOICES),
    "customer.open_talk": Row(PAYER, {"invoice_id": "68"}, OTHERS_INVOICES),
    "customer.show_talk": Row(PAYER, OWN_TALK, OTHERS_TALKS),
    "customer.reply": Row(PAYER, OWN_TALK, OTHERS_TALKS),
    "customer.settle_talk": Row(PAYER, OWN_TALK, OTHERS_TALKS),
    "customer.talk_file": Row(PAYER, {**OWN_TALK, **OWN_FILE}, OTHERS_FILES),
    "customer.invoice_file": Row(PAYER, {"invoice_id": "68", "file_id": "file-68"}, OTHERS_PAPERS),
    "customer.invoice_picture": Row(PAYER, {"invoice_id": "68", "file_id": "file-68"}, OTHERS_PAPERS),
    "customer.list_documents": Row(PAYER, guests=False),
    "customer.show_estimate": Row(PAYER, {"estimate_id": "e-1"}, OTHERS_ESTIMATES, guests=False),
    "customer.answer_estimate": Row(PAYER, {"estimate_id": "e-1"}, OTHERS_ESTIMATES, guests=False),
    "customer.download_estimate": Row(PAYER, {"estimate_id": "e-1"}, OTHERS_ESTIMATES, guests=False),
    "customer.estimate_file": Row(PAYER, {"estimate_id": "e-1", "file_id": "file-e-1"}, ESTIMATES_FILES, guests=False),
    "customer.estimate_picture": Row(
        PAYER, {"estimate_id": "e-1", "file_id": "file-e-1"}, ESTIMATES_FILES, guests=False
    ),
    "customer.download_credit": Row(
        PAYER,
        {"credit_id": "c-1"},
        ({"credit_id": "c-cedar"}, {"credit_id": "c-quarry"}, {"credit_id": "nothing"}),
        guests=False,
    ),
    "customer.logo": Row(OPEN, foreign=({"version": "nothing"},)),
    "customer.show_contact": Row(PAYER, {"customer": cast.BLUE_MESA}, OTHERS_CUSTOMERS, guests=False),
    "customer.propose_contact": Row(PAYER, form={"customer": cast.CEDAR_HILL, "name": "Ours now"}, guests=False),
    "customer.show_pay": Row(PAYER, {"i": "68"}, ({"i": "552"}, {"i": "900"})),
    "customer.press_pay": Row(PAYER),
    "customer.press_credit": Row(PAYER, guests=False),
    "customer.show_methods": Row(PAYER, guests=False),
    "customer.show_deposit": Row(PAYER, guests=False),
    "customer.add_method": Row(PAYER, guests=False),
    "customer.enter_method": Row(PAYER, {"method_id": "method-1"}, OTHERS_METHODS, guests=False),
    "customer.method_entered": Row(PAYER, {"method_id": "method-1"}, OTHERS_METHODS, guests=False),
    "customer.change_method": Row(
        PAYER, {"method_id": "method-1", "decision": "name"}, OTHERS_METHODS, form={"name": "Ours now"}, guests=False
    ),
    "customer.show_payment": Row(PAYER, {"payment_id": "pay-part"}, OTHERS_PAYMENTS),
    "customer.listen": Row(PAYER, {"payment_id": "pay-part"}, OTHERS_PAYMENTS),
    "customer.agree_to_retry": Row(PAYER, {"payment_id": "pay-part"}, OTHERS_PAYMENTS, guests=False),
    "customer.stop_retry": Row(PAYER, {"payment_id": "pay-part"}, OTHERS_PAYMENTS, guests=False),
    "customer.show_receipt": Row(PAYER, {"payment_id": "pay-part"}, OTHERS_PAYMENTS),
    "customer.download_receipt": Row(PAYER, {"payment_id": "pay-part"}, OTHERS_PAYMENTS),
    "customer.show_register": Row(OPEN),
    "customer.register": Row(OPEN),
    "customer.show_password_sign_in": Row(OPEN),
    "customer.sign_in_by_password": Row(OPEN),
    "customer.ask_passkey": Row(OPEN),
    "customer.sign_in_by_passkey": Row(OPEN),
    "customer.ask_provider": Row(OPEN),
    "customer.back_from_provider": Row(OPEN),
    "customer.follow_invite": Row(OPEN),
    "customer.show_invite": Row(OPEN),
    "customer.use_invite": Row(OPEN),
    "short.follow_code": Row(OPEN, foreign=({"code": "nothing"}, {"code": "0000-0000-0000"})),
    "customer.home": Row(PAYER, guests=False),
    "customer.move_to_company": Row(PAYER, form={"company": "nowhere"}, guests=False),
    "customer.show_people": Row(PAYER, {"customer": cast.BLUE_MESA}, OTHERS_CUSTOMERS, guests=False),
    "customer.invite_person": Row(PAYER, form={"customer": cast.CEDAR_HILL, "email": "a@b.test"}, guests=False),
    "customer.decide_person": Row(
        PAYER,
        {"contact_id": cast.LUIS, "decision": "again"},
        ({"contact_id": "contact-cy", "decision": "remove"}, {"contact_id": cast.RITA, "decision": "remove"}),
        guests=False,
    ),
    "customer.show_password": Row(PAYER, guests=False),
    "customer.save_password": Row(PAYER, guests=False),
    "customer.ask_new_passkey": Row(PAYER, guests=False),
    "customer.add_passkey": Row(PAYER, guests=False),
    "customer.change_passkey": Row(
        PAYER,
        {"credential_id": "key-dana", "decision": "name"},
        ({"credential_id": "key-luis", "decision": "remove"}, {"credential_id": "nothing", "decision": "remove"}),
        guests=False,
    ),
    "customer.choose": Row(PAYER, guests=False),
    "customer.choose_customer": Row(PAYER, form={"customer": cast.CEDAR_HILL}, guests=False),
    "customer.list_invoices": Row(PAYER, guests=False),
    "customer.list_payments": Row(PAYER, guests=False),
    "customer.show_account": Row(PAYER, guests=False),
    "customer.show_preferences": Row(OPEN, foreign=({"token": "nothing"},)),
    "customer.save_preferences": Row(OPEN, foreign=({"token": "nothing"},)),
    "customer.show_off": Row(OPEN, foreign=({"token": "nothing", "kind": "new"},)),
    "customer.turn_off": Row(OPEN, foreign=({"token": "nothing", "kind": "new"},)),
    "customer.show_mails": Row(PAYER, guests=False),
    "customer.save_wanted": Row(PAYER, guests=False),
    "customer.show_own_mail": Row(
        PAYER, {"mail_id": "mail-1"}, ({"mail_id": "mail-2"}, {"mail_id": "mail-3"}), guests=False
    ),
    "customer.end_sessions": Row(PAYER, guests=False),
    "customer.show_statement": Row(PAYER, {"customer": cast.BLUE_MESA}, OTHERS_CUSTOMERS, guests=False),
    "customer.download_statement": Row(PAYER, {"customer": cast.BLUE_MESA}, OTHERS_CUSTOMERS, guests=False),
    "customer.statement_csv": Row(PAYER, {"customer": cast.BLUE_MESA}, OTHERS_CUSTOMERS, guests=False),
    "staff.show_sign_in": Row(OPEN),
    "staff.ask_for_link": Row(OPEN),
    "staff.link_sent": Row(OPEN),
    "staff.follow_sign_in": Row(OPEN),
    "staff.confirm_sign_in": Row(OPEN),
    "staff.use_sign_in": Row(OPEN),
    "staff.sign_out": Row(STAFF),
    "staff.choose_company": Row(STAFF),
    "staff.move_to_company": Row(STAFF, form={"company": cast.HARBOR}),
    "staff.home": Row(STAFF),
    "staff.search": Row(STAFF),
    "staff.list_needs": Row(STAFF, {"open": "need-1"}, ({"open": "need-1"},)),
    "staff.resolve": Row(STAFF, {"need_id": "need-1"}, ({"need_id": "need-1"},), "bookkeeper", {"note": "done"}),
    "staff.retry_posting": Row(STAFF, {"posting_id": "post-held"}, ({"posting_id": "post-held"},), "bookkeeper"),
    "staff.hold_posting": Row(STAFF, {"posting_id": "post-fresh"}, ({"posting_id": "post-fresh"},), "bookkeeper"),
    "staff.drop_posting": Row(
        STAFF, {"posting_id": "post-held"}, ({"posting_id": "post-held"},), "bookkeeper", {"note": "by hand"}
    ),
    "staff.list_talks": Row(STAFF),
    "staff.show_talk": Row(STAFF, {"thread_id": "talk-68"}, ({"thread_id": "talk-68"},)),
    "staff.talk_file": Row(
        STAFF,
        {"thread_id": "talk-68", **OWN_FILE},
        ({"thread_id": "talk-68", **OWN_FILE}, {"thread_id": "talk-quarry", **OWN_FILE}),
    ),
    "staff.answer_talk": Row(
        STAFF, {"thread_id": "talk-68"}, ({"thread_id": "talk-68"},), "bookkeeper", {"text": "We look into it."}
    ),
    "staff.assign_talk": Row(
        STAFF,
        {"thread_id": "talk-68"},
        ({"thread_id": "talk-68"},),
        "bookkeeper",
        {"owner": cast.OMAR, "due": "2026-12-01"},
    ),
    "staff.list_customers": Row(STAFF),
    "staff.list_proposals": Row(STAFF),
    "staff.decide_proposal": Row(
        STAFF,
        {"proposal_id": "proposal-1", "decision": "accept"},
        ({"proposal_id": "proposal-1", "decision": "accept"}, {"proposal_id": "proposal-1", "decision": "decline"}),
        "bookkeeper",
    ),
    "staff.decide_edit": Row(
        STAFF,
        {"edit_id": "edit-1", "decision": "drop"},
        ({"edit_id": "edit-1", "decision": "drop"}, {"edit_id": "edit-1", "decision": "retry"}),
        "bookkeeper",
    ),
    "staff.show_customer": Row(STAFF, {"customer_id": cast.RIDGE}, ({"customer_id": cast.RIDGE},)),
    "staff.decide_contact": Row(
        STAFF,
        {"customer_id": cast.RIDGE, "contact_id": cast.LUIS, "decision": "block"},
        ({"customer_id": cast.RIDGE, "contact_id": cast.LUIS, "decision": "block"},),
        "bookkeeper",
    ),
    "staff.invite_contact": Row(
        STAFF,
        {"customer_id": cast.RIDGE},
        ({"customer_id": cast.RIDGE},),
        "bookkeeper",
        {"email": "a@ridge.test", "role": "pay"},
    ),
    "staff.make_short_link": Row(STAFF, {"invoice_id": "68"}, ({"invoice_id": "68"},), "bookkeeper"),
    "staff.list_invoices": Row(STAFF),
    "staff.show_invoice": Row(STAFF, {"invoice_id": "68"}, ({"invoice_id": "68"},)),
    "staff.make_link": Row(STAFF, {"invoice_id": "68"}, ({"invoice_id": "68"},), "bookkeeper"),
    "staff.send_link": Row(
        STAFF, {"invoice_id": "68"}, ({"invoice_id": "68"},), "bookkeeper", {"to": "dana@bluemesa.test"}
    ),
    "staff.revoke_link": Row(
        STAFF,
        {"invoice_id": "68", "token_hash": digest("a link")},
        ({"invoice_id": "68", "token_hash": digest("a link")}, {"invoice_id": "900", "token_hash": digest("a link")}),
        "bookkeeper",
    ),
    "staff.show_mailing": Row(STAFF),
    "staff.save_mailing": Row(STAFF, role="owner"),
    "staff.mail_again": Row(STAFF, role="bookkeeper", form={"email": "gone@bluemesa.test"}),
    "staff.show_mail": Row(STAFF, {"mail_id": "mail-1"}, ({"mail_id": "mail-1"},)),
    "staff.remind_now": Row(
        STAFF, {"invoice_id": "68"}, ({"invoice_id": "68"},), "bookkeeper", {"to": "dana@bluemesa.test"}
    ),
    "staff.skip_invoice": Row(STAFF, {"invoice_id": "68"}, ({"invoice_id": "68"},), "bookkeeper", {"skip": "yes"}),
    "staff.skip_customer": Row(
        STAFF, {"customer_id": cast.RIDGE}, ({"customer_id": cast.RIDGE},), "bookkeeper", {"skip": "yes"}
    ),
    "staff.list_payments": Row(STAFF),
    "staff.show_payment": Row(STAFF, {"payment_id": "pay-part"}, ({"payment_id": "pay-part"},)),
    "staff.stop_retry": Row(STAFF, {"payment_id": "pay-part"}, ({"payment_id": "pay-part"},), "bookkeeper"),
    "staff.list_payouts": Row(STAFF),
    "staff.show_payout": Row(STAFF, {"payout_id": "po_1"}, ({"payout_id": "po_1"},)),
    "staff.list_log": Row(STAFF, {"open": "log-1"}, ({"open": "log-1"},)),
    "staff.log_csv": Row(STAFF),
    "staff.show_tie_out": Row(STAFF),
    "staff.prove_now": Row(STAFF, role="bookkeeper"),
    "staff.show_connections": Row(STAFF),
    "staff.save_stripe_keys": Row(STAFF, role="owner"),
    "staff.set_up_accounts": Row(STAFF, role="owner"),
    "staff.show_settings": Row(STAFF),
    "staff.save_settings": Row(STAFF, role="owner"),
    "staff.show_brand": Row(STAFF),
    "staff.save_brand": Row(STAFF, role="owner"),
    "staff.show_address": Row(STAFF),
    "staff.save_address": Row(STAFF, role="owner"),
    "staff.show_paying": Row(STAFF),
    "staff.save_paying": Row(STAFF, role="owner"),
    "staff.switch_paying": Row(STAFF, role="owner"),
    "staff.save_method_rates": Row(STAFF, role="owner"),
    "staff.show_provider": Row(STAFF),
    "staff.save_provider": Row(STAFF, role="owner"),
    "connect.start": Row(STAFF, role="owner"),
    "connect.callback": Row(STAFF, role="owner"),
    "connect.launch": Row(STAFF),
    "connect.reconnect": Row(STAFF),
    "connect.disconnected": Row(OPEN),
    "connect.disconnect": Row(STAFF, role="owner"),
    "connect.start_stripe": Row(STAFF, role="owner"),
    "connect.back_from_stripe": Row(STAFF, role="owner"),
    "connect.disconnect_stripe": Row(STAFF, role="owner"),
}
RANK = ["viewer", "bookkeeper", "owner"]
BY_ROLE = {"viewer": cast.VERA, "bookkeeper": cast.INES, "owner": cast.OMAR}

_map = create_app(cast.runtime_of(Database("sqlite://"))).url_map
RULES = {rule.endpoint: rule for rule in _map.iter_rules() if rule.endpoint != "static"}
WRITES = sorted(name for name, rule in RULES.items() if "POST" in (rule.methods or ()))


def test_every_route_has_a_row() -> None:
    assert set(RULES) == set(ROWS)


@pytest.fixture(autouse=True)
def _more_of_the_cast(rt: Runtime) -> None:
    cast.put(
        rt.db,
        *cast.invoice("552", "1055", customer_id=cast.CEDAR_HILL),
        *cast.payment("pay-cedar", {"552": 1000}, customer_id=cast.CEDAR_HILL),
        *cast.posting("post-held", payment_id="pay-cedar", customer_id=cast.CEDAR_HILL, state="held", held_code="6210"),
        cast.discrepancy("need-1", posting_id="post-held"),
        LogRow(id="log-1", company_id=cast.HARBOR, at=cast.NOW, kind="push", state="held", posting_id="post-held"),
        PayoutRow(
            company_id=cast.HARBOR,
            payout_id="po_1",
            amount_minor=100,
            currency="USD",
            status="paid",
            arrival_day=cast.TODAY,
            created_at=cast.NOW,
        ),
        *cast.contact("contact-cy", "cy@cedarhill.test", [cast.CEDAR_HILL]),
        cast.saved_method("method-1", cast.DANA),
        cast.saved_method("method-luis", cast.LUIS),
        cast.saved_method("method-quarry", cast.DANA, company_id=cast.QUARRY),
        *cast.passkey("key-dana", cast.DANA),
        *cast.passkey("key-luis", cast.LUIS),
        cast.link("a link", "68"),
        cast.link(ELSEWHERE, "900", company_id=cast.QUARRY),
        *cast.attached("file-68", "Invoice", "68"),
        *cast.attached("file-kept", "Invoice", "68", on_send=False),
        *cast.attached("file-552", "Invoice", "552"),
        *cast.attached("file-900", "Invoice", "900", company_id=cast.QUARRY),
        *cast.estimate("e-1", "1012"),
        *cast.estimate("e-cedar", "1013", customer_id=cast.CEDAR_HILL),
        *cast.estimate("e-quarry", "1014", company_id=cast.QUARRY),
        *cast.attached("file-e-1", "Estimate", "e-1"),
        *cast.attached("file-e-cedar", "Estimate", "e-cedar"),
        cast.credit("c-1", "CM-7"),
        cast.credit("c-cedar", "CM-8", customer_id=cast.CEDAR_HILL),
        cast.credit("c-quarry", "CM-9", company_id=cast.QUARRY),
        cast.proposal("proposal-1", {"phone": "(503) 555-0177"}),
        cast.edit("edit-1", state="held"),
        *cast.thread("talk-68", "68"),
        cast.mail("mail-1", "dana@bluemesa.test", customer_id=cast.BLUE_MESA, invoice_id="68"),
        cast.mail("mail-2", "front@cedarhill.test", customer_id=cast.CEDAR_HILL),
        cast.mail("mail-3", "dana@bluemesa.test", company_id=cast.QUARRY),
        AddressRow(id="address-gone", company_id=cast.HARBOR, email="gone@bluemesa.test", stopped_at=cast.NOW),
        *cast.thread("talk-cedar", "552", customer_id=cast.CEDAR_HILL),
        *cast.thread("talk-quarry", "900", company_id=cast.QUARRY, customer_id=cast.STRANGER),
    )


def path_of(app: Flask, endpoint: str, values: dict[str, str]) -> str:
    """Return a route's path at Harbor Tile; what is not said is something that does not exist."""
    known = {name: "harbor-tile" if name == "slug" else f"no-{name}" for name in RULES[endpoint].arguments}
    given: dict[str, Any] = {**known, **values}
    with app.test_request_context():
        return url_for(endpoint, **given)


def call(
    client: FlaskClient, endpoint: str, values: dict[str, str], form: dict[str, str] | None = None
) -> TestResponse:
    """Call a route by its endpoint, with a good form token where it writes."""
    path = path_of(client.application, endpoint, values)
    if "GET" in (RULES[endpoint].methods or ()):
        return client.get(path)
    door = "/staff/sign-in" if path.startswith(("/staff", "/connect")) else "/c/harbor-tile/sign-in/confirm"
    return client.post(path, data={**(form or {}), "csrf_token": csrf_of(client, door)})


def is_shut(answer: TestResponse) -> bool:
    """Tell whether an answer gave nothing: not there, not allowed, or please sign in."""
    to_sign_in = answer.status_code == 302 and answer.location.endswith("/sign-in")
    return answer.status_code in (403, 404) or to_sign_in


def is_served(answer: TestResponse) -> bool:
    """Tell whether a page was there: shown, its form taken or found incomplete, or the books were away."""
    return not is_shut(answer) and answer.status_code in (200, 302, 422, 503)


PAYERS = sorted(name for name, row in ROWS.items() if row.audience == PAYER)
OF_STAFF = sorted(name for name, row in ROWS.items() if row.audience == STAFF)
Opener = Callable[..., FlaskClient]


@pytest.mark.parametrize("endpoint", PAYERS)
def test_a_stranger_gets_nothing_of_the_payers(client: FlaskClient, endpoint: str) -> None:
    row = ROWS[endpoint]
    for values in (row.own, *row.foreign):
        assert is_shut(call(client, endpoint, values, row.form)), values


@pytest.mark.parametrize("endpoint", [name for name in PAYERS if ROWS[name].foreign and ROWS[name].guests])
def test_a_link_opens_its_own_invoice_and_no_other(opened: Opener, endpoint: str) -> None:
    row, guest = ROWS[endpoint], opened("68")
    assert is_served(call(guest, endpoint, row.own))
    for values in row.foreign:
        assert call(guest, endpoint, values).status_code == 404, values


@pytest.mark.parametrize("endpoint", [name for name in PAYERS if not ROWS[name].guests])
def test_a_link_opens_no_account(opened: Opener, endpoint: str) -> None:
    assert is_shut(call(opened("68"), endpoint, {}, ROWS[endpoint].form))


@pytest.mark.parametrize("endpoint", [name for name in PAYERS if ROWS[name].foreign or ROWS[name].form])
def test_a_contact_sees_the_own_customer_and_no_other(signed_in: Opener, endpoint: str) -> None:
    row, dana = ROWS[endpoint], signed_in(cast.DANA)
    if row.own:
        assert is_served(call(dana, endpoint, row.own))
    for values in row.foreign or ({},):
        assert call(dana, endpoint, values, row.form).status_code == 404, values


@pytest.mark.parametrize("endpoint", PAYERS)
def test_another_merchants_contact_is_a_stranger_here(app: Flask, rt: Runtime, endpoint: str) -> None:
    """Even with the session's secret under the name that this merchant's cookie has."""
    who = {"company_id": cast.QUARRY, "contact_id": cast.RITA, "invoices": "900"}
    rita = with_session(app, rt, sessions.payer_door("quarry-lane"), sessions.CUSTOMER, **who)
    token = rita.get_cookie(cookie_name(rt.settings, "c-quarry-lane"))
    assert token is not None
    rita.set_cookie(cookie_name(rt.settings, "c-harbor-tile"), token.value)
    row = ROWS[endpoint]
    for values in (row.own, *row.foreign):
        assert is_shut(call(rita, endpoint, values, row.form)), values


@pytest.mark.parametrize("endpoint", OF_STAFF)
def test_the_console_asks_strangers_and_payers_to_sign_in(
    client: FlaskClient, signed_in: Opener, endpoint: str
) -> None:
    row = ROWS[endpoint]
    for visitor in (client, signed_in(cast.DANA)):
        answer = call(visitor, endpoint, row.own, row.form)
        assert answer.status_code == 302
        assert answer.location == "/staff/sign-in"


@pytest.mark.parametrize("endpoint", [name for name in OF_STAFF if ROWS[name].foreign or ROWS[name].form])
def test_staff_of_another_company_find_nothing(at_desk: Opener, endpoint: str) -> None:
    row, petra = ROWS[endpoint], at_desk(cast.PETRA, cast.QUARRY)
    for values in row.foreign or ({},):
        assert call(petra, endpoint, values, row.form).status_code == 404, values


@pytest.mark.parametrize("endpoint", OF_STAFF)
@pytest.mark.parametrize("role", RANK)
def test_roles(at_desk: Opener, endpoint: str, role: str) -> None:
    row = ROWS[endpoint]
    answer = call(at_desk(BY_ROLE[role]), endpoint, row.own, row.form)
    if RANK.index(role) < RANK.index(row.role):
        assert answer.status_code == 403
    else:
        assert answer.status_code in (200, 302, 303, 422), answer.status


def test_somebody_who_was_taken_off_is_off_at_the_next_page(rt: Runtime, at_desk: Opener) -> None:
    ines = at_desk(cast.INES)
    assert ines.get("/staff/").status_code == 200
    with rt.db.write("fire") as session:
        session.delete(session.get_one(MembershipRow, (cast.INES, cast.HARBOR)))
    assert ines.get("/staff/").status_code == 302


def test_a_customer_taken_from_a_contact_is_gone_at_the_next_page(rt: Runtime, signed_in: Opener) -> None:
    dana = signed_in(cast.DANA)
    assert dana.get("/c/harbor-tile/i/68").status_code == 200
    with rt.db.write("take") as session:
        session.get_one(ContactCustomerRow, (cast.HARBOR, cast.DANA, cast.BLUE_MESA)).state = "blocked"
    assert dana.get("/c/harbor-tile/i/68").status_code == 404


def test_what_is_not_yours_answers_like_what_does_not_exist(opened: Opener) -> None:
    guest = opened("68")
    bodies = {guest.get(f"/c/harbor-tile/i/{one}").get_data() for one in ("552", "900", "no-such-invoice")}
    assert len(bodies) == 1


# Mail programs post here from no page of ours: the signed link is their right (tests/portal/test_preferences.py).
ONE_PRESS = "customer.turn_off"


@pytest.mark.parametrize("endpoint", [name for name in WRITES if ROWS[name].audience != HOOK and name != ONE_PRESS])
def test_nothing_is_written_without_the_forms_token(
    app: Flask, rt: Runtime, at_desk: Opener, signed_in: Opener, endpoint: str
) -> None:
    row = ROWS[endpoint]
    who: Any = signed_in(cast.LUIS) if endpoint.startswith("customer.") else at_desk(cast.OMAR)
    stranger = app.test_client()
    foreign = csrf_of(stranger, "/staff/sign-in")
    path = path_of(app, endpoint, row.own)
    before = _everything(rt)
    assert who.post(path, data=row.form).status_code == 400
    assert who.post(path, data={**row.form, "csrf_token": foreign}).status_code == 400
    assert who.post(path, data=row.form, headers={"Sec-Fetch-Site": "cross-site"}).status_code in (400, 403)
    assert _everything(rt) == before


def test_a_good_token_sent_by_another_site_is_refused(at_desk: Opener) -> None:
    omar = at_desk(cast.OMAR)
    token = csrf_of(omar, "/staff/settings")
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.test"}):
        assert omar.post("/staff/settings", data={"csrf_token": token}, headers=headers).status_code == 403
    assert omar.post("/staff/settings", data={"csrf_token": token}, headers={"Origin": "null"}).status_code == 302


def _everything(rt: Runtime) -> dict[str, int]:
    """Return how many rows each table holds, apart from sessions' last visits."""
    tables = SQLModel.metadata.sorted_tables
    with rt.db.engine.connect() as connection:
        return {table.name: len(connection.execute(table.select()).fetchall()) for table in tables}


def test_no_link_is_made_to_another_companys_invoice(rt: Runtime) -> None:
    assert links.make_invoice_link(rt, cast.QUARRY, "68") is None
