"""The demo as a person starts it: it arrives, it is kept, it wakes again, and nothing of it stays behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests

from sandbox.demo.ports import Ports
from tests.conftest import ROOT

pytestmark = pytest.mark.timeout(600)
READY = "tieout prove"


class Demo:
    """One run of the demo on a folder and a range of ports."""

    def __init__(self, folder: Path, base: int) -> None:
        self._said = folder.with_suffix(".out")
        with self._said.open("wb") as out:
            command = [sys.executable, "-m", "sandbox.demo", "--folder", str(folder), "--port", str(base)]
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT)
        wait_until(lambda: READY in self.said or self.process.poll() is not None, 180)
        assert self.process.poll() is None, self.said

    @property
    def said(self) -> str:
        return self._said.read_text(encoding="utf-8")

    def link(self, name: str) -> str:
        found = re.search(rf"{name} +(http\S+)", self.said)
        assert found is not None
        return found.group(1)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


def lives(one: psutil.Process) -> bool:
    """Tell whether a process goes on; one that ended may wait for whoever adopted it to take note."""
    try:
        return one.is_running() and one.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(is_so: Callable[[], object], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"waited {seconds} seconds in vain"
        time.sleep(0.05)


def free_range() -> int:
    """Return the first of eight free ports in a row, below those that the system hands out to anybody meanwhile."""
    for base in range(10_000 + Ports.free().web % 20_000, 32_700, 8):
        try:
            Ports.from_base(base).refuse_if_taken()
        except Exception:  # any of the seven is taken: the next range
            continue
        return base
    raise AssertionError("no eight free ports in a row")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Demo]]:
    """Return how to start the demo on one folder, again and again."""
    base, demos = free_range(), []

    def begin() -> Demo:
        demos.append(Demo(tmp_path / "demo", base))
        return demos[-1]

    yield begin
    for demo in demos:
        demo.process.kill()
        demo.process.wait()


def test_the_demo_arrives_is_kept_and_leaves_nothing_behind(start: Callable[[], Demo]) -> None:
    first = start()
    link = first.link("Pay an invoice")
    assert "Harbor Tile Co." in requests.get(link, timeout=10).text
    assert requests.get(first.link("Mailbox"), timeout=10).ok
    assert requests.get(first.link("QuickBooks stand-in"), timeout=10).ok
    assert requests.get(first.link("Stripe stand-in"), timeout=10).ok
    assert "Welcome back" in requests.get(first.link("Staff console"), timeout=10).text
    plays_a_story(first.link("Everything"))
    family = first.family()
    assert len(family) >= 7  # the watchdog, Redis, stand-ins, mailbox, web with its worker, worker, scheduler
    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(timeout=30) == 0
    assert [one for one in family if lives(one)] == []

    again = start()
    assert "as you left it" in again.said
    assert again.link("Pay an invoice") == link
    assert "Harbor Tile Co." in requests.get(link, timeout=10).text
    family = again.family()
    again.process.kill()  # nothing of ours runs at its end
    wait_until(lambda: not any(map(lives, family)), 20)


def plays_a_story(board: str) -> None:
    """Press Play on the demo's first page as a person does, and follow the story to its end."""
    text = requests.get(board, timeout=10).text
    assert "Move the clock" in text
    assert "/stories/inquiry" in text
    assert (
        requests.post(f"{board}/stories/inquiry", headers={"Origin": "https://evil.example"}, timeout=10).status_code
        == 403
    )
    assert requests.post(f"{board}/stories/nothing", headers={"Origin": board}, timeout=10).status_code == 404
    page = requests.post(f"{board}/stories/inquiry", headers={"Origin": board}, timeout=10)
    assert page.url == f"{board}/stories/inquiry"
    assert 'http-equiv="refresh"' in page.text

    def over() -> bool:
        return "How it ended" in requests.get(page.url, timeout=10).text

    wait_until(over, 240)
    ended = requests.get(page.url, timeout=10).text
    assert "As it must." in ended, ended
    assert 'http-equiv="refresh"' not in ended
    before = re.search(r"It is <strong>(.*?)</strong>", requests.get(board, timeout=10).text)
    after = requests.post(f"{board}/clock", data={"move": "day"}, headers={"Origin": board}, timeout=10)
    assert before is not None
    assert before.group(1) not in after.text


def test_a_port_in_use_and_a_folder_in_use_are_clear_errors(tmp_path: Path) -> None:
    import fcntl
    import socket

    base = free_range()
    command = [sys.executable, "-m", "sandbox.demo", "--folder", str(tmp_path / "demo"), "--port", str(base)]
    with socket.create_server(("127.0.0.1", base + 2)):
        taken = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert taken.returncode == 1
    assert f"Port {base + 2} (stripe) is in use" in taken.stderr
    with (tmp_path / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        locked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert locked.returncode == 1
    assert "running on this data already" in locked.stderr


@pytest.mark.nightly  # `demo --check` plays it with keys; tests/flows/test_hosted.py by consent
def test_the_main_job_is_played_by_consent_as_well() -> None:
    command = [sys.executable, "-m", "sandbox.demo", "--check", "--by-consent"]
    played = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert played.returncode == 0, played.stdout
    assert "tie-out 0.00" in played.stdout
