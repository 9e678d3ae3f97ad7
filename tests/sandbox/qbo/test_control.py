"""The control plane: who may use it, what it shows, and edits by a person behind the product's back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.client import Company, applied


def test_nothing_without_the_token(company: Company) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
        for method, path in (
            ("GET", "state"),
            ("POST", "quickbooks/edit"),
            ("POST", "stripe/state"),
            ("PUT", "faults"),
        ):
            answer = company.http.request(method, f"{company.control_url}/{path}", headers=headers, json={})
            assert answer.status_code == 401, (method, path)


def test_nothing_from_elsewhere(company: Company) -> None:
    from werkzeug.test import Client

    from sandbox.qbo.wire import build_app

    remote = Client(build_app(company.standin, company.world))
    answer = remote.get("/_control/state", headers=company.control_headers, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert answer.status_code == 403
    answer = remote.get("/_control/state", headers=company.control_headers, environ_base={"REMOTE_ADDR": "127.0.0.1"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "payload", "words"),
    [
        ("quickbooks/nonsense", {}, "there is no 'nonsense' here"),
        ("quickbooks/edit", {"entity": "Bogus", "id": "1", "changes": {}}, "'Bogus' is no entity"),
        ("quickbooks/edit", {"entity": "Invoice", "id": "404", "changes": {}}, "Object Not Found"),
        ("quickbooks/edit", {"entity": "Invoice", "id": "1"}, "changes"),
        ("quickbooks/void", {"entity": "Transfer", "id": "1"}, "not supported"),
        ("quickbooks/switches", {"speed": 11}, "no switch is called 'speed'"),
        ("quickbooks/switches", {"throttle": "perhaps"}, "no value for the switch"),
        ("quickbooks/switches", {"webhook_mode": "sideways"}, "no value for the switch"),
        ("quickbooks/state", {"realm": "1"}, "there is no 'state' here"),
        ("quickbooks/load", {"realm": "1", "documents": []}, "there is no company 1"),
        ("clock/advance", {"seconds": -5}, "forward"),
        ("clock/advance", [1], "JSON object"),
        ("settle", {"timeout": "soon"}, "could not convert"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(company: Company, path: str, payload: Any, words: str) -> None:
    answer = company.http.post(f"{company.control_url}/{path}", json=payload, headers=company.control_headers)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_bad_faults_are_refused(company: Company) -> None:
    for sent in ({}, {"rules": "x"}, [{"match": {}}]):
        url = f"{company.control_url}/faults"
        assert company.http.put(url, json=sent, headers=company.control_headers).status_code == 400
    company.faults({"match": {"operation": "query"}, "do": "delay:1"})
    company.query("SELECT * FROM Term")
    shown = company.steer("faults", method="GET")
    assert (shown["rules"][0]["done"], shown["carried_out"][0]["do"]) == (1, "delay:1")
    assert company.steer("faults", method="DELETE") == {"rules": []}


def test_one_cent_changed_by_hand_shows_in_document_and_register(company: Company) -> None:
    """The drill of the proof: somebody alters a posting directly in the books."""
    clearing = company.create("Account", Name="Stripe clearing", AccountType="Bank")["Id"]
    bank, fees = {"value": company.account("Checking")}, {"value": company.account("Merchant fees")}
    kind = "AccountBasedExpenseLineDetail"
    paid = company.pay(company.customer()["Id"], "100.00", DepositToAccountRef={"value": clearing})
    fee_line = {"Amount": Decimal("3.20"), "DetailType": kind, kind: {"AccountRef": fees}}
    fee = company.create("Purchase", PaymentType="Cash", AccountRef={"value": clearing}, Line=[fee_line])
    payout = company.create("Transfer", FromAccountRef={"value": clearing}, ToAccountRef=bank, Amount=Decimal("96.80"))

    def entry(side: str, account: dict[str, str], amount: str) -> dict[str, Any]:
        detail = {"PostingType": side, "AccountRef": account}
        kind = "JournalEntryLineDetail"
        return {"Amount": Decimal(amount), "DetailType": kind, kind: detail}

    lines = [entry("Debit", {"value": clearing}, "5"), entry("Credit", fees, "5")]
    journal = company.create("JournalEntry", Line=lines)
    assert company.balance("Stripe clearing") == 500
    edits: list[tuple[str, str, dict[str, Any]]] = [
        ("Payment", paid["Id"], {"TotalAmt": Decimal("100.01")}),
        ("Purchase", fee["Id"], {"Line": [{**fee_line, "Amount": Decimal("3.19")}]}),
        ("Transfer", payout["Id"], {"Amount": Decimal("96.79")}),
        ("JournalEntry", journal["Id"], {"Line": [{**one, "Amount": Decimal("5.01")} for one in lines]}),
    ]
    for count, (entity, key, changes) in enumerate(edits, 1):
        told = company.steer("quickbooks/edit", {"entity": entity, "id": key, "changes": changes})
        assert told["document"]["SyncToken"] == "1"
        assert company.balance("Stripe clearing") == 500 + count, entity
        assert company.read(entity, key)["SyncToken"] == "1"
    rows = company.steer("quickbooks/register", {"account": clearing}, method="GET")
    assert [(row["entity"], row["cents"]) for row in rows["rows"]] == [
        ("Payment", 10001),
        ("Purchase", -319),
        ("Transfer", -9679),
        ("JournalEntry", 501),
    ]
    assert rows["balance_cents"] == 504
    assert company.steer("quickbooks/ledger", method="GET")["sum_cents"] == 0
    assert company.read("Account", clearing)["CurrentBalance"] == Decimal("5.04")


def test_a_person_can_delete_and_create(company: Company) -> None:
    buyer = company.customer()["Id"]
    made = company.invoice(buyer, "10")
    paid = company.pay(buyer, "10", ("Invoice", made["Id"], "10"))
    company.steer("quickbooks/delete", {"entity": "Payment", "id": paid["Id"]})
    assert company.read("Invoice", made["Id"])["Balance"] == 10
    again = {"CustomerRef": {"value": buyer}, "TotalAmt": 10, "Line": [applied("Invoice", made["Id"], "10")]}
    told = company.steer("quickbooks/create", {"entity": "Payment", "document": again})
    assert told["document"]["UnappliedAmt"] == 0
    shown = company.steer("quickbooks/document", {"entity": "Invoice", "id": made["Id"]}, method="GET")
    assert shown["document"]["Balance"] == 0
    assert company.steer("quickbooks/document", {"entity": "Invoice", "id": "404"}, method="GET") == {"document": None}


def test_the_state_counts_and_the_journal_forgets_on_demand(company: Company) -> None:
    company.customer()
    state = company.steer("state", method="GET")
    shown = state["quickbooks"]["companies"][company.realm]
    assert (shown["name"], shown["Customer"], shown["Account"]) == ("Harbor Tile Co.", 1, 28)
    assert state["quickbooks"]["switches"]["throttle"] is False
    journal = company.steer("quickbooks/journal", method="GET")
    assert journal["requests"][-1] | {"at": "", "intuit_tid": ""} == {
        "at": "",
        "method": "POST",
        "path": f"/v3/company/{company.realm}/customer",
        "operation": "customer.create",
        "realm": company.realm,
        "requestid": "",
        "status": 200,
        "intuit_tid": "",
        "code": "",
        "warning": "",
    }
    assert company.steer("quickbooks/journal")["count"] == 0
    assert company.steer("quickbooks/journal", method="GET")["requests"] == []


def test_access_tokens_can_be_ended_at_once(company: Company) -> None:
    company.steer("quickbooks/expire_access")
    assert company.get("companyinfo/1").status_code == 401
    company.refresh()
    assert company.get("companyinfo/1").status_code == 200


def test_the_stripe_side_answers_through_the_same_door(company: Company) -> None:
    assert isinstance(company.steer("stripe/state", method="GET"), dict)


def test_the_clock_is_shared_and_tells_what_it_ran(company: Company) -> None:
    before = company.steer("state", method="GET")["clock"]["offset_seconds"]
    told = company.steer("clock/advance", {"days": 1, "seconds": 5})
    assert told["offset_seconds"] == before + 86405
    assert company.world.clock.offset == before + 86405
