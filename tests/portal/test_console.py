"""The console's pages and acts on a staged company: what they say, what they change, what they refuse."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlmodel import col, select, update

from connector.store.access import ContactCustomerRow, LinkRow
from connector.store.books import DiscrepancyRow, TieoutRow
from connector.store.cache import CursorRow
from connector.store.companies import CompanyRow
from connector.store.log import LogRow
from connector.store.money import BalanceTxnRow, PayoutRow
from connector.store.outbox import LegRow, MailRow, PostingRow
from portal.staff.sync_log import as_text
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import Opener, csrf_of
from tests.portal.test_invoice_page import text_of


def log_line(row_id: str, **more: Any) -> LogRow:
    given = {"company_id": cast.HARBOR, "at": cast.NOW, "kind": "push", "state": "recorded", **more}
    return LogRow(id=row_id, **given)


@pytest.fixture(autouse=True)
def _books(rt: Runtime) -> None:
    cast.put(
        rt.db,
        *cast.invoice("552", "1055", customer_id=cast.CEDAR_HILL, total=241550, tax=0),
        *cast.payment("pay-cedar", {"552": 241550}, customer_id=cast.CEDAR_HILL, numbers={"552": "1055"}),
        *cast.posting(
            "post-held",
            payment_id="pay-cedar",
            customer_id=cast.CEDAR_HILL,
            minor=241550,
            state="held",
            held_code="6210",
            held_text="September is closed in QuickBooks.",
            held_next="Open the period, then retry.",
        ),
        cast.discrepancy("need-1", posting_id="post-held", payment_id="pay-cedar"),
        log_line("log-1", sentence="Payment of Blue Mesa Ranch posted to invoice 1068", money_minor=100000,
                 currency="USD", posting_id="post-part", payment_id="pay-part", entity="Payment", qbo_id="190",
                 trace="1-6741aa2f"),
        log_line("log-2", kind="pull", state="pulled", sentence="=HYPERLINK(\"http://evil.test\")",
                 at=cast.NOW - timedelta(days=3)),
        log_line("log-3", state="held", sentence="Payment of Cedar Hill Dental waits", posting_id="post-held",
                 payment_id="pay-cedar", at=cast.NOW - timedelta(days=20)),
        LogRow(id="log-q", company_id=cast.QUARRY, at=cast.NOW, kind="push", state="recorded", sentence="Quarry only"),
        PayoutRow(company_id=cast.HARBOR, payout_id="po_1", amount_minor=97070, currency="USD", status="in_transit",
                  arrival_day=cast.TODAY + timedelta(days=2), trace="091000019912345", created_at=cast.NOW),
        BalanceTxnRow(company_id=cast.HARBOR, txn_id="txn_1", kind="charge", category="charge",
                      source_id="ch_pay-part", amount_minor=100000, fee_minor=2930, net_minor=97070, currency="USD",
                      payout_id="po_1", created_at=cast.NOW, available_at=cast.NOW),
        TieoutRow(id="t1", company_id=cast.HARBOR, at=cast.NOW - timedelta(minutes=4), currency="USD",
                  stripe_minor=97070, postings_minor=97070, books_minor=97069, unexplained_minor=1,
                  lines="[]", ties=False),
    )  # fmt: skip


def said(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return text_of(answer.get_data(as_text=True))


PAGES = {
    "/staff/": ["1 thing needs a person", "The tie-out of 4 minutes ago left something unexplained",
                "$970.70", "Tuesday 24 November, in 2 days", "1 posting", "0.01", "Blue Mesa Ranch"],
    "/staff/needs": ["A payment waits: September is closed in QuickBooks.", "2,415.50", "15 minutes ago", "Yours"],
    "/staff/needs?open=need-1": ["Debit Stripe clearing", "Credit Accounts receivable", "Retry now",
                                 "I settled it", "Why, step by step"],
    "/staff/customers": ["Blue Mesa Ranch", "Cedar Hill Dental", "620.00"],
    "/staff/customers?show=owing": ["Blue Mesa Ranch"],
    "/staff/customers/24": ["dana@bluemesa.test", "May sign in", "1068", "Visa 4242"],
    "/staff/invoices": ["1068", "Partly paid", "1074", "Voided", "1075", "Deleted"],
    "/staff/invoices?show=overdue": ["1059"],
    "/staff/invoices/75": ["Deleted", "$0.00", "Total $250.00", "was deleted in QuickBooks: there is nothing to pay"],
    "/staff/invoices/68": ["Invoice 1068", "Copy a link", "Mail a link", "Slate floor, kitchen"],
    "/staff/payments": ["Recorded", "On its way", "Test Bank 6789"],
    "/staff/payments/pay-part": ["What it pays", "Payment 190 in QuickBooks", "pi_pay-part", "Seen so."],
    "/staff/payouts": ["po_1", "On its way", "970.70"],
    "/staff/payouts/po_1": ["Payout", "Together 1,000.00 −29.30 970.70"],
    "/staff/log": ["Payment of Blue Mesa Ranch posted to invoice 1068", "1,000.00", "Held"],
    "/staff/log?open=log-1": ["Payment 190 in QuickBooks", "The payment behind it"],
    "/staff/tie-out": ["Balance at Stripe $970.70", "Stripe clearing in QuickBooks $970.69",
                       "0.01 unexplained. Every line above says what to do."],
    "/staff/connections": ["Company 9341457021722234", "test payments", "Accounts"],
    "/staff/settings": ["Harbor Tile Co.", "Ines Marques", "bookkeeper"],
    "/staff/search?q=1068": [],
    "/staff/companies": ["Harbor Tile Co.", "Here"],
}  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_pages_say_what_they_are_for(at_desk: Opener, path: str) -> None:
    client = at_desk(cast.OMAR)
    answer = client.get(path)
    if answer.status_code == 302:  # one exact hit of the search is opened at once
        assert answer.location == "/staff/invoices/68"
        return
    words = text_of(answer.get_data(as_text=True))
    for expected in PAGES[path]:
        assert expected in words, expected
    assert "Quarry" not in words


EMPTY = ["", "needs", "customers", "invoices", "payments", "payouts", "log", "tie-out", "connections", "search"]


@pytest.mark.parametrize("page", EMPTY)
def test_an_empty_company_has_designed_pages(rt: Runtime, at_desk: Opener, page: str) -> None:
    cast.put(
        rt.db,
        cast.company("01EMPTY", "empty", "Empty Co."),
        *cast.staff("newcomer", "n@e.test", "N", {"01EMPTY": "owner"}),
    )
    words = said(at_desk("newcomer", "01EMPTY"), f"/staff/{page}")
    assert "None" not in words.replace("None announced", "").replace("None yet", "")
    assert "QuickBooks is not connected" in words


def test_the_first_load_shows_its_progress(rt: Runtime, at_desk: Opener) -> None:
    with rt.db.write("loading") as session:
        session.get_one(CursorRow, (cast.HARBOR, "*")).phase = "first"
        session.add(
            CursorRow(
                company_id=cast.HARBOR,
                entity="Invoice",
                pulled=1200,
                expected=5000,
                started_at=cast.NOW,
                updated_at=cast.NOW,
            )
        )
    vera = at_desk(cast.VERA)
    assert '<meta http-equiv="refresh"' in vera.get("/staff/").get_data(as_text=True)
    words = said(vera, "/staff/")
    assert "1,200 of about 5,000 objects read from QuickBooks" in words


@pytest.mark.parametrize(
    ("query", "found", "missing"),
    [
        ("q=Blue+Mesa", "log-1", "log-2"),
        ("q=1%2C000.00", "log-1", "log-3"),
        ("q=190", "log-1", "log-3"),
        ("q=1-6741aa2f", "log-1", "log-2"),
        ("state=held", "log-3", "log-1"),
        ("kind=pull", "log-2", "log-1"),
        ("days=7", "log-2", "log-3"),
        ("q=100%25", None, "log-1"),
        ("q=_", None, "log-1"),
    ],
)
def test_the_log_is_searched_and_filtered(at_desk: Opener, query: str, found: str | None, missing: str) -> None:
    html = at_desk(cast.VERA).get(f"/staff/log?{query}").get_data(as_text=True)
    assert found is None or f"open={found}" in html
    assert f"open={missing}" not in html


def test_the_csv_holds_the_filtered_lines_and_no_formulas(at_desk: Opener) -> None:
    answer = at_desk(cast.VERA).get("/staff/log.csv?days=7")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="harbor-tile-sync-log-2026-11-22.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    assert [row["what happened"] for row in rows] == [
        "Payment of Blue Mesa Ranch posted to invoice 1068",
        '\'=HYPERLINK("http://evil.test")',
    ]
    assert rows[0]["amount"] == "1000.00"


def test_a_long_log_is_whole_in_the_csv(rt: Runtime, at_desk: Opener) -> None:
    many = 2_345
    at = cast.NOW - timedelta(days=40)
    cast.put(
        rt.db, *(log_line(f"many-{n:05}", at=at - timedelta(seconds=n // 7), sentence=f"{n}") for n in range(many))
    )
    text = at_desk(cast.VERA).get("/staff/log.csv").get_data(as_text=True)
    found = [int(row["what happened"]) for row in csv.DictReader(io.StringIO(text)) if row["what happened"].isdigit()]
    assert sorted(found) == list(range(many))


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "−5"])
def test_what_a_spreadsheet_would_run_becomes_text(cell: str) -> None:
    assert as_text(cell) == f"'{cell}"
    assert as_text("1068") == "1068"


def post(client: FlaskClient, path: str, **form: str) -> Any:
    return client.post(path, data={**form, "csrf_token": csrf_of(client, "/staff/")})


def test_retrying_a_held_posting_rings_the_bell(rt: Runtime, at_desk: Opener) -> None:
    ines = at_desk(cast.INES)
    answer = post(ines, "/staff/postings/post-held/retry", back="/staff/log?open=log-3")
    assert answer.location == "/staff/log?open=log-3"
    assert "It is sent to QuickBooks again now." in said(ines, answer.location)
    assert cast.in_session(rt.db, PostingRow, "post-held").state == "due"
    assert ("push", cast.HARBOR) in rt.bell.rings  # type: ignore[attr-defined]


def test_a_held_posting_is_dated_anew_by_a_persons_word(rt: Runtime, at_desk: Opener) -> None:
    ines = at_desk(cast.INES)
    refused = post(ines, "/staff/postings/post-held/retry", day="1 October")
    assert "Write the date like 2026-11-30." in said(ines, refused.location)
    assert cast.in_session(rt.db, PostingRow, "post-held").state == "held"
    post(ines, "/staff/postings/post-held/retry", day="2026-11-23")
    row: PostingRow = cast.in_session(rt.db, PostingRow, "post-held")
    assert (row.state, row.day.isoformat()) == ("due", "2026-11-23")


def test_an_earlier_payment_is_offered_no_other_date(rt: Runtime, at_desk: Opener) -> None:
    ines = at_desk(cast.INES)
    pages = ("/staff/needs?open=need-1", "/staff/log?open=log-3", "/staff/payments/pay-cedar")
    assert all("another date" in said(ines, page) for page in pages)
    with rt.db.write("earlier") as session:
        session.exec(update(PostingRow).where(col(PostingRow.id) == "post-held").values(kind="apply"))
        of_it = update(LegRow).where(col(LegRow.posting_id) == "post-held")
        session.exec(of_it.where(col(LegRow.n) == 0).values(role="receivable", credit="Payment/77", cites=""))
        session.exec(of_it.where(col(LegRow.n) == 1).values(invoice_id="552"))
    for page in pages:
        text = said(ines, page)
        assert "Retry now" in text
        assert "another date" not in text
        assert "Stripe clearing" not in text
    assert "Earlier payment" in text


def test_a_large_payout_is_summed_whole(rt: Runtime, at_desk: Opener) -> None:
    of = {"company_id": cast.HARBOR, "kind": "charge", "category": "charge", "currency": "USD", "payout_id": "po_1"}
    made = {"created_at": cast.NOW, "available_at": cast.NOW, "amount_minor": 1000, "fee_minor": 30, "net_minor": 970}
    cast.put(rt.db, *(BalanceTxnRow(txn_id=f"txn_m{n:03}", source_id=f"ch_{n}", **of, **made) for n in range(520)))
    page = said(at_desk(cast.VERA), "/staff/payouts/po_1")
    assert "6,200.00" in page, "what 521 charges came to"
    assert "185.30" in page, "and their fees"
    assert "The first 500 of 521 are listed" in page


def test_a_long_story_is_told_to_its_end(rt: Runtime, at_desk: Opener) -> None:
    at = cast.NOW - timedelta(hours=3)
    tries = [
        log_line(
            f"log-try-{n:03}", sentence=f"It was tried, {n} times", posting_id="post-held", at=at + timedelta(minutes=n)
        )
        for n in range(90)
    ]
    cast.put(rt.db, *tries)
    assert "It was tried, 89 times" in said(at_desk(cast.VERA), "/staff/needs?open=need-1")


def test_a_posting_that_is_recorded_is_not_sent_again(rt: Runtime, at_desk: Opener) -> None:
    ines = at_desk(cast.INES)
    answer = post(ines, "/staff/postings/post-part/retry")
    assert "It is recorded in QuickBooks already." in said(ines, answer.location)
    assert cast.in_session(rt.db, PostingRow, "post-part").state == "posted"


@pytest.mark.parametrize("way", ["https://evil.test/", "//evil.test", "/\\evil.test", "/c/harbor-tile/", "/staff/\\x"])
def test_an_act_never_leads_elsewhere(at_desk: Opener, way: str) -> None:
    assert post(at_desk(cast.INES), "/staff/postings/post-part/retry", back=way).location == "/staff/needs"


def test_settling_a_discrepancy_keeps_who_and_why(rt: Runtime, at_desk: Opener) -> None:
    ines = at_desk(cast.INES)
    refused = post(ines, "/staff/needs/need-1/resolve", note="  ")
    assert "Say in a few words how it was settled." in said(ines, refused.location)
    post(ines, "/staff/needs/need-1/resolve", note="Opened September")
    row: DiscrepancyRow = cast.in_session(rt.db, DiscrepancyRow, "need-1")
    assert (row.closed_by, row.closing_note, row.closed_at) == (cast.INES, "Opened September", cast.NOW)
    assert "Opened September" in said(ines, "/staff/needs?show=closed")
    with rt.db.read() as session:
        assert any("Ines Marques settled" in line.sentence for line in session.exec(select(LogRow)))


def test_a_link_is_made_shown_once_and_revoked(rt: Runtime, at_desk: Opener, client: FlaskClient) -> None:
    ines = at_desk(cast.INES)
    page = post(ines, "/staff/invoices/68/link").get_data(as_text=True)
    start = page.index(f"{cast.PUBLIC_URL}/c/harbor-tile/l/")
    url = page[start : page.index('"', start)]
    assert client.get(url.removeprefix(cast.PUBLIC_URL)).status_code == 302
    assert client.get("/c/harbor-tile/i/68").status_code == 200
    assert "/l/" not in ines.get("/staff/invoices/68").get_data(as_text=True)
    with rt.db.read() as session:
        [hashed] = session.exec(select(LinkRow.token_hash)).all()
    post(ines, f"/staff/invoices/68/links/{hashed}/revoke")
    assert client.get("/c/harbor-tile/i/68").status_code == 302  # also where it had been opened
    assert client.get(url.removeprefix(cast.PUBLIC_URL)).status_code == 404


@pytest.mark.parametrize("ask", ["link", "short", "send"])
def test_an_invoice_that_was_taken_back_is_given_no_link(rt: Runtime, at_desk: Opener, ask: str) -> None:
    ines = at_desk(cast.INES)
    answer = post(ines, f"/staff/invoices/74/{ask}", to="dana@bluemesa.test")
    assert answer.location == "/staff/invoices/74"
    words = said(ines, "/staff/invoices/74")
    assert "No link was made: this invoice was voided in QuickBooks." in words
    assert "Copy a link" not in words
    with rt.db.read() as session:
        assert session.exec(select(LinkRow).where(col(LinkRow.invoice_id) == "74")).all() == []
        assert session.exec(select(MailRow)).all() == []


def test_a_link_is_mailed_to_addresses_on_file_only(rt: Runtime, at_desk: Opener) -> None:
    ines = at_desk(cast.INES)
    assert post(ines, "/staff/invoices/68/send", to="evil@evil.test").status_code == 400
    post(ines, "/staff/invoices/68/send", to="luis@bluemesa.test")
    with rt.db.read() as session:
        [mail] = session.exec(select(MailRow)).all()
    assert (mail.kind, mail.to, mail.company_id) == ("invoice_link", "luis@bluemesa.test", cast.HARBOR)
    assert cast.PUBLIC_URL not in mail.context_cipher
    assert ("mail", mail.id) in rt.bell.rings  # type: ignore[attr-defined]


def test_a_contact_is_let_in_and_blocked(rt: Runtime, at_desk: Opener, signed_in: Opener) -> None:
    ines, luis = at_desk(cast.INES), signed_in(cast.LUIS)
    post(ines, f"/staff/customers/24/contacts/{cast.LUIS}/block")
    assert luis.get("/c/harbor-tile/i/68").status_code == 404
    post(ines, f"/staff/customers/24/contacts/{cast.LUIS}/approve")
    assert luis.get("/c/harbor-tile/i/68").status_code == 200
    key = (cast.HARBOR, cast.LUIS, cast.RIDGE)
    assert cast.in_session(rt.db, ContactCustomerRow, key).state == "active"


SETTINGS = {
    "name": "Harbor Tile & Stone",
    "place": "Portland",
    "phone": "1",
    "email": "New@harbortile.test",
    "address": " 1 Water St \n\n Portland ",
    "accent": "#AA3300",
    "zone": "America/New_York",
    "least_part": "$25",
    "spread_rule": "evenly",
    "pay_on_last_known": "yes",
}


def test_settings_are_saved_by_their_names_and_no_others(rt: Runtime, at_desk: Opener) -> None:
    omar = at_desk(cast.OMAR)
    hostile = {"slug": "quarry-lane", "realm_id": "1", "id": cast.QUARRY, "home_currency": "EUR"}
    post(omar, "/staff/settings", **SETTINGS, **hostile)
    row: CompanyRow = cast.in_session(rt.db, CompanyRow, cast.HARBOR)
    assert (row.name, row.email, row.accent) == ("Harbor Tile & Stone", "new@harbortile.test", "#aa3300")
    assert row.address == "1 Water St\nPortland"
    assert row.allow_partial is False
    assert (row.least_part_minor, row.spread_rule, row.pay_on_last_known) == (2500, "evenly", True)
    assert (row.slug, row.realm_id, row.home_currency) == ("harbor-tile", "9341457021722234", "USD")
    assert "Harbor Tile &amp; Stone" in omar.get("/staff/settings").get_data(as_text=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"accent": "red;}"},
        {"zone": "Mars/Base"},
        {"email": "nobody"},
        {"least_part": "much"},
        {"spread_rule": "mine"},
    ],
)
def test_wrong_settings_change_nothing(rt: Runtime, at_desk: Opener, wrong: dict[str, str]) -> None:
    before = cast.in_session(rt.db, CompanyRow, cast.HARBOR).model_dump()
    post(at_desk(cast.OMAR), "/staff/settings", **{**SETTINGS, **wrong})
    assert cast.in_session(rt.db, CompanyRow, cast.HARBOR).model_dump() == before


def test_proving_without_connections_says_which_one(at_desk: Opener) -> None:
    ines = at_desk(cast.INES)
    answer = post(ines, "/staff/tie-out")
    assert "is not connected, so its side cannot be read." in said(ines, answer.location)


def test_somebody_of_two_companies_moves_between_them(rt: Runtime, at_desk: Opener) -> None:
    both = {cast.HARBOR: "viewer", cast.QUARRY: "owner"}
    cast.put(rt.db, *cast.staff("both", "both@firm.test", "Both", both))
    client = at_desk("both")
    assert "1068" in said(client, "/staff/invoices")
    assert post(client, "/staff/companies", company=cast.QUARRY).location == "/staff/"
    words = said(client, "/staff/invoices")
    assert "Q-900" in words
    assert "1068" not in words
    assert client.get("/staff/invoices/68").status_code == 404
    assert post(client, "/staff/companies", company="01NOBODYS").status_code == 404


def test_a_mails_link_to_another_company_asks_first_and_then_leads_on(rt: Runtime, at_desk: Opener) -> None:
    both = {cast.HARBOR: "viewer", cast.QUARRY: "owner"}
    cast.put(rt.db, *cast.staff("both", "both@firm.test", "Both", both))
    client = at_desk("both")
    asked = client.get("/staff/invoices?at=quarry-lane")
    assert asked.location == "/staff/companies?at=quarry-lane"
    assert "belongs to Quarry Lane" in said(client, asked.location)
    assert "1068" in said(client, "/staff/invoices")  # nothing has turned yet
    client.get("/staff/invoices?at=quarry-lane")
    led = post(client, "/staff/companies", company=cast.QUARRY)
    assert led.location == "/staff/invoices?at=quarry-lane"
    assert "Q-900" in said(client, led.location)
    assert client.get("/staff/invoices?at=no-company").status_code == 200  # says nothing of companies he has no part in


@pytest.mark.parametrize("wanted", ["pi_pay-part", "ch_pay-part", "190", "091000019912345", "Cedar", "luis", "$412.00"])
def test_one_search_finds_by_any_name_or_id(at_desk: Opener, wanted: str) -> None:
    answer = at_desk(cast.VERA).get("/staff/search", query_string={"q": wanted})
    assert answer.status_code == 302 or "Nothing matches" not in answer.get_data(as_text=True)


def test_stripe_keys_are_looked_at_before_they_are_kept(at_desk: Opener) -> None:
    omar = at_desk(cast.OMAR)
    answer = post(omar, "/staff/connections/stripe", secret_key="nonsense", publishable_key="pk", webhook_secret="w")
    assert "begins with rk_ or sk_" in said(omar, answer.location)
    assert "nonsense" not in omar.get("/staff/connections").get_data(as_text=True)


def test_the_callback_believes_no_state_but_its_own(at_desk: Opener) -> None:
    omar = at_desk(cast.OMAR)
    answer = omar.get("/connect/quickbooks/callback?state=forged&code=x&realmId=1")
    assert answer.location == "/staff/connections"
    assert "This consent was used already" in said(omar, answer.location)
    refused = omar.get("/connect/quickbooks/callback?error=access_denied&state=x")
    assert "the consent was not given" in said(omar, refused.location)
