"""A small real OpenID provider over loopback HTTP: its keys, its codes, its tokens, and what it may do wrong."""

from __future__ import annotations

import hashlib
import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwk, jwt

CLIENT_ID, SECRET = "tieout-at-harbor", "a secret between the two"


@dataclass
class Provider:
    """The provider and everything it was asked."""

    issuer: str
    now: int
    key: Any = field(default_factory=lambda: jwk.RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    signs_with: Any = None  # another key than the one it publishes
    claims: dict[str, Any] = field(default_factory=dict)  # what its tokens say differently
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def authorize(self, url: str, email: str) -> dict[str, str]:
        """Let somebody in, as its own sign-in page would, and return what the browser brings back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = {**query, "email": email}
        return {"code": code, "state": query["state"], "iss": self.issuer}

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        """Change a code for a token, once, for whoever knows the verifier."""
        query = self.codes.pop(form["code"])
        challenge = urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        assert challenge == query["code_challenge"]
        assert form["redirect_uri"] == query["redirect_uri"]
        says = {"iss": self.issuer, "aud": CLIENT_ID, "sub": "someone", "iat": self.now, "exp": self.now + 300}
        says |= {"nonce": query["nonce"], "email": query["email"], "email_verified": True, **self.claims}
        said = {name: value for name, value in says.items() if value is not None}
        key = self.signs_with or self.key
        return {
            "access_token": "a",
            "token_type": "Bearer",
            "id_token": jwt.encode({"alg": "RS256", "kid": "one"}, said, key),
        }

    def document(self, path: str) -> Any:
        """Return a document by its path."""
        if path == "/keys":
            return {"keys": [self.key.as_dict(private=False)]}
        here = self.issuer
        return {
            "issuer": here,
            "authorization_endpoint": f"{here}/authorize",
            "token_endpoint": f"{here}/token",
            "jwks_uri": f"{here}/keys",
        }


@contextmanager
def a_provider(now: int) -> Iterator[Provider]:
    """Serve a provider on a free port of this machine."""
    made: list[Provider] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made[0].asked.append(self.path)
            self._send(made[0].document(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            made[0].asked.append(self.path)
            self._send(made[0].token({name: values[0] for name, values in parse_qs(body).items()}))

        def _send(self, document: Any) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.append(Provider(f"http://127.0.0.1:{server.server_port}", now))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made[0]
    server.shutdown()
    server.server_close()
    thread.join()
