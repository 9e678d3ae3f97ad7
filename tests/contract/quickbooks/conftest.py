"""The public clients, unmodified but for their base address, against the stand-in over real HTTP."""

from __future__ import annotations

import pytest
from intuitlib.client import AuthClient
from quickbooks import QuickBooks

from sandbox.seed import seed
from sandbox.world import World

REDIRECT = "http://localhost:5000/oauth/callback"


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests_oauthlib speak http:// to this machine."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture
def harbor(world: World) -> World:
    """Return a small seeded company, without throttle."""
    seed(world.quickbooks, customers=12, invoices=30)
    world.quickbooks.switches.set({"throttle": False})
    return world


@pytest.fixture
def auth(harbor: World) -> AuthClient:
    """Return intuit-oauth's client, not connected yet."""
    keys = harbor.quickbooks.credentials()
    return AuthClient(keys["client_id"], keys["client_secret"], REDIRECT, keys["discovery_url"])


@pytest.fixture
def books(harbor: World, auth: AuthClient) -> QuickBooks:
    """Return python-quickbooks' client, connected."""
    keys = harbor.quickbooks.credentials()

    class Local(QuickBooks):
        @property
        def api_url(self) -> str:
            return f"{keys['api_base']}/v3"

    auth.refresh(keys["refresh_token"])
    return Local(
        auth_client=auth,
        refresh_token=auth.refresh_token,
        company_id=keys["realm_id"],
        minorversion=75,
        verifier_token=keys["verifier_token"],
    )
