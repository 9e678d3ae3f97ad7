"""A process from the nursery is what Popen would have started: its words, its environment, its streams, its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.harness.plant.nursery import Child, Nursery
from tests.harness.plant.roster import children

BARE = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
BEFORE = ("connector.settings",)  # enough to see what a fork brings along
SELF = "tests.harness.plant.test_nursery"


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery(BEFORE)
    yield nursery
    nursery.close()


def tell() -> None:
    """Say what this process was given, and end with 7."""
    from connector.settings import settings

    said = {
        "words": sys.argv[1:],
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "leads": os.getsid(0) == os.getpid(),
        "open": len(list(Path("/proc/self/fd").iterdir())) - 1,  # the look itself is one
        "settings": settings.cache_info().currsize,
        "main": sys.modules["__main__"].__spec__.name,
    }
    print(json.dumps(said))
    raise SystemExit(7)


def told(begin: object, folder: Path, path: Path) -> tuple[int, dict[str, object]]:
    """Start this module as a program in one of two ways and return its exit code and what it said."""
    with path.open("wb") as out:
        environment = {**BARE, "PYTHONPATH": str(ROOT), "TIEOUT_MODE": "sandbox"}
        process = begin(
            [sys.executable, "-m", SELF, "tell", "me"],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    code = process.wait(timeout=30)
    return code, json.loads(path.read_text().splitlines()[-1])


def test_it_is_given_what_popen_gives(nursery: Nursery, tmp_path: Path) -> None:
    code, said = told(nursery.start, tmp_path, tmp_path / "forked")
    assert code == 7
    assert said["settings"] == 0, "nothing may be read before the child's own environment stands"
    assert (code, said) == told(subprocess.Popen, tmp_path, tmp_path / "fresh")


def asleep(nursery: Nursery) -> Child:
    return nursery.start([sys.executable, "-m", SELF, "sleep"], env=BARE)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_its_end_is_seen(nursery: Nursery, number: int) -> None:
    child = asleep(nursery)
    assert child.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(timeout=0.05)
    os.kill(child.pid, number)
    assert child.wait(timeout=10) == -number
    child.kill()  # its number may be another's by now: nobody is sent anything


def test_nobody_outlives_the_one_who_asked(nursery: Nursery) -> None:
    other = Nursery(BEFORE)
    child = asleep(other)
    other._door.close()  # as when the one who asked was killed
    assert other._server.wait(timeout=10) == 0
    assert not Path(f"/proc/{child.pid}").exists()
    assert asleep(nursery).poll() is None


def test_nobody_outlives_the_one_who_asked_and_did_not_hear_the_answer() -> None:
    other = Nursery(BEFORE)
    first = asleep(other)
    wanted = {"words": [SELF, "sleep"], "environment": BARE, "folder": str(ROOT), "session": False}
    other._door.sendall(json.dumps({"do": "start", **wanted}).encode() + b"\n")
    end = time.monotonic() + 30
    while len(left := children(other._server.pid)) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    assert first.pid in left
    time.sleep(0.05)  # until the answer lies there
    other._door.close()
    assert other._server.wait(timeout=10) == 0
    assert [pid for pid in left if Path(f"/proc/{pid}").exists()] == []


if __name__ == "__main__":
    if sys.argv[1] == "tell":
        tell()
    time.sleep(60)
