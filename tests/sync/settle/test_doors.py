"""The webhook doors: forgeries leave no trace, what is signed is stored once, and the bell rings after the commit."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connector.store.companies import CompanyRow, ConnectionRow
from connector.store.outbox import InboxRow
from oauth import connections
from sandbox.stripe.spoiling import signature
from sync.doors import Accepted, Refused, accept_quickbooks, accept_stripe
from sync.inbox import settle_inbox, sweep_inbox
from tests.sync.settle.till import Till

TOKEN = "a-verifier-token"
ENGINES = ("sqlite",)


@pytest.fixture
def payment_id(till: Till) -> str:
    return till.start({till.open_invoice(5000, "1"): 5000}).payment_id


def secret(till: Till) -> str:
    return till.world.stripe.webhook_secret


FORGERIES: dict[str, Callable[[Till, bytes, str], tuple[bytes, str]]] = {
    "no signature": lambda till, body, header: (body, ""),
    "nonsense": lambda till, body, header: (body, "let me in"),
    "another secret": lambda till, body, header: (body, signature("whsec_theirs", body, till.second())),
    "an empty secret": lambda till, body, header: (body, signature("", body, till.second())),
    "the secret's name": lambda till, body, header: (body, signature("webhook_secret", body, till.second())),
    "another body": lambda till, body, header: (body.replace(b"succeeded", b"cancelled"), header),
    "encoded again": lambda till, body, header: (json.dumps(json.loads(body), indent=1).encode(), header),
    "cut short": lambda till, body, header: (body[:-1], header),
    "a second time": lambda till, body, header: (body, f"t={till.second() - 900}," + header),
    "an old day": lambda till, body, header: (body, signature(secret(till), body, till.second() - 310)),
    "a future day": lambda till, body, header: (body, signature(secret(till), body, till.second() + 310)),
    "the old scheme": lambda till, body, header: (body, header.replace("v1=", "v0=")),
    "no event": lambda till, body, header: (b"{}", signature(secret(till), b"{}", till.second())),
    "no JSON": lambda till, body, header: (b"<xml/>", signature(secret(till), b"<xml/>", till.second())),
    "nothing": lambda till, body, header: (b"", signature(secret(till), b"", till.second())),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_forgeries_leave_no_trace(
    till: Till, payment_id: str, forge: Callable[[Till, bytes, str], tuple[bytes, str]]
) -> None:
    till.bell.rung.clear()
    answer = accept_stripe(till.rt, "harbor", *forge(till, *till.signed_event(payment_id)))
    assert isinstance(answer, Refused)
    assert answer.status == 400
    assert till.rows(InboxRow) == []
    assert till.bell.rung == []


def test_a_signed_event_is_stored_before_the_bell(till: Till, payment_id: str) -> None:
    till.bell.rung.clear()
    seen: list[int] = []
    ring = till.bell.ring
    till.bell.ring = lambda work, subject: (seen.append(len(till.rows(InboxRow))), ring(work, subject))  # type: ignore
    answer = accept_stripe(till.rt, "harbor", *till.signed_event(payment_id))
    assert isinstance(answer, Accepted)
    [row] = till.rows(InboxRow)
    assert (answer.status, answer.inbox_ids) == (200, (row.id,))
    assert (row.provider, row.account, row.state) == ("stripe", till.acct, "new")
    assert (row.kind, row.object_id) == ("payment_intent.succeeded", till.payment(payment_id).intent_id)
    assert till.bell.rung == [("settle", row.id)]
    assert seen == [1]


def test_replayed_it_is_stored_once(till: Till, payment_id: str) -> None:
    body, header = till.signed_event(payment_id)
    assert accept_stripe(till.rt, "harbor", body, header).status == 200
    till.bell.rung.clear()
    for _ in range(3):
        again = accept_stripe(till.rt, "harbor", body, header)
        assert again == Accepted()
    till.later(200)
    assert accept_stripe(till.rt, "harbor", body, till.signature(body)) == Accepted(), "as when Stripe sends it again"
    assert len(till.rows(InboxRow)) == 1
    assert till.bell.rung == []


def test_the_common_door_goes_by_the_account(till: Till, payment_id: str) -> None:
    body, header = till.signed_event(payment_id, account=till.acct)
    assert accept_stripe(till.rt, "", body, header).status == 200
    [row] = till.rows(InboxRow)
    assert row.company_id == till.company_id


@pytest.mark.parametrize("account", ["acct_nobody", "", None, 7, ["x"]])
def test_the_common_door_knows_no_stranger(till: Till, payment_id: str, account: Any) -> None:
    answer = accept_stripe(till.rt, "", *till.signed_event(payment_id, account=account))
    assert isinstance(answer, Refused)
    assert answer.status == 400
    assert till.rows(InboxRow) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000])
def test_the_common_door_reads_no_nonsense(till: Till, body: bytes) -> None:
    assert accept_stripe(till.rt, "", body, "t=1,v1=00").status == 400


def test_a_company_that_is_not_there(till: Till, payment_id: str) -> None:
    assert accept_stripe(till.rt, "nobody", *till.signed_event(payment_id)).status == 404
    till.second_company("other")
    assert accept_stripe(till.rt, "other", *till.signed_event(payment_id)).status == 404


def test_one_companys_secret_does_not_open_anothers_door(till: Till, payment_id: str) -> None:
    till.second_company("other")
    with till.db.write("other") as session:
        cipher = connections.sealed(till.rt, "other", "stripe", connections.WEBHOOK, "whsec_other")
        session.add(
            ConnectionRow(
                company_id="other",
                which="stripe",
                account="acct_other",
                webhook_cipher=cipher,
                connected_at=till.clock.now(),
            )
        )
    assert accept_stripe(till.rt, "other", *till.signed_event(payment_id)).status == 400
    body, _ = till.signed_event(payment_id)
    assert accept_stripe(till.rt, "other", body, signature("whsec_other", body, till.second())).status == 200


def test_an_event_of_another_account_is_kept_and_not_acted_upon(till: Till, payment_id: str) -> None:
    assert accept_stripe(till.rt, "harbor", *till.signed_event(payment_id, account="acct_else")).status == 200
    [row] = till.all_rows(InboxRow)
    assert (row.state, row.account, row.company_id) == ("unmatched", "acct_else", "")
    till.later(60)
    assert sweep_inbox(till.rt) == 0


def test_an_event_of_the_other_mode_is_kept_and_not_acted_upon(till: Till, payment_id: str) -> None:
    till.bell.rung.clear()
    assert accept_stripe(till.rt, "harbor", *till.signed_event(payment_id, livemode=True)).status == 200
    [row] = till.rows(InboxRow)
    assert row.state == "ignored"
    assert till.bell.rung == []


def test_both_secrets_count_while_one_is_rolled(till: Till, payment_id: str) -> None:
    both = f"whsec_next,{secret(till)}"
    cipher = connections.sealed(till.rt, till.company_id, "stripe", connections.WEBHOOK, both)
    till.touch(ConnectionRow, webhook_cipher=cipher)
    body, header = till.signed_event(payment_id)
    assert accept_stripe(till.rt, "harbor", body, header).status == 200
    other = body.replace(b"evt_", b"evt_2")
    assert accept_stripe(till.rt, "harbor", other, signature("whsec_next", other, till.second())).status == 200
    assert len(till.rows(InboxRow)) == 2


# ---------------------------------------------------------------------------------------------------------- QuickBooks


@pytest.fixture
def books(till: Till) -> Till:
    """A till whose QuickBooks sends webhooks."""
    till.rt = replace(till.rt, settings=till.rt.settings.model_copy(update={"qbo_verifier_token": SecretStr(TOKEN)}))
    till.touch(CompanyRow, realm_id=till.realm)
    return till


def intuit(body: bytes, token: str = TOKEN) -> str:
    return base64.b64encode(hmac.new(token.encode(), body, hashlib.sha256).digest()).decode()


def cloud_event(till: Till, **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "88cd52aa",
        "source": "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=",
        "type": "qbo.invoice.updated.v1",
        "datacontenttype": "application/json",
        "time": "2026-11-20T23:02:11.179851517Z",
        "intuitentityid": "190",
        "intuitaccountid": till.realm,
        "data": {},
        **changes,
    }


def old_format(till: Till) -> dict[str, Any]:
    entities = [
        {"name": "Payment", "id": "190", "operation": "Create", "lastUpdated": "2026-11-20T23:02:10.000Z"},
        {
            "name": "Customer",
            "id": "24",
            "operation": "Merge",
            "lastUpdated": "2026-11-20T23:02:10Z",
            "deletedId": "31",
        },
    ]
    return {"eventNotifications": [{"realmId": till.realm, "dataChangeEvent": {"entities": entities}}]}


def test_cloud_events_are_stored_once_each(books: Till) -> None:
    books.bell.rung.clear()
    body = json.dumps([cloud_event(books), cloud_event(books, id="2", type="QBO.Payment.Created.V1")]).encode()
    for _ in range(2):
        assert accept_quickbooks(books.rt, body, intuit(body)).status == 200
    rows = {row.kind: row for row in books.rows(InboxRow)}
    assert set(rows) == {"invoice.updated", "payment.created"}
    assert {(row.provider, row.account, row.state) for row in rows.values()} == {("quickbooks", books.realm, "new")}
    assert [work for work, _ in books.bell.rung] == ["settle"], "one ring for a company, however many events"


def test_the_older_format_is_read_too(books: Till) -> None:
    body = json.dumps(old_format(books)).encode()
    for _ in range(2):
        assert accept_quickbooks(books.rt, body, intuit(body)).status == 200
    assert sorted(row.kind for row in books.rows(InboxRow)) == ["customer.merged", "payment.created"]


def test_one_body_for_several_companies(books: Till) -> None:
    body = json.dumps([cloud_event(books), cloud_event(books, id="2", intuitaccountid="1")]).encode()
    assert accept_quickbooks(books.rt, body, intuit(body)).status == 200
    assert sorted((row.account, row.state) for row in books.all_rows(InboxRow)) == [
        ("1", "unmatched"),
        (books.realm, "new"),
    ]


@pytest.mark.parametrize(
    "header",
    ["", "nonsense", intuit(b"other"), intuit(b"[]", "another"), intuit(b"[]", ""), "é", "\udcff", "A" * 100_000],
)
def test_forged_webhooks_of_quickbooks_leave_no_trace(books: Till, header: str) -> None:
    body = json.dumps([cloud_event(books)]).encode()
    answer = accept_quickbooks(books.rt, body, header)
    assert isinstance(answer, Refused)
    assert answer.status == 401
    assert books.all_rows(InboxRow) == []


def test_without_a_verifier_token_nothing_passes(till: Till) -> None:
    body = json.dumps([cloud_event(till)]).encode()
    assert accept_quickbooks(till.rt, body, intuit(body, "")).status == 401


def test_two_tokens_count_while_one_is_rolled(books: Till) -> None:
    two = SecretStr(f"{TOKEN}, next")
    rt = replace(books.rt, settings=books.rt.settings.model_copy(update={"qbo_verifier_token": two}))
    for token in (TOKEN, "next"):
        body = json.dumps([cloud_event(books, id=token)]).encode()
        assert accept_quickbooks(rt, body, intuit(body, token)).status == 200
    assert len(books.rows(InboxRow)) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"7",
        b'{"stuff":"5"}',
        b"[]",
        b"[null, 7, {}]",
        b'{"eventNotifications": null}',
        b'{"eventNotifications": [null, {"realmId": 7}, {"realmId": "1", "dataChangeEvent": []}]}',
        b'[{"id": "1", "intuitaccountid": "2", "type": "something.else"}]',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_is_signed_but_unreadable_holds_nothing_back(books: Till, body: bytes) -> None:
    """Intuit keeps later events back until one is taken: a refusal would stop the feed."""
    for _ in range(2):
        assert accept_quickbooks(books.rt, body, intuit(body)).status == 200
    [row] = books.all_rows(InboxRow)
    assert (row.state, row.kind) == ("failed", "unreadable")


def test_one_unreadable_event_does_not_cost_the_others(books: Till) -> None:
    events = [cloud_event(books), None, cloud_event(books, id="", type="x"), cloud_event(books, id="3" * 300)]
    body = json.dumps(events).encode()
    accept_quickbooks(books.rt, body, intuit(body))
    assert [row.kind for row in books.all_rows(InboxRow)] == ["invoice.updated"]


def test_recorded_webhooks_of_intuit(books: Till, shared: Path) -> None:
    """Bodies that Intuit and its SDKs signed pass with their tokens, byte for byte, and with no other."""
    vectors = [one for one in json.loads((shared / "webhook_vectors.json").read_text()) if one["scheme"] == "intuit"]
    assert len(vectors) == 4
    for vector in vectors:
        body = vector["payload"].encode()
        settings = books.rt.settings.model_copy(update={"qbo_verifier_token": SecretStr(vector["token"])})
        assert accept_quickbooks(replace(books.rt, settings=settings), body, vector["signature"]).status == 200
        assert accept_quickbooks(books.rt, body, vector["signature"]).status == 401
        assert accept_quickbooks(replace(books.rt, settings=settings), body + b" ", vector["signature"]).status == 401
    kinds = sorted(row.kind for row in books.all_rows(InboxRow))
    assert kinds == ["customer.created", "customer.created", "invoice.created", "unreadable", "vendor.updated"]


def test_one_pull_answers_every_hint_that_came_before_it(books: Till) -> None:
    books.world.quickbooks.switches.set({"throttle": False})
    body = json.dumps([cloud_event(books, id=str(n)) for n in range(5)]).encode()
    answer = accept_quickbooks(books.rt, body, intuit(body))
    assert isinstance(answer, Accepted)
    books.later(1)
    before = books.world.quickbooks.journal.count
    assert settle_inbox(books.rt, answer.inbox_ids[0]) == "settled"
    assert {row.state for row in books.rows(InboxRow)} == {"settled"}
    calls = books.world.quickbooks.journal.count - before
    assert calls > 0
    books.later(10)
    assert sweep_inbox(books.rt) == 0


def test_a_hint_waits_while_another_worker_pulls(books: Till) -> None:
    from sync.lease import alone

    body = json.dumps([cloud_event(books)]).encode()
    answer = accept_quickbooks(books.rt, body, intuit(body))
    assert isinstance(answer, Accepted)
    with alone(books.rt, f"pull/{books.company_id}", seconds=60):
        assert settle_inbox(books.rt, answer.inbox_ids[0]) == "new"
    books.later(6)
    assert sweep_inbox(books.rt) == 1
    assert {row.state for row in books.rows(InboxRow)} == {"settled"}


def test_an_event_that_never_works_is_given_to_a_person(
    till: Till, payment_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept_stripe(till.rt, "harbor", *till.signed_event(payment_id))

    def broken(*_: object, **__: object) -> None:
        raise ValueError("never")

    monkeypatch.setattr("sync.inbox.settle_payment", broken)
    waits = []
    for _ in range(8):
        [row] = till.rows(InboxRow)
        waits.append(row.due_at - till.clock.now())
        till.later(1000)
        assert sweep_inbox(till.rt) == 1
    [row] = till.rows(InboxRow)
    assert (row.state, row.error) == ("failed", "ValueError")
    assert waits[0] <= timedelta(seconds=5)
    assert all(timedelta(minutes=14) < wait <= timedelta(minutes=15) for wait in waits[1:])
    [told] = till.open_discrepancies()
    assert (told.kind, told.subject) == ("event_failed", row.id)
    assert sweep_inbox(till.rt) == 0
