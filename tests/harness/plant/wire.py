"""The wire to Redis: carries bytes both ways, and lies when told to.

While it lies, Redis gets and does a command, and the answer never comes: the connection ends instead, so that whoever
sends again sends twice. Law: it listens on loopback only and ends with its plant.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading


class Wire:
    """A port that leads to Redis. `lying` is the share of answers that are lost."""

    def __init__(self, to_port: int, seed: int) -> None:
        self._to, self._dice = to_port, random.Random(seed)
        self.lying = 0.0
        self.lost = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening; connections end with those who hold them."""
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._to), timeout=2)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        threading.Thread(target=self._carry, args=(near, far, False), daemon=True).start()
        self._carry(far, near, True)

    def _carry(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_answer and self.lying and self._dice.random() < self.lying:
                    self.lost += 1
                    break
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
