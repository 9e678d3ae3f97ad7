"""The models walk whole at a small budget, hold under the product's rules, and break under a careless one's."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.harness import bugs
from tests.harness.model import report
from tests.harness.model.walk import Walk, Walked

SMALL = 3


def walk_all() -> list[Walked]:
    return [report._posting(None, SMALL), report._paying(None, SMALL), report._inbox(None, SMALL)]


def test_every_rule_holds_in_every_run() -> None:
    walks = walk_all()
    assert [walk.broken for walk in walks] == [{}, {}, {}]
    assert all(walk.is_whole for walk in walks)
    assert walks[0].runs > 20_000


@pytest.mark.parametrize("name", sorted(name for name, bug in bugs.known().items() if "L0" in bug.layers))
def test_the_model_finds_a_bug_because_it_asks_the_product(name: str) -> None:
    bug = bugs.known()[name]
    with bugs.planted(name):
        said = [sentence for walk in walk_all() for sentence in walk.broken]
    assert {sentence.partition(":")[0] for sentence in said} & set(bug.caught_by), said


def test_a_run_is_counted_once_and_the_shortest_that_breaks_is_kept() -> None:
    moves = {"a": [("left", "b"), ("right", "c")], "b": [("on", "c")], "c": []}
    walked = Walk("toy", moves.__getitem__, lambda state, is_end: ["bad"] if state == "c" else []).run("a")
    assert (walked.runs, walked.states, walked.ends) == (2, 3, {"c"})
    assert walked.broken == {"bad": ("right",)}
    assert walked.broken_runs["bad"] == 2


def test_the_command_line_says_when_the_clock_cut_it_short() -> None:
    command = [sys.executable, "-m", "tests.harness.model", "--seconds", "0.001", "--json"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["broken"] == {}
    assert said["is_whole"] is False
