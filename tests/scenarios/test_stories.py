"""Every story, played on an installed Tieout: its end stands in the stand-ins' books and in the product's own words."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlmodel import col, select
from werkzeug.serving import make_server

from connector.store.books import DiscrepancyRow
from connector.store.cache import InvoiceRow
from jobs import tasks
from jobs.ticker import Ticker
from portal.access.links import make_invoice_link
from portal.app import create_app
from sandbox.demo.ports import Ports
from sandbox.scenarios.player import play
from sandbox.scenarios.scene import Refused
from sandbox.scenarios.story import Story
from sandbox.scenarios.table import STORIES
from sandbox.world import World
from sync.tieout import prove
from tests.conftest import CONTROL_TOKEN
from tests.house import House


class Installed:
    """A house whose portal answers over HTTP, and whose due work is done when a story rests."""

    def __init__(self, world: World, database_url: str) -> None:
        port = Ports.free().web
        self.world = world
        self.house = House(world, database_url, public_url=f"http://127.0.0.1:{port}")
        self._server = make_server("127.0.0.1", port, create_app(self.house.rt), threaded=True)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        hooks = f"http://127.0.0.1:{port}/hooks"
        self.control("stripe/webhooks", {"url": f"{hooks}/stripe/harbor-tile"})
        self.control("quickbooks/webhooks", {"url": f"{hooks}/quickbooks"})
        self._ticker = Ticker(self.house.rt, heard=lambda work, subject: False)

    def control(self, path: str, body: Mapping[str, Any] | None = None, *, method: str = "") -> dict[str, Any]:
        url = f"{self.world.quickbooks.public_url}/_control/{path}"
        headers = {"Authorization": f"Bearer {CONTROL_TOKEN}"}
        how = method or ("GET" if body is None else "POST")
        answer = requests.request(how, url, headers=headers, json=body, timeout=30)
        if answer.status_code != 200:
            raise Refused(answer.text)
        return dict(answer.json())

    def link(self, number: str) -> str:
        with self.house.rt.db.read() as session:
            found = session.exec(select(InvoiceRow.qbo_id).where(InvoiceRow.number == number)).one()
        link = make_invoice_link(self.house.rt, self.house.company_id, found)
        assert link is not None
        return link

    def rest(self) -> None:
        self.world.advance(20 * 60)
        for _ in range(8):
            assert self.world.settle()
            if not self._ticker.turn():
                return

    def findings(self) -> list[dict[str, Any]]:
        with self.house.rt.db.read() as session:
            rows = session.exec(select(DiscrepancyRow).where(col(DiscrepancyRow.closed_at).is_(None)))
            return [row.model_dump(mode="json") for row in rows]

    def proof(self) -> dict[str, Any]:
        proof = prove(self.house.rt, self.house.company_id, live=True)
        return {"ties": proof.ties, "unexplained_minor": sum(one.unexplained.minor for one in proof.results)}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.house.close()


@pytest.fixture(scope="module")
def place(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Return one installation for all stories: as in the demo, each is played after others."""
    path = tmp_path_factory.mktemp("stories") / "tieout.db"
    shutil.copy(_sqlite_template, path)
    world = World(control_token=CONTROL_TOKEN)
    world.start()
    installed = Installed(world, f"sqlite:///{path}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "runtime", lambda: installed.house.rt)
        yield installed
    installed.close()
    world.stop()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_ends_as_the_table_says(place: Installed, story: Story) -> None:
    played = play(story, place, lambda at, said: print(at, said))
    print(played.end)
    print(*played.said, sep="\n")
    assert played.differences == ()
