"""The demo leaves no process behind: asked to end, killed outright, or with children in groups of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.demo.crew import ROOT, Crew, CrewError
from sandbox.demo.watchdog import members

# A process that starts a child in a process group of its own, as RQ's worker does, and does not listen to SIGTERM.
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setpgrp()
print("ready", flush=True)
time.sleep(600)
"""
POLITE = "import time; print('ready', flush=True); time.sleep(600)"


def wait_until(is_so: Callable[[], object], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def start(crew: Crew, name: str, script: str) -> int:
    member = crew.start(name, [sys.executable, "-c", script], {})
    wait_until(lambda: b"ready" in member.log.read_bytes())
    return member.process.pid


def test_leaving_the_crew_ends_everybody(tmp_path: Path) -> None:
    with Crew(tmp_path) as crew:
        sessions = [start(crew, f"polite-{n}", POLITE) for n in range(3)]
        assert all(members(session) for session in sessions)
        crew.check()
    assert not any(members(session) for session in sessions)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="sessions are read from /proc, which Linux has")
def test_who_does_not_listen_is_killed_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.demo.watchdog.PATIENCE_SECONDS", 0.3)
    with Crew(tmp_path) as crew:
        session = start(crew, "stubborn", STUBBORN)
        wait_until(lambda: len(members(session)) == 2)
    assert members(session) == []


def test_a_launcher_that_is_killed_takes_everybody_along(tmp_path: Path) -> None:
    launcher = f"""
import sys, time
from pathlib import Path
from sandbox.demo.crew import Crew
crew = Crew(Path({str(tmp_path)!r}))
for n in range(2):
    print(crew.start(f"polite-{{n}}", [sys.executable, "-c", {POLITE!r}], {{}}).process.pid, flush=True)
time.sleep(600)
"""
    process = subprocess.Popen([sys.executable, "-c", launcher], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    sessions = [int(process.stdout.readline()) for _ in range(2)]
    wait_until(lambda: all(members(session) for session in sessions))
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    wait_until(lambda: not any(members(session) for session in sessions))


def test_a_process_that_ended_by_itself_is_told_with_its_last_words(tmp_path: Path) -> None:
    with Crew(tmp_path) as crew:
        member = crew.start("short", [sys.executable, "-c", "print('out of milk'); raise SystemExit(3)"], {})
        member.process.wait()
        with pytest.raises(CrewError, match=r"(?s)short ended by itself \(exit code 3\).*out of milk"):
            crew.check()


def test_a_command_runs_to_its_end_and_sees_nothing_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_API_BASE", "https://api.stripe.com")
    script = "import os, sys; print(sys.stdin.read(), os.environ.get('STRIPE_API_BASE'), os.environ['GIVEN'])"
    with Crew(tmp_path) as crew:
        ran = crew.run([sys.executable, "-c", script], {"GIVEN": "yes"}, given="hello", seconds=20, show=False)
    assert ran.stdout.split() == ["hello", "None", "yes"]


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    script = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    with Crew(tmp_path) as crew, pytest.raises(subprocess.TimeoutExpired):
        crew.run([sys.executable, "-c", script], {}, seconds=2, show=False)
    assert members(int((tmp_path / "pid").read_text())) == []
