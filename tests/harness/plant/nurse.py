"""The fork server itself: imports the product once, then becomes whatever process it is asked for, one fork each.

It opens no connection, starts no thread and reads no setting, and refuses to begin otherwise. A child differs from a
fresh interpreter in this alone: its modules are there already, the hash seed is the server's, and its parent is the
server. Environment, words, folder, session and streams are the wanted ones; it runs `__main__` as `-m` does and leaves
as any interpreter does. Law: a child that ended stays a zombie until it was asked for, so that its number means nobody
else; when the one who asks is gone, the children that still run are killed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import Any


def main(door: socket.socket, modules: list[str]) -> str:
    """Answer until the other end closes; returns the module to run in a child, empty in the server."""
    for name in modules:
        importlib.import_module(name)
    if orm := sys.modules.get("sqlalchemy.orm"):
        orm.configure_mappers()
    _refuse_unless_fresh()
    gc.collect()
    gc.freeze()  # children share this memory instead of copying it
    running: set[int] = set()
    while asked := _hear(door):
        message, streams = asked
        if message["do"] == "start":
            child = os.fork()
            if not child:
                door.close()
                return _become(message, streams)
            running.add(child)
            for stream in streams:
                os.close(stream)
            _say(door, child)
        else:
            _say(door, _ended(message["pid"], running))
    for child in running:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return ""


def _refuse_unless_fresh() -> None:
    """Hold to what a fork needs: one thread, and nothing that was read from this process's own environment."""
    assert threading.active_count() == 1, threading.enumerate()
    for module, made_once in (("connector.settings", "settings"), ("jobs.boot", "runtime")):
        if module in sys.modules:
            kept = getattr(sys.modules[module], made_once).cache_info().currsize
            assert not kept, f"{made_once} of {module} was read before the fork"


def _hear(door: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Return the next message with the streams that came along, nothing once the other end is closed."""
    text, streams = b"", list[int]()
    while not text.endswith(b"\n"):
        try:
            part, came, _, _ = socket.recv_fds(door, 65536, 3)
        except ConnectionError:  # closed with an answer unread
            return None
        if not part:
            return None
        text += part
        streams += came
    return json.loads(text), streams


def _say(door: socket.socket, answer: int | None) -> None:
    with suppress(OSError):  # the other end is gone: the next look ends the server
        door.sendall(json.dumps(answer).encode() + b"\n")


def _ended(pid: int, running: set[int]) -> int | None:
    """Return how a child ended, as Popen does: an exit code, or minus a signal; nothing while it runs."""
    found, status = os.waitpid(pid, os.WNOHANG)
    if not found:
        return None
    running.discard(pid)
    return os.waitstatus_to_exitcode(status)


def _become(wanted: dict[str, Any], streams: list[int]) -> str:
    """Put on everything that a new process is given, and return the module that it runs."""
    if wanted["session"]:
        os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    time.tzset()
    module, *words = wanted["words"]
    sys.argv = [module, *words]
    return str(module)


if __name__ == "__main__":
    if name := main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:]):
        runpy.run_module(name, run_name="__main__", alter_sys=True)
