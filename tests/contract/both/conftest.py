"""The same clients at the stand-in and, when keys are in the environment, at a real test account.

Law: without keys the real place is skipped and said so; with them nothing but the address and the keys differ.
"""

from __future__ import annotations

import os
import uuid
from typing import Any

import pytest
import stripe
from intuitlib.client import AuthClient
from quickbooks import QuickBooks

from sandbox.seed import seed
from sandbox.world import World

REDIRECT = "http://localhost:5000/oauth/callback"
QUICKBOOKS = ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN", "REALM_ID")
PLACES = ("stand-in", "real")


def keys(prefix: str, *names: str) -> dict[str, str]:
    """Return keys of a real test account from the environment, or skip."""
    found = {name.lower(): os.environ.get(f"{prefix}_{name}", "") for name in names}
    if not all(found.values()):
        pytest.skip(f"needs the keys of a real test account: {prefix}_{', '.join(names)}")
    return found


@pytest.fixture(params=PLACES)
def books(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> QuickBooks:
    """Return python-quickbooks' client, connected."""
    if request.param == "real":
        real = keys("TIEOUT_TEST_QBO", *QUICKBOOKS)
        auth = AuthClient(real["client_id"], real["client_secret"], REDIRECT, "sandbox")
        auth.refresh(real["refresh_token"])
        return QuickBooks(auth_client=auth, refresh_token=auth.refresh_token, company_id=real["realm_id"])
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    world: World = request.getfixturevalue("world")
    seed(world.quickbooks, customers=12, invoices=30)
    mine = world.quickbooks.credentials()
    auth = AuthClient(mine["client_id"], mine["client_secret"], REDIRECT, mine["discovery_url"])
    auth.refresh(mine["refresh_token"])

    class Local(QuickBooks):
        @property
        def api_url(self) -> str:
            return f"{mine['api_base']}/v3"

    return Local(auth_client=auth, refresh_token=auth.refresh_token, company_id=mine["realm_id"])


@pytest.fixture(params=PLACES)
def client(request: pytest.FixtureRequest) -> stripe.StripeClient:
    """Return stripe-python's client."""
    if request.param == "real":
        return stripe.StripeClient(keys("TIEOUT_TEST_STRIPE", "SECRET_KEY")["secret_key"])
    world: World = request.getfixturevalue("world")
    address: Any = {"api": world.stripe_host.url}
    return stripe.StripeClient(world.stripe.secret_key, base_addresses=address)


@pytest.fixture
def word() -> str:
    """Return a word that no earlier run used: a real account remembers."""
    return uuid.uuid4().hex[:12]
