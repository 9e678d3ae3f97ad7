"""Two companies of ours and two of the stand-in's: Harbor, and a second merchant who must see nothing."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connector.store.session import Database
from sandbox.world import World
from tests.qbo.rig import Rig


@pytest.fixture
def rig(world: World, db: Database) -> Rig:
    """Return a company that is not connected yet."""
    return Rig(world, db)


@pytest.fixture
def second(world: World, db: Database, rig: Rig) -> Rig:
    """Return another company of ours beside another company of the stand-in's."""
    return Rig(world, db, slug="second", realm=world.quickbooks.add_company("Second Company"))


def consent(url: str, realm: str, decision: str = "connect") -> dict[str, str]:
    """Do what a person does on Intuit's page, and return what the browser brings back."""
    answer = requests.post(url, data={"decision": decision, "realm_id": realm}, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}
