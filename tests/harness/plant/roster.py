"""The processes of the plant: what each is started with, how each ended, and that each stands again soon.

Knows no product. Laws: only processes started here are ever ended, each by its id; an orphan whose parent was killed is
remembered until it is gone; leaving the roster leaves nobody behind, also when the harness itself is killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.demo import watchdog
from sandbox.demo.crew import Crew, Member

GONE_WITHIN = 3.0
Begin = Callable[..., Any]  # called as Popen is, and returns what has its interface


@dataclass
class Post:
    """A place that is always manned: what runs there, and who does now."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    begin: Begin = subprocess.Popen
    member: Member | None = None
    started: int = 0
    codes: list[int] = field(default_factory=list)  # how each of its processes ended
    restart_at: float | None = None
    pause: float = 0.3  # seconds between an end and the next start
    is_open: bool = True
    clears: bool = False  # orphans are ended before the next start, as systemd ends a whole control group

    @property
    def pid(self) -> int:
        """The process that was started; 0 while nobody is there."""
        return self.member.process.pid if self.member and self.member.process.poll() is None else 0


class Roster:
    """All posts of one plant, watched by a thread that mans them again."""

    def __init__(self, crew: Crew, logs: Path) -> None:
        self._crew, self.logs = crew, logs
        self.posts: dict[str, Post] = {}
        self._former: list[Member] = []
        self._lock = threading.RLock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def man(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        begin: Begin = subprocess.Popen,
        clears: bool = False,
    ) -> Post:
        """Open a post and start its first process, with `begin` in place of Popen."""
        post = Post(name, command, environment, begin, clears=clears)
        with self._lock:
            self.posts[name] = post
            self._start(post)
        return post

    def leave(self, name: str) -> None:
        """Close a post: its process is asked to end, and nobody follows."""
        with self._lock:
            post = self.posts.pop(name)
            post.is_open = False
        if post.member:
            watchdog.end([post.member.process.pid])
            post.member.process.wait()

    def children(self, name: str) -> list[int]:
        """Return the children of a post's process: horses of a worker, workers of gunicorn."""
        return children(self.posts[name].pid)

    def said(self, name: str) -> str:
        """Return everything that the processes of a post wrote."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.logs.glob(f"{name}.*.log")))

    def stop(self) -> None:
        """Man nothing any more, and end who is there, orphans too."""
        self._stopped.set()
        self._thread.join()
        members = [post.member for post in self.posts.values() if post.member] + self._former
        watchdog.end(member.process.pid for member in members)
        for member in members:
            member.process.wait()
            self._crew.forget(member)

    def _start(self, post: Post) -> None:
        if post.clears:
            self._end_orphans(post.name)
        post.started += 1
        post.restart_at = None
        post.member = self._crew.start(f"{post.name}.{post.started}", post.command, post.environment, begin=post.begin)

    def _end_orphans(self, name: str) -> None:
        for member in self._former:
            if member.name.startswith(f"{name}."):
                for pid in watchdog.members(member.process.pid):
                    kill(pid)

    def _watch(self) -> None:
        turns = 0
        while not self._stopped.wait(0.05):
            turns += 1
            with self._lock:
                for post in self.posts.values():
                    self._see_to(post)
                if turns % 40 == 0:  # it reads the whole of /proc
                    self._forget_the_gone()

    def _see_to(self, post: Post) -> None:
        if post.member is not None and (code := post.member.process.poll()) is not None:
            post.codes.append(code)
            self._former.append(post.member)
            post.member, post.restart_at = None, time.monotonic() + post.pause
        if post.member is None and post.restart_at is not None and time.monotonic() >= post.restart_at:
            self._start(post)

    def _forget_the_gone(self) -> None:
        """Take members off the crew's list once their whole session is gone: the number may soon be another's."""
        for member in [one for one in self._former if not watchdog.members(one.process.pid)]:
            self._former.remove(member)
            self._crew.forget(member)


def children(pid: int) -> list[int]:
    """Return the children of a process, none when it has ended."""
    try:  # gunicorn and RQ fork from their first thread
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def kill(pid: int) -> bool:
    """End a process by SIGKILL and tell whether it was seen to be gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return is_gone(pid)


def is_gone(pid: int) -> bool:
    """Wait a little until a process is gone, or is only waited for by its parent; tell whether it is."""
    end = time.monotonic() + GONE_WITHIN
    while time.monotonic() < end:
        if not _runs(pid):
            return True
        time.sleep(0.002)
    return False


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False
