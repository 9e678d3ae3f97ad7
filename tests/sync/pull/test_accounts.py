"""Who plays which part: proposed from the chart, created once, and never against a person's choice."""

from __future__ import annotations

import pytest
from sqlmodel import select

from connector.errors import GatewayError, WrongInput
from connector.store.cache import AccountRow
from connector.store.companies import MappingRow
from sync.accounts import choose, ensure_accounts, propose
from sync.pull import pull_company
from tests.qbo.rig import Rig, rule
from tests.sync.pull.cached import count, differences


@pytest.fixture
def pulled(rig: Rig) -> Rig:
    pull_company(rig.rt, rig.company_id)
    rig.forget_calls()
    return rig


def names(rows: list[MappingRow]) -> dict[tuple[str, str], str]:
    return {(row.role, row.currency): row.name for row in rows}


ALL = {
    ("bank", "USD"): "Checking",
    ("clearing", "USD"): "Stripe clearing",
    ("fees", "USD"): "Merchant fees",
    ("method_bank", ""): "Bank debit (Stripe)",
    ("method_card", ""): "Card (Stripe)",
    ("receivable", "USD"): "Accounts Receivable (A/R)",
    ("vendor", "USD"): "Stripe",
}


def test_proposing_asks_nobody_and_changes_nothing(pulled: Rig) -> None:
    parts = {part.role: part for part in propose(pulled.rt, pulled.company_id)}
    assert {(part.role, part.currency): part.name for part in parts.values()} == ALL
    assert {role for role, part in parts.items() if not part.qbo_id} == {
        "clearing",
        "vendor",
        "method_card",
        "method_bank",
    }
    assert pulled.calls() == []


def test_parts_are_given_once_and_what_is_missing_is_created_once(pulled: Rig) -> None:
    assert names(ensure_accounts(pulled.rt, pulled.company_id)) == ALL
    made = [call for call in pulled.calls() if call.endswith("create")]
    assert sorted(made) == ["account.create", "paymentmethod.create", "paymentmethod.create", "vendor.create"]

    clearing = next(row for row in ensure_accounts(pulled.rt, pulled.company_id) if row.role == "clearing")
    assert [call for call in pulled.calls() if call.endswith("create")] == made
    with pulled.db.read() as session:
        account = session.get_one(AccountRow, (pulled.company_id, clearing.qbo_id))
    assert (account.kind, account.currency, account.active) == ("Bank", "USD", True)
    pull_company(pulled.rt, pulled.company_id)
    assert differences(pulled) == []
    assert "Stripe clearing is used for the money at Stripe." in pulled.lines()


@pytest.mark.parametrize("operation", ["account.create", "vendor.create", "paymentmethod.create"])
def test_a_lost_answer_is_looked_up_and_creates_no_second(pulled: Rig, operation: str) -> None:
    pulled.faults(rule(operation, "drop_after_commit"))
    with pytest.raises(GatewayError):
        ensure_accounts(pulled.rt, pulled.company_id)

    assert names(ensure_accounts(pulled.rt, pulled.company_id)) == ALL
    texts = [text for entity in ("Account", "Vendor", "PaymentMethod") for text in pulled.all_texts(entity).values()]
    for name in ("Stripe clearing", "Card (Stripe)", "Bank debit (Stripe)"):
        assert sum(f'"Name":"{name}"' in text for text in texts) == 1, name


def test_what_exists_already_is_used(rig: Rig) -> None:
    clearing = rig.create("Account", Name="Stripe clearing", AccountType="Bank", AccountSubType="Checking")["Id"]
    fees = rig.create("Account", Name="Stripe processing", AccountType="Expense", AccountSubType="BankCharges")["Id"]
    pull_company(rig.rt, rig.company_id)
    rows = {row.role: row.qbo_id for row in ensure_accounts(rig.rt, rig.company_id)}
    assert (rows["clearing"], rows["fees"]) == (clearing, fees)


def test_one_made_in_quickbooks_since_the_last_pull_is_found(pulled: Rig) -> None:
    made = pulled.create("Account", Name="Stripe clearing", AccountType="Bank", AccountSubType="Checking")["Id"]
    rows = {row.role: row.qbo_id for row in ensure_accounts(pulled.rt, pulled.company_id)}
    assert rows["clearing"] == made


def test_an_inactive_one_is_not_doubled(pulled: Rig) -> None:
    made = pulled.create("Account", Name="Stripe clearing", AccountType="Bank", AccountSubType="Checking")["Id"]
    pulled.edit("Account", made, Active=False)
    name = pulled.text("Account", made)
    assert name is not None
    if '"Stripe clearing"' in name:
        with pytest.raises(WrongInput, match="inactive"):
            ensure_accounts(pulled.rt, pulled.company_id)
    else:  # QuickBooks renames what is made inactive, so the name is free again
        assert names(ensure_accounts(pulled.rt, pulled.company_id)) == ALL


def test_one_of_the_wrong_kind_is_refused_in_words(pulled: Rig) -> None:
    pulled.create("Account", Name="Stripe clearing", AccountType="Expense", AccountSubType="BankCharges")
    with pytest.raises(WrongInput, match="Stripe clearing exists in QuickBooks as Expense"):
        ensure_accounts(pulled.rt, pulled.company_id)


def test_a_vendor_whose_name_a_customer_has_gets_another(rig: Rig) -> None:
    rig.customer("Stripe")
    pull_company(rig.rt, rig.company_id)
    assert names(ensure_accounts(rig.rt, rig.company_id))["vendor", "USD"] == "Stripe Payments"


def test_a_persons_choice_is_kept(pulled: Rig) -> None:
    savings = _account(pulled, "Savings")
    rows = {row.role: row for row in ensure_accounts(pulled.rt, pulled.company_id, chosen={"bank": savings})}
    assert rows["bank"].name == "Savings"
    assert {row.role: row.name for row in ensure_accounts(pulled.rt, pulled.company_id)}["bank"] == "Savings"

    choose(pulled.rt, pulled.company_id, "bank", "USD", _account(pulled, "Checking"))
    assert {row.role: row.name for row in ensure_accounts(pulled.rt, pulled.company_id)}["bank"] == "Checking"
    assert count(pulled, MappingRow, role="bank") == 1


@pytest.mark.parametrize(
    ("role", "account", "why"),
    [
        ("bank", "Fuel", "of the type Expense"),
        ("fees", "Checking", "of the type Bank"),
        ("clearing", "none", "not exist"),
    ],
)
def test_a_choice_that_cannot_work_is_refused(pulled: Rig, role: str, account: str, why: str) -> None:
    qbo_id = "9999" if account == "none" else _account(pulled, account)
    with pytest.raises(WrongInput, match=why):
        choose(pulled.rt, pulled.company_id, role, "USD", qbo_id)


def test_another_currency_needs_a_company_that_keeps_several(pulled: Rig) -> None:
    with pytest.raises(WrongInput, match="in USD only"):
        propose(pulled.rt, pulled.company_id, "EUR")


def test_without_a_bank_account_the_part_stays_open(pulled: Rig) -> None:
    for name in ("Checking", "Savings"):
        pulled.edit("Account", _account(pulled, name), Active=False)
    pull_company(pulled.rt, pulled.company_id)
    assert ("bank", "USD") not in names(ensure_accounts(pulled.rt, pulled.company_id))


def _account(rig: Rig, name: str) -> str:
    with rig.db.read() as session:
        mine = select(AccountRow.qbo_id).where(AccountRow.company_id == rig.company_id, AccountRow.name == name)
        return session.exec(mine).one()
