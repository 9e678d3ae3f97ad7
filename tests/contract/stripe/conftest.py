"""A fresh stand-in of Stripe for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stripe

from tests.stripe_standin import Running, running


@pytest.fixture
def standin() -> Iterator[Running]:
    with running() as one:
        yield one


@pytest.fixture
def client(standin: Running) -> stripe.StripeClient:
    return standin.client()
