"""Ends the demo's processes when the demo itself is gone, however it went.

Started as a script of its own, in a session of its own: reads the session ids of the crew from a pipe (`+id` for one
that began, `-id` for one that ended) and acts when the pipe closes, which the kernel does even for a launcher that was
killed. Standard library only. Law: it ends what it was told of and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

PATIENCE_SECONDS = 8.0


def members(session: int) -> list[int]:
    """Return the processes of a session; where there is no /proc, the group that leads it."""
    if not Path("/proc/self/stat").exists():
        return [session] if _is_alive(session) else []
    return [pid for pid in _all_pids() if _session_of(pid) == session]


def end(sessions: Iterable[int]) -> None:
    """Ask every process of some sessions to end, and kill those that have not after a while."""
    sessions = list(sessions)
    for session in sessions:
        _signal_group(session, signal.SIGTERM)
    until = time.monotonic() + PATIENCE_SECONDS
    while any(members(session) for session in sessions) and time.monotonic() < until:
        time.sleep(0.05)
    for session in sessions:
        _signal_group(session, signal.SIGKILL)
        for pid in members(session):
            _signal(pid, signal.SIGKILL)


def _all_pids() -> list[int]:
    return [int(name.name) for name in Path("/proc").iterdir() if name.name.isdigit()]


def _session_of(pid: int) -> int | None:
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if after_name[0] == "Z" else int(after_name[3])


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(OSError):
        os.killpg(group, number)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def main() -> None:
    """Collect session ids until the pipe closes, then end them."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it outlives the launcher on purpose, for a moment
    told: set[int] = set()
    for line in sys.stdin:
        (told.add if line[0] == "+" else told.discard)(int(line[1:]))
    end(told)


if __name__ == "__main__":
    main()
