"""The cast: who stands on the stage in tests, with their rows already in the database.

Harbor Tile Co. is the merchant; Ines keeps its books, Omar owns it, Vera only looks. Blue Mesa Ranch is its customer,
with two contacts, Dana and Luis. Quarry Lane Stone is a second merchant, with people and papers of its own, who must
see nothing of the first and show nothing to it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import Session, SQLModel

from connector.clock import Clock
from connector.errors import NotConnected
from connector.ledger.keys import PostingKey, reference
from connector.settings import Settings
from connector.store.access import ContactCustomerRow, ContactRow, LinkRow, MembershipRow, PasskeyRow, StaffRow
from connector.store.books import DiscrepancyRow
from connector.store.cache import BookPaymentRow, CreditRow, CursorRow, CustomerRow, InvoiceRow, ListingRow, RawRow
from connector.store.companies import CompanyRow, ConnectionRow
from connector.store.edits import EditRow, ProposalRow
from connector.store.methods import SavedMethodRow
from connector.store.money import PaymentEventRow, PaymentRow, ShareRow
from connector.store.outbox import LegRow, MailRow, PostingRow
from connector.store.papers import AttachedRow, EstimateRow
from connector.store.session import Database
from connector.store.talk import AttachmentRow, MessageRow, ThreadRow
from oauth.vault import Vault
from sync.runtime import Runtime

NOW = datetime(2026, 11, 22, 22, 2, 31, tzinfo=UTC)  # 14:02:31 in Portland
TODAY = date(2026, 11, 22)
ZONE = "America/Los_Angeles"
VAULT_KEYS = "t1:" + "A" * 43 + "="
PUBLIC_URL = "http://pay.example.test"

HARBOR, QUARRY = "01HARBORTILE00000000000000", "01QUARRYLANE00000000000000"
OMAR, INES, VERA, PETRA = "staff-omar", "staff-ines", "staff-vera", "staff-petra"
DANA, LUIS, RITA = "contact-dana", "contact-luis", "contact-rita"
BLUE_MESA, CEDAR_HILL, RIDGE = "24", "31", "40"  # customers of Harbor Tile
STRANGER = "24"  # a customer of Quarry Lane with the same number in its own books


class StandingClock(Clock):
    """A clock that stands still until a test moves it."""

    def __init__(self, at: datetime = NOW) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


class NoGateways:
    """The gateways of companies that are connected to nothing."""

    def quickbooks(self, company_id: str) -> Any:
        raise NotConnected(company_id, "quickbooks")

    def stripe(self, company_id: str) -> Any:
        raise NotConnected(company_id, "stripe")


@dataclass
class HeardBell:
    """A bell that remembers who rang it."""

    rings: list[tuple[str, str]] = field(default_factory=list)

    def ring(self, work: str, subject: str) -> None:
        self.rings.append((work, subject))


def settings_of(database_url: str, **changes: Any) -> Settings:
    """Return the settings of a small installation, in sandbox mode unless changed."""
    given = {
        "tieout_mode": "sandbox",
        "public_url": PUBLIC_URL,
        "trusted_hosts": "localhost,127.0.0.1",
        "secret_key": "a key for tests, long enough to pass",
        "vault_keys": VAULT_KEYS,
        "database_url": database_url,
    }
    return Settings(**{**given, **changes})


def runtime_of(db: Database, **changes: Any) -> Runtime:
    """Return a runtime on a database, with a clock that stands still and no connections."""
    settings = settings_of(str(db.url), **changes.pop("settings", {}))
    parts: dict[str, Any] = {
        "settings": settings,
        "db": db,
        "clock": StandingClock(),
        "vault": Vault(settings.vault_keys),
        "gateways": NoGateways(),
        "bell": HeardBell(),
    }
    return Runtime(**{**parts, **changes})


# ------------------------------------------------------------------ rows


def put(db: Database, *rows: SQLModel) -> None:
    """Insert rows in one commit, each table at once and the tables they refer to first."""
    by_table: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_table.setdefault(str(row.__tablename__), []).append(row.model_dump())
    with db.write("cast") as session:
        for table in SQLModel.metadata.sorted_tables:
            if table.name in by_table:
                session.connection().execute(table.insert(), by_table[table.name])


def company(company_id: str, slug: str, name: str, **more: Any) -> CompanyRow:
    """Return a company's row."""
    return CompanyRow(id=company_id, slug=slug, name=name, zone=ZONE, created_at=NOW, **more)


def customer(qbo_id: str, name: str, *, company_id: str = HARBOR, **more: Any) -> CustomerRow:
    """Return a customer's row."""
    return CustomerRow(company_id=company_id, qbo_id=qbo_id, sync_token="0", name=name, **more)


def contact(
    contact_id: str, email: str, customers: Iterable[str], *, company_id: str = HARBOR, role: str = "manage"
) -> list[SQLModel]:
    """Return a contact's rows: the person, and each customer they may act for."""
    person = ContactRow(id=contact_id, company_id=company_id, email=email, created_at=NOW)
    of = {"company_id": company_id, "contact_id": contact_id, "role": role}
    return [person, *(ContactCustomerRow(customer_id=one, **of) for one in customers)]


def passkey(credential_id: str, contact_id: str, *, company_id: str = HARBOR) -> list[SQLModel]:
    """Return a passkey's row; its public half fits nothing."""
    of = {"company_id": company_id, "contact_id": contact_id, "created_at": NOW}
    return [PasskeyRow(credential_id=credential_id, public_key="AAAA", name="A laptop", **of)]


def saved_method(method_id: str, contact_id: str, *, company_id: str = HARBOR, **more: Any) -> SavedMethodRow:
    """Return the row of a card that a contact keeps."""
    given = {
        "state": "ready",
        "label": "Visa 4242",
        "kind": "card",
        "expires": "04/29",
        "method_ref": f"pm_{method_id}",
    }
    times = {"consent_at": NOW, "created_at": NOW}
    return SavedMethodRow(id=method_id, company_id=company_id, contact_id=contact_id, **times, **{**given, **more})


def staff(staff_id: str, email: str, name: str, roles: dict[str, str]) -> list[SQLModel]:
    """Return a staff member's rows: the person and a role in each company."""
    return [
        StaffRow(id=staff_id, email=email, name=name, created_at=NOW),
        *(MembershipRow(staff_id=staff_id, company_id=one, role=role) for one, role in roles.items()),
    ]


SLATE = {"title": "Slate floor, kitchen", "item": "Slate", "qty": 50, "price": 25, "served": "2026-10-02"}
SEALING = {"title": "Sealing", "item": "Sealing", "qty": 1, "price": 250}


def invoice(
    qbo_id: str,
    number: str,
    *,
    company_id: str = HARBOR,
    customer_id: str = BLUE_MESA,
    total: int = 162000,
    balance: int | None = None,
    due: date | None = date(2026, 12, 1),
    issued: date = date(2026, 10, 2),
    state: str = "live",
    currency: str = "USD",
    lines: Sequence[dict[str, Any]] = (SLATE, SEALING),
    tax: int = 12000,
    payments: Sequence[str] = (),
    memo: str = "",
    **more: Any,
) -> list[SQLModel]:
    """Return an invoice's head and its raw text, amounts in minor units."""
    head = InvoiceRow(
        company_id=company_id,
        qbo_id=qbo_id,
        sync_token="1",
        remote_updated_at=NOW.isoformat(),
        number=number,
        customer_id=customer_id,
        issued_day=issued,
        due_day=due,
        currency=currency,
        total_minor=total,
        balance_minor=total if balance is None else balance,
        state=state,
        **more,
    )
    body = {
        "Id": qbo_id,
        "DocNumber": number,
        "TxnDate": issued.isoformat(),
        "LinkedTxn": [{"TxnId": one, "TxnType": "Payment"} for one in payments],
        "Line": [_line(line) for line in lines]
        + [
            {
                "Amount": (total - tax) / 100,
                "DetailType": "SubTotalLineDetail",
                "SubTotalLineDetail": {},
            }
        ],
        "TxnTaxDetail": {
            "TotalTax": tax / 100,
            "TaxLine": [{"Amount": tax / 100, "TaxLineDetail": {"TaxPercent": 8, "PercentBased": True}}],
        },
        "CustomerMemo": {"value": memo},
        "SalesTermRef": {"value": "3", "name": "Net 60"},
    }
    raw = RawRow(company_id=company_id, entity="Invoice", qbo_id=qbo_id, sync_token="1", body=json.dumps(body))
    return [head, raw]


def _line(line: dict[str, Any]) -> dict[str, Any]:
    sale: dict[str, Any] = {
        "ItemRef": {"value": "1", "name": line["item"]},
        "Qty": line["qty"],
        "UnitPrice": line["price"],
    }
    if "served" in line:
        sale["ServiceDate"] = line["served"]
    return {
        "Description": line["title"],
        "Amount": line["qty"] * line["price"],
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": sale,
    }


def book_payment(
    qbo_id: str, shares: dict[str, int], *, day: date = date(2026, 11, 20), company_id: str = HARBOR, **more: Any
) -> list[SQLModel]:
    """Return a Payment as QuickBooks holds it, with a line for each invoice."""
    total = sum(shares.values())
    body = {
        "Id": qbo_id,
        "TotalAmt": total / 100,
        "Line": [
            {"Amount": minor / 100, "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}
            for invoice_id, minor in shares.items()
        ],
    }
    head: dict[str, Any] = {"customer_id": BLUE_MESA, "paid_day": day, "total_minor": total, **more}
    return [
        BookPaymentRow(company_id=company_id, qbo_id=qbo_id, sync_token="0", **head),
        RawRow(company_id=company_id, entity="Payment", qbo_id=qbo_id, sync_token="0", body=json.dumps(body)),
    ]


def payment(
    payment_id: str,
    shares: dict[str, int],
    *,
    state: str = "succeeded",
    at: datetime = NOW - timedelta(days=2),
    company_id: str = HARBOR,
    customer_id: str = BLUE_MESA,
    numbers: dict[str, str] | None = None,
    method: str = "card",
    label: str = "Visa 4242",
    **more: Any,
) -> list[SQLModel]:
    """Return a payment of ours with its shares and one line of history."""
    times: dict[str, Any] = {"created_at": at, "expires_at": at + timedelta(minutes=30)}
    if method == "us_bank_account":
        times["processing_at"] = at
    if state == "succeeded":
        times |= {"succeeded_at": at, "settled_at": at, "charge_id": f"ch_{payment_id}"}
    row = PaymentRow(
        id=payment_id,
        company_id=company_id,
        customer_id=customer_id,
        amount_minor=sum(shares.values()),
        currency="USD",
        state=state,
        form_nonce=f"nonce-{payment_id}",
        stripe_account="acct_harbor",
        intent_id=f"pi_{payment_id}",
        method=method,
        method_label=label,
        **{**times, **more},
    )
    parts = [
        ShareRow(
            payment_id=payment_id,
            invoice_id=one,
            company_id=company_id,
            customer_id=customer_id,
            amount_minor=minor,
            number=(numbers or {}).get(one, one),
        )
        for one, minor in shares.items()
    ]
    event = PaymentEventRow(
        id=f"event-{payment_id}", company_id=company_id, payment_id=payment_id, at=at, state=state, text="Seen so."
    )
    return [row, *parts, event]


def posting(
    posting_id: str,
    *,
    payment_id: str = "",
    minor: int = 100000,
    kind: str = "charge",
    state: str = "posted",
    remote_id: str = "",
    pays: str = "",
    company_id: str = HARBOR,
    customer_id: str = BLUE_MESA,
    at: datetime = NOW - timedelta(days=2),
    **more: Any,
) -> list[SQLModel]:
    """Return a posting with its two legs; `pays` is the one invoice that a charge pays."""
    key = PostingKey("acct_harbor", posting_id, kind, customer_id)
    other = {"charge": "receivable", "fee": "fees", "payout": "bank"}[kind]
    sign = 1 if kind == "charge" else -1
    row = PostingRow(
        id=posting_id,
        company_id=company_id,
        key=str(key),
        kind=kind,
        reference=reference(key),
        customer_id=customer_id,
        payment_id=payment_id,
        object_id=posting_id,
        day=at.date(),
        amount_minor=minor,
        currency="USD",
        state=state,
        due_at=at,
        created_at=at,
        entity={"charge": "Payment", "fee": "Purchase", "payout": "Transfer"}[kind] if remote_id else "",
        remote_id=remote_id,
        posted_at=at + timedelta(seconds=2) if state == "posted" else None,
        **more,
    )
    legs = [("clearing", sign * minor, f"txn_{posting_id}"), (other, -sign * minor, "")]
    return [
        row,
        *(
            LegRow(
                posting_id=posting_id,
                n=n,
                company_id=company_id,
                role=role,
                amount_minor=amount,
                currency="USD",
                cites=cites,
                invoice_id=pays if role == "receivable" else "",
            )
            for n, (role, amount, cites) in enumerate(legs)
        ),
    ]


def harbor_tile() -> list[SQLModel]:
    """Return the merchant, its people, its customers, and how fresh its cache is."""
    return [
        company(
            HARBOR,
            "harbor-tile",
            "Harbor Tile Co.",
            realm_id="9341457021722234",
            phone="(503) 555-0142",
            email="office@harbortile.test",
            place="Portland, Oregon",
            address="118 Water Street\nPortland, OR 97201",
        ),
        ConnectionRow(
            company_id=HARBOR, which="stripe", account="acct_harbor", publishable_key="pk_test_harbor", connected_at=NOW
        ),
        ConnectionRow(company_id=HARBOR, which="quickbooks", account="9341457021722234", connected_at=NOW),
        CursorRow(
            company_id=HARBOR,
            entity="*",
            phase="following",
            started_at=NOW - timedelta(days=30),
            updated_at=NOW - timedelta(seconds=40),
            finished_at=NOW - timedelta(seconds=40),
        ),
        *staff(OMAR, "omar@harbortile.test", "Omar Haddad", {HARBOR: "owner"}),
        *staff(INES, "ines@ledgerandco.test", "Ines Marques", {HARBOR: "bookkeeper"}),
        *staff(VERA, "vera@harbortile.test", "Vera Lindqvist", {HARBOR: "viewer"}),
        customer(BLUE_MESA, "Blue Mesa Ranch", email="dana@bluemesa.test", balance_minor=62000),
        customer(CEDAR_HILL, "Cedar Hill Dental", email="front@cedarhill.test"),
        customer(RIDGE, "Ridge Supply", email="ap@ridge.test"),
        *contact(DANA, "dana@bluemesa.test", [BLUE_MESA]),
        *contact(LUIS, "luis@bluemesa.test", [BLUE_MESA, RIDGE]),
    ]


def quarry_lane() -> list[SQLModel]:
    """Return the second merchant, with a customer, an invoice, a payment and an owner of its own."""
    return [
        company(QUARRY, "quarry-lane", "Quarry Lane Stone", realm_id="1111111111111111", phone="(312) 555-0199"),
        *staff(PETRA, "petra@quarrylane.test", "Petra Novak", {QUARRY: "owner"}),
        customer(STRANGER, "Lakeside Hotel", company_id=QUARRY),
        *contact(RITA, "rita@lakeside.test", [STRANGER], company_id=QUARRY),
        *invoice("900", "Q-900", company_id=QUARRY, customer_id=STRANGER),
        *payment("pay-quarry", {"900": 5000}, company_id=QUARRY, customer_id=STRANGER),
        *posting("post-quarry", payment_id="pay-quarry", company_id=QUARRY, customer_id=STRANGER, remote_id="7"),
    ]


def invoices_in_every_state() -> list[SQLModel]:
    """Return Harbor Tile's invoices for Blue Mesa Ranch, one in each state, with the payments behind them."""
    return [
        *invoice("68", "1068", balance=62000, payments=["190"], memo="Thank you for your business."),
        *book_payment("190", {"68": 100000}),
        *payment("pay-part", {"68": 100000}, numbers={"68": "1068"}, receipt_number=41),
        *posting("post-part", payment_id="pay-part", remote_id="190", pays="68"),
        *invoice("71", "1071", total=41200, tax=0, lines=[{**SEALING, "price": 412}], due=date(2026, 12, 14)),
        *invoice("59", "1059", total=64000, tax=0, lines=[{**SEALING, "price": 640}], due=date(2026, 11, 2)),
        *invoice("52", "1052", total=100000, balance=0, tax=0, payments=["191"], due=date(2026, 11, 10)),
        *book_payment("191", {"52": 100000}),
        *payment("pay-full", {"52": 100000}, numbers={"52": "1052"}, receipt_number=42),
        *posting("post-full", payment_id="pay-full", remote_id="191", pays="52"),
        *invoice("74", "1074", total=0, state="voided", tax=0, lines=[]),
        *invoice("75", "1075", total=25000, state="deleted", tax=0, lines=[SEALING]),
        *invoice("76", "1076", total=62000, tax=0, lines=[{**SEALING, "price": 620}]),
        *payment(
            "pay-debit",
            {"76": 62000},
            state="processing",
            at=NOW - timedelta(days=2),
            method="us_bank_account",
            label="Test Bank 6789",
            numbers={"76": "1076"},
        ),
        *invoice("77", "1077", total=0, tax=0, lines=[]),
        *invoice("78", "1078", total=30000, tax=0, lines=[{**SEALING, "price": 300}], due=None),
        *payment("pay-fresh", {"78": 10000}, at=NOW - timedelta(seconds=20), numbers={"78": "1078"}, settled_at=None),
        *posting(
            "post-fresh", payment_id="pay-fresh", minor=10000, state="due", pays="78", at=NOW - timedelta(seconds=20)
        ),
    ]


def stage(db: Database) -> None:
    """Put the whole cast on the stage."""
    put(db, *harbor_tile(), *quarry_lane(), *invoices_in_every_state())


def in_session(db: Database, row: type[SQLModel], key: Any) -> Any:
    """Return a row as it stands in the database now."""
    with Session(db.engine) as session:
        return session.get(row, key)


def discrepancy(row_id: str, *, company_id: str = HARBOR, **more: Any) -> DiscrepancyRow:
    """Return an open discrepancy."""
    given: dict[str, Any] = {
        "kind": "posting_held",
        "subject": f"of {row_id}",
        "sentence": "A payment waits: September is closed in QuickBooks.",
        "next_step": "Open September in QuickBooks, then retry.",
        "amount_minor": 241550,
        "opened_at": NOW - timedelta(minutes=15),
        "seen_at": NOW,
        **more,
    }
    return DiscrepancyRow(id=row_id, company_id=company_id, **given)


def link(token: str, invoice_id: str, *, company_id: str = HARBOR, **more: Any) -> LinkRow:
    """Return an invoice link's row for a secret that the test knows."""
    hashed = hashlib.sha256(token.encode()).hexdigest()
    return LinkRow(
        token_hash=hashed, purpose="invoice", company_id=company_id, invoice_id=invoice_id, created_at=NOW, **more
    )


def mail(mail_id: str, to: str, *, company_id: str = HARBOR, kind: str = "reminder", **more: Any) -> MailRow:
    """Return a mail that was sent."""
    given: dict[str, Any] = {
        "key": f"bill/68/0/{mail_id}",
        "state": "sent",
        "subject": "1068",
        "body": "42",
        "created_at": NOW,
        "due_at": NOW,
        "sent_at": NOW,
        **more,
    }
    return MailRow(id=mail_id, company_id=company_id, kind=kind, to=to, **given)


def thread(thread_id: str, invoice_id: str, *, company_id: str = HARBOR, **more: Any) -> list[SQLModel]:
    """Return a thread with a message and a file."""
    of = {"company_id": company_id, "thread_id": thread_id}
    what = {"customer_id": BLUE_MESA, "kind": "question", "currency": "USD", **more}
    instants = {"created_at": NOW, "changed_at": NOW, "due_at": NOW}
    file = {"name": "a.pdf", "media_type": "application/pdf", "size": 5, "body": b"%PDF-"}
    message_id = f"message-{thread_id}"
    return [
        ThreadRow(id=thread_id, company_id=company_id, invoice_id=invoice_id, **{**instants, **what}),
        MessageRow(id=message_id, key=message_id, side="payer", body="Which floor is this?", at=NOW, **of),
        AttachmentRow(id=f"file-{thread_id}", message_id=message_id, **file, **of),
    ]


def estimate(qbo_id: str, number: str, *, company_id: str = HARBOR, total: int = 500000, **more: Any) -> list[SQLModel]:
    """Return an estimate's head and its raw text, amounts in minor units; it waits unless said otherwise."""
    given: dict[str, Any] = {
        "customer_id": BLUE_MESA,
        "issued_day": date(2026, 11, 2),
        "expires_day": date(2026, 12, 2),
        "status": "Pending",
        **more,
    }
    head = EstimateRow(company_id=company_id, qbo_id=qbo_id, sync_token="0", number=number, total_minor=total, **given)
    body = {"Id": qbo_id, "Line": [_line({**SEALING, "title": "Terrace, sealed", "price": total // 100})]}
    if given["status"] == "Closed":
        body["LinkedTxn"] = [{"TxnId": "68", "TxnType": "Invoice"}]
    raw = RawRow(company_id=company_id, entity="Estimate", qbo_id=qbo_id, sync_token="0", body=json.dumps(body))
    return [head, raw]


def attached(file_id: str, entity: str, object_id: str, *, company_id: str = HARBOR, **more: Any) -> list[SQLModel]:
    """Return a file that goes out with a document, with the row of the attachable itself."""
    given: dict[str, Any] = {"on_send": True, "name": f"{file_id}.pdf", "size": 240_000, **more}
    of = {"company_id": company_id, "entity": entity, "object_id": object_id, "sync_token": "0"}
    return [
        ListingRow(company_id=company_id, entity="Attachable", qbo_id=file_id, sync_token="0", name=given["name"]),
        AttachedRow(attachable_id=file_id, **of, **given),
    ]


def credit(qbo_id: str, number: str, *, company_id: str = HARBOR, total: int = 32400, **more: Any) -> CreditRow:
    """Return a credit memo's head, all of it left unless said otherwise."""
    given: dict[str, Any] = {
        "customer_id": BLUE_MESA,
        "issued_day": date(2026, 11, 12),
        "balance_minor": total,
        **more,
    }
    return CreditRow(company_id=company_id, qbo_id=qbo_id, sync_token="0", number=number, total_minor=total, **given)


def proposal(proposal_id: str, wanted: dict[str, str], *, company_id: str = HARBOR, **more: Any) -> ProposalRow:
    """Return what Dana proposes to change of Blue Mesa's contact data; it waits unless said otherwise."""
    of = {"customer_id": BLUE_MESA, "contact_id": DANA, "by": "dana@bluemesa.test", "created_at": NOW}
    before = json.dumps(dict.fromkeys(wanted, ""))
    return ProposalRow(
        id=proposal_id, company_id=company_id, wanted=json.dumps(wanted), before=before, **{**of, **more}
    )


def edit(edit_id: str, *, company_id: str = HARBOR, **more: Any) -> EditRow:
    """Return an edit of Blue Mesa's phone number that is owed to QuickBooks."""
    of = {"entity": "Customer", "qbo_id": BLUE_MESA, "customer_id": BLUE_MESA, "title": "New contact data"}
    wanted = json.dumps({"PrimaryPhone": {"FreeFormNumber": "(503) 555-0177"}})
    instants = {"created_at": NOW, "due_at": NOW}
    return EditRow(
        id=edit_id, company_id=company_id, key=edit_id, wanted=wanted, base="{}", **{**of, **instants, **more}
    )
