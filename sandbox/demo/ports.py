"""The demo's ports, counted from one number, and a clear word when one is taken.

Law: nothing is started before all of them were seen to be free.
"""

from __future__ import annotations

import socket
from dataclasses import astuple, dataclass, fields


class PortTaken(Exception):
    """A port is in use; the message names it and the way out."""


@dataclass(frozen=True)
class Ports:
    """Where each service listens, on loopback."""

    web: int
    quickbooks: int
    stripe: int
    mailbox: int
    redis: int
    smtp: int
    board: int
    imap: int

    @classmethod
    def from_base(cls, base: int) -> Ports:
        """Count eight ports from one: web, QuickBooks, Stripe, mailbox, Redis, SMTP, the board of links, IMAP."""
        return cls(*(base + n for n in range(len(fields(cls)))))

    @classmethod
    def free(cls) -> Ports:
        """Pick eight ports that nobody uses now."""
        sockets = [socket.socket() for _ in fields(cls)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        picked = [one.getsockname()[1] for one in sockets]
        for one in sockets:
            one.close()
        return cls(*picked)

    def refuse_if_taken(self) -> None:
        """Raise PortTaken when something listens on one of them."""
        for field, port in zip(fields(self), astuple(self), strict=True):
            if _is_taken(port):
                raise PortTaken(
                    f"Port {port} ({field.name}) is in use by another program. "
                    f"Choose another range: python3 dev.py demo --port {self.web + 100}"
                )


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
