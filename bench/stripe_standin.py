"""A Stripe that answers a long list of balance transactions at once, so that what is measured is its reader.

`python -m bench.stripe_standin --txns 5000` prints its address and serves until it is ended. Every transaction is a
charge with its source expanded, 2.6 KB, newest first, a hundred to a page.
"""

from __future__ import annotations

import argparse
import json
from functools import cache
from typing import ClassVar

from bench.answers import Answers, Query

_NUMBER = "@number@"
PAGE = 100


@cache
def _mould() -> list[bytes]:
    card = {"brand": "visa", "last4": "4242", "exp_month": 8, "exp_year": 2029, "funding": "credit", "country": "US"}
    charge = {
        "id": f"ch_{_NUMBER}",
        "object": "charge",
        "amount": 124_350,
        "amount_captured": 124_350,
        "amount_refunded": 0,
        "balance_transaction": f"txn_{_NUMBER}",
        "billing_details": {
            "email": "ap@customer.example",
            "name": "Blue Mesa Ranch",
            "address": {"postal_code": "97214"},
        },
        "created": 1_763_900_000,
        "currency": "usd",
        "description": "Invoices 1068 and 1071 of Harbor Tile Co. " * 12,
        "metadata": {"tieout_payment": f"01PAYMENT{_NUMBER}", **{f"share_{n}": f"{1000 + n}:10362" for n in range(20)}},
        "payment_intent": f"pi_{_NUMBER}",
        "payment_method_details": {"type": "card", "card": {**card, "checks": {"cvc_check": "pass"}}},
        "receipt_url": "https://pay.stripe.com/receipts/" + "x" * 180,
        "status": "succeeded",
    }
    txn = {
        "id": f"txn_{_NUMBER}",
        "object": "balance_transaction",
        "amount": 124_350,
        "available_on": 1_764_100_000,
        "balance_type": "payments",
        "created": 1_763_900_000,
        "currency": "usd",
        "description": "Invoices 1068 and 1071",
        "fee": 3_636,
        "fee_details": [
            {"amount": 3_636, "currency": "usd", "description": "Stripe processing fees", "type": "stripe_fee"}
        ],
        "net": 120_714,
        "reporting_category": "charge",
        "source": charge,
        "status": "available",
        "type": "charge",
    }
    return json.dumps(txn, separators=(",", ":")).encode().split(_NUMBER.encode())


class StripeAnswers(Answers):
    """One connection of a reader."""

    txns: ClassVar[int]

    def answer(self, path: str, query: Query, body: bytes) -> tuple[int, bytes]:
        """Answer a page of the list; the ids count down, as the newest comes first."""
        after = query.get("starting_after", [f"txn_{self.txns + 1}"])[0]
        first = int(after.removeprefix("txn_")) - 1
        last = max(first - PAGE, 0)
        data = b",".join(str(n).encode().join(_mould()) for n in range(first, last, -1))
        more = b"true" if last else b"false"
        return 200, b'{"object":"list","url":"/v1/balance_transactions","has_more":%s,"data":[%s]}' % (more, data)


def main() -> None:
    """Serve until ended; the first line of output is the address."""
    ask = argparse.ArgumentParser(prog="python -m bench.stripe_standin")
    ask.add_argument("--txns", type=int, default=5000)
    StripeAnswers.txns = ask.parse_args().txns
    StripeAnswers.serve()


if __name__ == "__main__":
    main()
