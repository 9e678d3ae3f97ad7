"""Child processes of a row: a stand-in that serves, programs that are timed from start to end.

Ends only what it started. Law: a child that fails fails its row, with what it said.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bench.pages import PAGE

ROOT = Path(__file__).resolve().parents[1]


class ChildFailed(Exception):
    """A child process ended with an error; the text holds the last of what it said."""


@dataclass(frozen=True)
class Ended:
    """A child that ended well: how long it lived, and what it said."""

    seconds: float
    said: str


def run(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Ended:
    """Run this Python with arguments from start to end. Raises ChildFailed."""
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=_environment(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    complaints = _drained(child.stderr)
    said = child.stdout.read()
    code = child.wait()
    seconds = time.perf_counter() - started
    if code != 0:
        raise ChildFailed(f"{' '.join(arguments[:3])} ended with {code}:\n{complaints()[-2000:]}")
    return Ended(seconds, said)


def _drained(stream: IO[str]) -> Any:
    """Read a stream in the background, so that a talkative child never waits for us; gives a function for the text."""
    parts: list[str] = []
    reader = threading.Thread(target=lambda: parts.append(stream.read()), daemon=True)
    reader.start()

    def text() -> str:
        reader.join(5)
        return "".join(parts)

    return text


@contextmanager
def standin(*, invoices: int, customers: int = 0, round_trip_ms: int = 0, limited: bool = False) -> Iterator[str]:
    """Serve the canned QuickBooks in a process of its own; yields its address."""
    options = {"--invoices": invoices, "--customers": customers, "--round-trip-ms": round_trip_ms}
    words = [str(word) for option in options.items() for word in option]
    with serving("bench.standin", *words, *(["--limited"] if limited else [])) as url:
        yield url


@contextmanager
def serving(module: str, *arguments: str) -> Iterator[str]:
    """Run a module that serves, and end it with the block; yields the address it prints first."""
    child = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=_environment(None),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    try:
        yield child.stdout.readline().strip()
    finally:
        child.terminate()
        child.wait()


def fetch_all(url: str, invoices: int) -> float:
    """Fetch every page of invoices over one connection and throw it away; returns the seconds that takes."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    for start in range(1, invoices + 1, PAGE):
        query = urllib.parse.quote(f"select * from Invoice startposition {start} maxresults {PAGE}")
        connection.request("GET", f"/v3/company/1/query?query={query}")
        assert connection.getresponse().read()
    connection.close()
    return time.perf_counter() - started


def journal(url: str) -> dict[str, Any]:
    """Return what the stand-in was asked since it started: `calls`, and how many it `refused`."""
    with urllib.request.urlopen(f"{url}/_journal") as answer:
        told: dict[str, Any] = json.load(answer)
    return told


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    """Return a small environment: no proxy, no settings of whoever runs the bench."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "NO_PROXY": "*", "OAUTHLIB_INSECURE_TRANSPORT": "1", "PYTHONWARNINGS": "ignore", **(more or {})}
