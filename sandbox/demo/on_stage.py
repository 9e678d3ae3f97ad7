"""The demo as a place for stories: the control plane, links from the command line, and the product's own words.

Knows the command line of the product and nothing inside it. Law: what the product says is asked anew each time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from sandbox.demo.arrival import SLUG
from sandbox.demo.crew import CrewError
from sandbox.demo.stage import Stage, Waited
from sandbox.scenarios.scene import Refused

A_QUARTER = 20 * 60  # seconds of the clock: by then a look that comes round every quarter of an hour has come
PATIENCE = 15.0  # real seconds; where a service is away nothing comes to rest


class OnStage:
    """An installation that runs as the processes of a demo."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def control(self, path: str, body: Mapping[str, Any] | None = None, *, method: str = "") -> dict[str, Any]:
        """Give the sandbox an order, or look with no body. Raises Refused."""
        try:
            return self._stage.control(path, body, method=method)
        except Waited:
            raise
        except CrewError as error:
            raise Refused(str(error)) from error

    def link(self, number: str) -> str:
        """Return the address in the mail about an invoice."""
        return self._stage.tieout("link", number, "--company", SLUG)

    def rest(self) -> None:
        """Let a quarter of an hour pass, and wait until the product has done what that brought."""
        since = self._now()
        self._stage.control("clock/advance", {"seconds": A_QUARTER})
        self._stage.control("settle", {"timeout": 10})
        with suppress(Waited):
            self._stage.wait_for("rest", lambda: self._is_calm(since), seconds=PATIENCE, every=1.0)

    def findings(self) -> list[dict[str, Any]]:
        """Return what the product wants a person to see."""
        return list(json.loads(self._stage.tieout("discrepancies", "--company", SLUG, "--json")))

    def proof(self) -> dict[str, Any]:
        """Return the tie-out, with every entry read from the books themselves."""
        said = self._stage.run("prove", "--live", "--company", SLUG, "--json").stdout
        [proved] = json.loads(said)
        return {
            "ties": proved["ties"],
            "unexplained_minor": sum(one["unexplained_minor"] for one in proved["results"]),
        }

    def _is_calm(self, since: datetime) -> bool:
        seen = json.loads(self._stage.tieout("status", "--company", SLUG, "--json"))[SLUG]
        waiting, proved = seen["on_its_way"], seen["tie_out"]
        looked = proved is not None and datetime.fromisoformat(proved["at"]) > since
        return looked and not (waiting["events"] or waiting["postings"])

    def _now(self) -> datetime:
        return datetime.fromisoformat(self._stage.control("state")["clock"]["now"])
