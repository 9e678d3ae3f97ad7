"""Stripe's published test bank accounts, what each of them does, and the test institutions of Financial Connections.

Data only. Law: no other account number is accepted or kept by the stand-in.
"""

from __future__ import annotations

from dataclasses import dataclass

ROUTING_NUMBERS = {"110000000": "STRIPE TEST BANK", "110000013": "STRIPE TEST BANK"}


@dataclass(frozen=True)
class BankAccount:
    """One test account and how debits of it end."""

    number: str
    token: str
    label: str
    failure: str | None = None  # the debit fails with this code after a few days
    refused: str | None = None  # the debit is refused at once with this code
    dispute: str | None = None  # the debit succeeds and is returned with this reason
    block: str = ""  # what blocks the account after a failure, where the code does not say it
    endless: bool = False  # the debit stays in processing
    microdeposits_fail: bool = False


def _token(name: str) -> str:
    return f"pm_usBankAccount_{name}"


ACCOUNTS = (
    BankAccount("000123456789", _token("success"), "Success"),
    BankAccount("000222222227", _token("insufficientFunds"), "Insufficient funds", "insufficient_funds"),
    BankAccount("000111111113", _token("accountClosed"), "Closed account", "account_closed"),
    BankAccount("000111111116", _token("noAccount"), "No such account", "no_account"),
    BankAccount("000333333335", _token("debitNotAuthorized"), "Debit not authorized", "debit_not_authorized"),
    BankAccount("000444444440", _token("invalidCurrency"), "Invalid currency", "invalid_currency"),
    BankAccount(
        "000888888885", _token("deactivatedTan"), "Deactivated number", "account_closed", block="deactivated_number"
    ),
    BankAccount("000777777771", _token("weeklyLimitExceeded"), "Weekly limit", refused="charge_exceeds_source_limit"),
    BankAccount("000000004954", _token("riskLevelHighest"), "Highest risk", refused="card_declined"),
    BankAccount("000555555559", _token("dispute"), "Succeeds, then comes back", dispute="insufficient_funds"),
    BankAccount("000000000009", _token("processing"), "Never settles", endless=True),
    BankAccount("000666666661", _token("failMicrodeposits"), "Microdeposits fail", microdeposits_fail=True),
)
BY_NUMBER = {account.number: account for account in ACCOUNTS}
BY_TOKEN = {account.token: account for account in ACCOUNTS}

# Institutions of the Financial Connections stand-in; a reason means that connecting fails with it.
INSTITUTIONS: tuple[tuple[str, str | None], ...] = (
    ("Test Institution", None),
    ("Test OAuth Institution", None),
    ("Ownership Accounts", None),
    ("Sandbox Bank (OAuth)", None),
    ("Down Bank (Scheduled)", "This bank is down for maintenance. Choose another, or enter your details by hand."),
    ("Down Bank (Unscheduled)", "This bank does not answer at the moment. Choose another, or enter details by hand."),
)

# Microdeposits: what verifies, and what fails.
GOOD_AMOUNTS, GOOD_CODE = [32, 45], "SM11AA"
TOO_MANY_AMOUNTS, TOO_MANY_CODE = [10, 11], "SM33CC"
TIMEOUT_AMOUNTS, TIMEOUT_CODE = [40, 41], "SM44DD"
