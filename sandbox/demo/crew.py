"""The demo's processes: started each in a session of its own, watched, and ended together.

Knows no service. Law: a process is told to the watchdog before it can do anything, so that none is ever forgotten.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.demo import watchdog

ROOT = Path(__file__).resolve().parents[2]


class CrewError(Exception):
    """A process of the demo could not start or has ended; the message tells which, with its last words."""


@dataclass(frozen=True)
class Member:
    """One running process and the file that holds what it says."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_words(self, lines: int = 12) -> str:
        """Return the end of its log."""
        said = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(f"    {line}" for line in said[-lines:])


class Crew:
    """The processes of one demo. Use it as a context: leaving it ends them all."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._members: list[Member] = []
        script = [sys.executable, "-I", "-S", watchdog.__file__]
        self._watchdog = subprocess.Popen(script, stdin=subprocess.PIPE, start_new_session=True, cwd=ROOT)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.end()

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        begin: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen,
    ) -> Member:
        """Start a process under a name, with `begin` in place of Popen; what it says goes to `<name>.log`."""
        self._logs.mkdir(parents=True, exist_ok=True)
        path = self._logs / f"{name}.log"
        with path.open("wb") as log:
            process = begin(
                command,
                env={**_plain_environment(), **environment},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._tell_watchdog("+", process.pid)
        member = Member(name, process, path)
        self._members.append(member)
        return member

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], *, given: str = "", seconds: float, show: bool
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; `show` lets its error stream through to the terminal."""
        with subprocess.Popen(
            command,
            env={**_plain_environment(), **environment},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if show else subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            self._tell_watchdog("+", process.pid)
            try:
                said, complained = process.communicate(given, timeout=seconds)
            except BaseException:
                process.kill()
                raise
            finally:
                self._tell_watchdog("-", process.pid)
        return subprocess.CompletedProcess(list(command), process.returncode, said, complained)

    def check(self) -> None:
        """Raise CrewError when a process has ended on its own."""
        for member in self._members:
            code = member.process.poll()
            if code is not None:
                raise CrewError(f"{member.name} ended by itself ({_how(code)}). Its last words:\n{member.last_words()}")

    def forget(self, member: Member) -> None:
        """Take a member off the list once it and its children have ended: their number may soon be another's."""
        self._members.remove(member)
        self.disown(member.process.pid)

    def adopt(self, session: int) -> None:
        """Let the watchdog also end a session that began elsewhere, should this launcher be gone before it."""
        self._tell_watchdog("+", session)

    def disown(self, session: int) -> None:
        """Take a session off the watchdog's list."""
        self._tell_watchdog("-", session)

    def end(self) -> None:
        """End all processes, the youngest first; what does not listen is killed."""
        members, self._members = self._members[::-1], []
        watchdog.end(member.process.pid for member in members)
        for member in members:
            member.process.wait()
        if self._watchdog.stdin and not self._watchdog.stdin.closed:
            self._watchdog.stdin.close()
            self._watchdog.wait()

    def _tell_watchdog(self, sign: str, pid: int) -> None:
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.write(f"{sign}{pid}\n".encode())
        self._watchdog.stdin.flush()


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _plain_environment() -> dict[str, str]:
    """Return what a process needs of ours: where programs lie and how to write, nothing of the product's settings."""
    wanted = (
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "VIRTUAL_ENV",
        "TERM",
        "LD_LIBRARY_PATH",
        "SSL_CERT_FILE",
    )
    return {name: os.environ[name] for name in wanted if name in os.environ}
