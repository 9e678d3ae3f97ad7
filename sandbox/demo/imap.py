"""The mailbox's IMAP door: as much of RFC 3501 as a program needs that reads reports and marks them as read.

One folder, one account for whoever says its name. Knows no SMTP. Laws: reading marks nothing (BODY.PEEK); what was
marked is not found again as unseen while this process runs.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from email.message import EmailMessage

_SEARCH = re.compile(r'UID SEARCH UNSEEN HEADER Content-Type "?([\w/-]+)"?', re.IGNORECASE)
_FETCH = re.compile(r"UID FETCH (\d+) \(BODY\.PEEK\[\]\)", re.IGNORECASE)
_STORE = re.compile(r"UID STORE (\d+) \+FLAGS \(\\Seen\)", re.IGNORECASE)


class ImapDoor:
    """Serves letters by IMAP on loopback. `numbers` and `read` give them; with port 0 it takes a free one."""

    def __init__(self, numbers: Callable[[], list[int]], read: Callable[[int], EmailMessage], port: int = 0) -> None:
        self._numbers, self._read = numbers, read
        self._seen: set[int] = set()
        self._loop = asyncio.new_event_loop()
        self._wanted = port
        self.port = port

    def start(self) -> None:
        """Listen."""
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait()

    def stop(self) -> None:
        """Listen no more."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._talk, "127.0.0.1", self._wanted))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()  # a conversation that waits for its next line
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1] mailbox\r\n")
        while line := (await reader.readline()).decode("ascii", "replace").strip():
            tag, _, command = line.partition(" ")
            answer = self._answer(command)
            said = b"" if answer is None else answer
            writer.write(said + f"{tag} {'BAD what?' if answer is None else 'OK done'}\r\n".encode())
            await writer.drain()
            if command.upper().startswith("LOGOUT"):
                break
        writer.close()

    def _answer(self, command: str) -> bytes | None:
        """Return what is said before the last line of an answer; None to a command that is not known."""
        word = command.split(" ")[0].upper()
        if word == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1\r\n"
        if word in ("LOGIN", "NOOP", "CLOSE"):
            return b""
        if word == "LOGOUT":
            return b"* BYE\r\n"
        if word == "SELECT":
            return b"* FLAGS (\\Seen)\r\n* %d EXISTS\r\n* OK [UIDVALIDITY 1] valid\r\n" % len(self._numbers())
        if found := _SEARCH.fullmatch(command):
            return self._search(found[1].lower())
        if found := _FETCH.fullmatch(command):
            raw = self._read(int(found[1])).as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            head = f"* {found[1]} FETCH (UID {found[1]} BODY[] {{{len(raw)}}}\r\n"
            return head.encode() + raw + b")\r\n"
        if found := _STORE.fullmatch(command):
            self._seen.add(int(found[1]))
            return f"* {found[1]} FETCH (UID {found[1]} FLAGS (\\Seen))\r\n".encode()
        return None

    def _search(self, kind: str) -> bytes:
        unseen = [number for number in self._numbers() if number not in self._seen]
        found = [number for number in sorted(unseen) if self._read(number).get_content_type() == kind]
        return ("* SEARCH " + " ".join(map(str, found))).strip().encode() + b"\r\n"
