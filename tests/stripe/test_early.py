"""A child that was forked for a piece of work finds all of the SDK that the gateway uses."""

from __future__ import annotations

import subprocess
import sys

from connector.stripe import early
from jobs.worker import PRELOADED

# An answer, and a refusal that tells of every kind of object that the SDK knows in one.
_CALLS = """
import sys
import stripe
from connector import errors
from connector.clock import Clock
from connector.stripe import early, gateway, wire

class Client(stripe.RequestsClient):
    answer = ('{"id": "acct_1", "livemode": false}', 200)

    def request(self, *_, **__):
        return *self.answer, {}

told = ", ".join(f'"{kind}": {{"id": "a", "object": "{kind}"}}' for kind in early.KINDS)
wire._http = Client
made = gateway.StripeGateway(account="acct_1", secret_key="sk", api_base="http://127.0.0.1:9", clock=Clock())
before = set(sys.modules)
assert made.account().account == "acct_1"
Client.answer = ('{"error": {"type": "card_error", "message": "no", %s}}' % told, 402)
try:
    made.cancel_intent("pi_1")
except errors.Rejected:
    print(sorted(set(sys.modules) - before))
"""


def test_nothing_of_the_sdk_is_imported_by_a_call_after_the_fork() -> None:
    done = subprocess.run([sys.executable, "-c", _CALLS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert early.__name__ in PRELOADED
