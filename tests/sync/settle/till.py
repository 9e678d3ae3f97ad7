"""A company that takes payments: its rows in a real database, its books and its Stripe account in the stand-ins.

A payer presses Pay through the product and confirms through the stand-in's own browser endpoint; time moves only when a
test moves it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe
from sqlmodel import Session, col, select, update

from connector.ledger.payments import PaymentState
from connector.store.companies import CompanyRow, ConnectionRow
from connector.store.log import LogRow
from connector.store.money import BalanceTxnRow, PaymentEventRow, PaymentRow, PayoutRow, ShareRow
from connector.store.outbox import LegRow, MailRow, PostingRow
from connector.store.session import Database
from connector.stripe.gateway import StripeGateway
from oauth import connections
from sandbox.host import Environ, Host, StartResponse
from sandbox.stripe.spoiling import signature
from sandbox.world import World
from sync.collect.press import Press, Refused, Started
from sync.collect.start import start_payment
from sync.inbox import accept_stripe, settle_inbox
from sync.settle import read_payment, settle_payment
from tests.sync.outbox.rig import Rig
from tests.world_clock import WorldClock

VISA, MASTERCARD, AMEX = "4242424242424242", "5555555555554444", "378282246310005"
DECLINED, POOR, LOST, THREE_DS = "4000000000000002", "4000000000009995", "4000000000009987", "4000002760003184"
GOOD_BANK, POOR_BANK, SLOW_BANK = "000123456789", "000222222227", "000000000009"


def leave_out_engines(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the databases that a module does not name in `ENGINES`."""
    keep, leave = [], []
    for item in items:
        engines = getattr(getattr(item, "module", None), "ENGINES", None)
        params = item.callspec.params if hasattr(item, "callspec") else {}
        unwanted = engines is not None and params.get("database_url", engines[0]) not in engines
        (leave if unwanted else keep).append(item)
    if leave:
        config.hook.pytest_deselected(items=leave)
        items[:] = keep


class Till(Rig):
    """Harbor Tile, with Blue Mesa Ranch as its customer."""

    def __init__(self, db: Database, world: World) -> None:
        gateway = StripeGateway(
            account=world.stripe.ground.platform,
            secret_key=world.stripe.restricted_key,
            api_base=world.stripe_host.url,
            clock=WorldClock(world),
        )
        super().__init__(db, world, stripe=gateway)
        self.stripe = gateway
        self.order("switches", payout_interval="manual")  # what pays out by itself would take the balance away
        self.door: Host | None = None
        self.acct: str = world.stripe.ground.platform
        self._connect()
        self.blue_mesa = self.customer("Blue Mesa Ranch")

    def _connect(self) -> None:
        columns = {
            "account": self.acct,
            "webhook_cipher": connections.sealed(
                self.rt, self.company_id, "stripe", connections.WEBHOOK, self.world.stripe.webhook_secret
            ),
        }
        with self.db.write("connect") as session:
            mine = update(ConnectionRow).where(col(ConnectionRow.which) == "stripe")
            session.exec(mine.values(**columns))

    # The books --------------------------------------------------------------------------------------------------------

    def paid_by_cheque(self, invoice_id: str, minor: int, customer: str = "") -> None:
        """Record a payment in QuickBooks by hand."""
        line = {"Amount": minor / 100, "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}
        customer_ref = {"value": customer or self.blue_mesa}
        self.by_hand("Payment", CustomerRef=customer_ref, TotalAmt=minor / 100, Line=[line])

    def line(self, minor: int) -> dict[str, Any]:
        """Return an invoice's line without tax."""
        item = {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "NON"}}
        return {"Amount": minor / 100, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": item}

    def by_hand_verb(self, verb: str, entity: str, qbo_id: str) -> None:
        """Void or delete as a person does in QuickBooks."""
        self.hands.control(verb, {"entity": entity, "id": qbo_id}, reading=False)

    def second_company(self, company_id: str) -> None:
        with self.db.write("second") as session:
            session.add(CompanyRow(id=company_id, slug=company_id, name="Quarry Lane", created_at=self.clock.now()))

    def touch_payment_company(self, form_nonce: str, company_id: str) -> None:
        """Let a payment have been another company's."""
        with Session(self.db.engine) as session:
            mine = select(PaymentRow.id).where(PaymentRow.form_nonce == form_nonce)
            payment_id = session.exec(mine).one()
            session.exec(update(ShareRow).where(col(ShareRow.payment_id) == payment_id).values(company_id=company_id))
            session.exec(update(PaymentRow).where(col(PaymentRow.id) == payment_id).values(company_id=company_id))
            session.commit()

    # The payer --------------------------------------------------------------------------------------------------------

    def open_invoice(self, minor: int, number: str, customer: str = "") -> str:
        return self.invoice(customer or self.blue_mesa, minor, number)

    def press(self, shares: dict[str, int], **more: Any) -> Press:
        given: dict[str, Any] = {
            "company_id": self.company_id,
            "customer_id": self.blue_mesa,
            "shares": tuple(shares.items()),
            "currency": "USD",
            "form_nonce": self.clock.new_id(),
            "payer_email": "dana@bluemesa.example",
            "allowed_customers": frozenset({self.blue_mesa}),
        }
        return Press(**{**given, **more})

    def start(self, shares: dict[str, int], **more: Any) -> Started:
        answer = start_payment(self.rt, self.press(shares, **more))
        assert isinstance(answer, Started), answer
        return answer

    def refused(self, shares: dict[str, int], **more: Any) -> Refused:
        answer = start_payment(self.rt, self.press(shares, **more))
        assert isinstance(answer, Refused), answer
        return answer

    def confirm(self, payment_id: str, **how: Any) -> dict[str, Any]:
        """Confirm in the browser: `card=`, `bank_account=`, and so on."""
        return self.order("pay", payment_intent=self.payment(payment_id).intent_id, **(how or {"card": VISA}))

    def paid(self, shares: dict[str, int], **how: Any) -> str:
        """Pay by card and let Stripe book it; nothing is settled here yet."""
        started = self.start(shares)
        self.confirm(started.payment_id, **how)
        self.later(3)
        return started.payment_id

    def foreign(self, minor: int, card: str = VISA, **metadata: str) -> str:
        """Let another program charge on the same account; returns its intent."""
        params: Any = {"amount": minor, "currency": "usd", "automatic_payment_methods": {"enabled": True}}
        address: Any = {"api": self.world.stripe_host.url}
        client = stripe.StripeClient(self.world.stripe.secret_key, base_addresses=address)
        intent = client.v1.payment_intents.create({**params, "metadata": metadata})
        self.order("pay", payment_intent=intent.id, card=card)
        self.later(3)
        return str(intent.id)

    def order(self, name: str, **payload: Any) -> dict[str, Any]:
        """Give the stand-in of Stripe an order of its control plane."""
        return self.world.stripe.control(name, payload)

    def left(self, payment_id: str) -> list[int | None]:
        """Return what was kept as open on a payment's invoices after it, by number."""
        with self.db.read() as session:
            rows = select(ShareRow.left_minor).where(ShareRow.payment_id == payment_id)
            return list(session.exec(rows.order_by(col(ShareRow.number))))

    # Webhooks ---------------------------------------------------------------------------------------------------------

    def listen(self, **mode: Any) -> None:
        """Open the door of the webhooks to the stand-in; the fixture closes it."""

        def door(environ: Environ, start_response: StartResponse) -> list[bytes]:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            answer = accept_stripe(self.rt, "harbor", body, environ.get("HTTP_STRIPE_SIGNATURE", ""))
            start_response(f"{answer.status} Answer", [("Content-Length", "0")])
            return [b""]

        self.door = Host(door)
        self.door.start()
        self.order("webhooks", url=f"{self.door.url}/hooks/stripe/harbor", **mode)

    def signed_event(self, payment_id: str, **changes: Any) -> tuple[bytes, str]:
        """Return body and signature of the event that tells of a payment's success, as Stripe would send it now."""
        event = {
            "id": f"evt_{payment_id}",
            "object": "event",
            "type": "payment_intent.succeeded",
            "created": int(self.clock.now().timestamp()),
            "livemode": False,
            "data": {"object": {"id": self.payment(payment_id).intent_id, "object": "payment_intent"}},
        }
        body = json.dumps({**event, **changes}).encode()
        return body, self.signature(body)

    def signature(self, body: bytes) -> str:
        """Sign a body as Stripe would at this moment."""
        return signature(self.world.stripe.webhook_secret, body, self.second())

    def second(self) -> int:
        """Return this moment as Stripe writes it."""
        return int(self.clock.now().timestamp())

    def hear(self) -> None:
        """Wait until every webhook was answered, and do what the bell rang for."""
        assert self.world.settle()
        rung, self.bell.rung = self.bell.rung, []
        for work, subject in rung:
            if work == "settle":
                settle_inbox(self.rt, subject)
            else:
                self.bell.rung.append((work, subject))

    def close(self) -> None:
        if self.door:
            self.door.stop()

    # Looking ----------------------------------------------------------------------------------------------------------

    def settle(self, payment_id: str) -> PaymentState | None:
        return settle_payment(self.rt, payment_id)

    def payment(self, payment_id: str) -> PaymentRow:
        row = read_payment(self.rt, payment_id)
        assert row is not None
        return row

    def state(self, payment_id: str) -> str:
        return self.payment(payment_id).state

    def payments(self) -> list[PaymentRow]:
        return self.rows(PaymentRow)

    def history(self, payment_id: str) -> list[str]:
        rows = self.rows(PaymentEventRow, payment_id=payment_id)
        return [row.text for row in sorted(rows, key=lambda row: row.at)]

    def said(self, kind: str = "settle") -> list[str]:
        """Return the sync log's sentences of a kind."""
        return [row.sentence for row in sorted(self.rows(LogRow, kind=kind), key=lambda row: row.at)]

    def mails(self) -> list[tuple[str, str]]:
        return [(row.kind, row.to) for row in sorted(self.rows(MailRow), key=lambda row: row.created_at)]

    def postings(self, payment_id: str = "") -> list[PostingRow]:
        rows = self.rows(PostingRow, **({"payment_id": payment_id} if payment_id else {}))
        return sorted(rows, key=lambda row: row.created_at)

    def legs(self) -> list[tuple[str, int, str, str]]:
        """Return all legs as role, minor units, citation and invoice."""
        with self.db.read() as session:
            legs = select(LegRow).where(LegRow.posting_id == PostingRow.id)
            rows = session.exec(legs.order_by(col(PostingRow.created_at), col(LegRow.n)))
            return [(row.role, row.amount_minor, row.cites, row.invoice_id) for row in rows]

    def clearing(self) -> int:
        """Return what all postings do to the clearing account."""
        return sum(minor for role, minor, _, _ in self.legs() if role == "clearing")

    def at_stripe(self, kind: str) -> list[dict[str, Any]]:
        """Return the stand-in's objects of a kind: payment_intents, charges, balance_transactions ..."""
        objects: list[dict[str, Any]] = self.order("state", kind=kind)[kind]
        return objects

    def all_rows(self, table: type[Any]) -> list[Any]:
        """Return rows of a table, of whatever company."""
        with self.db.read() as session:
            return list(session.exec(select(table)))

    def rows_of_shares(self, payment_id: str) -> list[ShareRow]:
        return self.rows_of(ShareRow, payment_id=payment_id)

    def txns(self) -> list[BalanceTxnRow]:
        return self.rows_of(BalanceTxnRow)

    def payout(self, payout_id: str) -> PayoutRow:
        [row] = self.rows_of(PayoutRow, payout_id=payout_id)
        return row

    def rows_of(self, table: type[Any], **where: Any) -> list[Any]:
        """Return rows of a table that has no id of its own."""
        with self.db.read() as session:
            return list(session.exec(select(table).filter_by(company_id=self.company_id, **where)))

    def stripe_balance(self) -> int:
        """Return the truth of the account: available and pending together."""
        return int(self.order("oracle")["sums"].get("usd", {"net": 0})["net"])

    def sent(self, operation: str) -> list[dict[str, Any]]:
        """Return the requests of an operation that reached Stripe."""
        requests: list[dict[str, Any]] = self.order("journal", operation=operation)["requests"]
        return requests

    def stripe_faults(self, *rules: tuple[str, str]) -> None:
        self.world.faults.load([{"match": {"service": "stripe", "operation": name}, "do": do} for name, do in rules])

    def touch(self, table: type[Any], **values: Any) -> None:
        """Change all rows of a table behind the product's back."""
        with Session(self.db.engine) as session:
            session.exec(update(table).values(**values))
            session.commit()

    def change(self, payment_id: str, **values: Any) -> None:
        """Change a payment's row behind the product's back."""
        with Session(self.db.engine) as session:
            session.exec(update(PaymentRow).where(col(PaymentRow.id) == payment_id).values(**values))
            session.commit()
