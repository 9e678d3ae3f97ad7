"""A short storm, and a storm that is stopped: nothing lost, nothing doubled, nobody left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.demo import watchdog
from tests.conftest import ROOT
from tests.harness.plant.storm import storm

pytestmark = pytest.mark.crash


@pytest.mark.nightly
@pytest.mark.timeout(300)
def test_a_short_storm() -> None:
    """Short, and on one engine, since each storm starts a dozen processes; `dev.py prove-it` runs long ones on both."""
    report = storm("sqlite", 6, seed=3, kills=5)
    assert report.broken == []
    assert (report.lost, report.doubled, report.misstated_minor) == (0, 0, 0)
    assert report.payments > 0
    assert sum(report.kills.values()) > 0


@pytest.mark.nightly
@pytest.mark.timeout(120)
def test_a_stopped_storm_leaves_nobody_behind() -> None:
    command = [sys.executable, "-m", "tests.harness.plant", "--engine", "sqlite", "--seconds", "60"]
    ran = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    assert ran.stderr is not None
    assert b"the plant runs" in ran.stderr.readline()
    mine = _descendants(ran.pid)
    assert len(mine) >= 8, "two web workers, two workers, a scheduler, Redis, gunicorn's master and the watchdog"
    os.kill(ran.pid, signal.SIGKILL)
    ran.wait()
    end = time.monotonic() + 3 * watchdog.PATIENCE_SECONDS
    while (left := [pid for pid in mine if _started_at(pid) == mine[pid]]) and time.monotonic() < end:
        time.sleep(0.1)
    assert left == []


def _descendants(pid: int) -> dict[int, str]:
    """Return the processes below one, with when each started: a number may be used again."""
    parents = {one: _words(one)[1:2] for one in watchdog._all_pids()}
    found, fresh = [], [pid]
    while fresh:
        fresh = [one for one, parent in parents.items() if parent and int(parent[0]) in fresh]
        found += fresh
    return {one: _started_at(one) for one in found}


def _started_at(pid: int) -> str:
    words = _words(pid)
    return words[19] if words and words[0] != "Z" else ""


def _words(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
