"""The demo's text gateway: takes messages over HTTP, shows them as a phone would, and sends answers back signed.

Knows nobody's number: whatever is sent to anybody lands here. Laws: a message is on disk before the sender hears that
it was taken; the same id is kept once; an answer goes only to the one address that was given at the start.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
from pathlib import Path
from typing import Any

import requests

from sandbox.clock import SandboxClock

LONGEST = 1600
ANSWER_SECONDS = 10.0


class Texts:
    """Messages in a file, a line each, and the way back to whoever sent them."""

    def __init__(self, path: Path, *, key: str, hook: tuple[str, str], clock_file: Path | None = None) -> None:
        self._path, self._key, self._clock_file = path, key, clock_file
        self._hook, self._secret = hook
        self._lock = threading.Lock()

    def take(self, authorization: str, message: Any) -> int:
        """Keep a message; returns the HTTP status: 201 taken, 200 known already, 401 wrong key, 400 no message."""
        if not hmac.compare_digest(authorization.encode(), f"Bearer {self._key}".encode()):
            return 401
        given = message if isinstance(message, dict) else {}
        texts = {name: str(given.get(name) or "") for name in ("id", "to", "text")}
        if not all(texts.values()) or len(texts["text"]) > LONGEST:
            return 400
        if not re.fullmatch(r"\+\d{8,15}", texts["to"]):
            return 400
        with self._lock:
            if any(one["id"] == texts["id"] for one in self.all()):
                return 200
            self._note({**texts, "way": "out"})
        return 201

    def all(self) -> list[dict[str, str]]:
        """Return the messages and answers, the first one first."""
        if not self._path.exists():
            return []
        return [dict(json.loads(line)) for line in self._path.read_text(encoding="utf-8").splitlines()]

    def answer(self, number: str, said: str) -> int:
        """Send what a number answers back, signed; returns the status of the other side, 0 where nobody listens."""
        with self._lock:
            count = len(self.all())
            self._note({"id": f"answer-{count}", "to": number, "text": said, "way": "in"})
        body = json.dumps({"id": f"answer-{count}", "from": number, "text": said})
        at = int(SandboxClock(self._clock_file).seconds())  # read anew: another process moves it
        mac = hmac.new(self._secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
        headers = {"Tieout-Signature": f"t={at},v1={mac}", "Content-Type": "application/json"}
        try:
            return requests.post(self._hook, data=body, headers=headers, timeout=ANSWER_SECONDS).status_code
        except requests.RequestException:
            return 0

    def _note(self, line: dict[str, str]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
