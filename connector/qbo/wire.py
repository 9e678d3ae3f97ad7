"""The wire to one realm: python-quickbooks as a thin transport, with its one funnel replaced.

The library knows QuickBooks' addresses, parameters and headers; this keeps what it throws away (the answer's status,
bytes and intuit_tid), adds what it lacks (timeouts, the throttle, a renewed token after a 401) and parses nothing.
Laws: no call without a timeout; no redirect is followed with a token in hand; a token comes from `bearer` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests
from quickbooks import QuickBooks

from connector.qbo.faults import Reply
from connector.qbo.throttle import Throttle

CONNECT_SECONDS, READ_SECONDS = 3.05, 30.0
MINOR_VERSION = 75


class Wire(QuickBooks):  # type: ignore[misc]  # the library has no types
    """A QuickBooks client whose verbs give raw replies. One for each thread: it holds a requests session."""

    def __new__(cls, *, realm_id: str, api_base: str, session: BearerSession, throttle: Throttle) -> Wire:
        """Make the client without its own OAuth session, which would copy the token once and keep it."""
        wire: Wire = super().__new__(cls, company_id=realm_id, minorversion=MINOR_VERSION)
        wire.session = session
        wire.api_base = api_base
        wire.throttle = throttle
        return wire

    @property
    def api_url(self) -> str:
        """Return the address of the API; the library's own falls to production for any custom environment."""
        return f"{self.api_base}/v3"

    @property
    def company_url(self) -> str:
        """Return the address of the realm."""
        return f"{self.api_url}/company/{self.company_id}"

    def make_request(
        self,
        request_type: str,
        url: str,
        request_body: bytes | str | None = None,
        content_type: str = "application/json",
        params: dict[str, Any] | None = None,
        file_path: None = None,
        file_bytes: None = None,
        request_id: str | None = None,
    ) -> Reply:
        """Send one request as the library does, and return the raw reply. Raises GatewayError when none came."""
        del file_path, file_bytes  # the library's uploads are not used
        query = {**(params or {}), "minorversion": self.minorversion}
        if request_id:
            query["requestid"] = request_id
        headers = {"Content-Type": content_type, "Accept": "application/json", "User-Agent": "Tieout"}
        return self.exchange(request_type, url, headers=headers, params=query, body=_bytes_of(request_body))

    def exchange(
        self, method: str, url: str, *, headers: dict[str, str], params: dict[str, Any] | None = None, body: bytes = b""
    ) -> Reply:
        """Send, and once more with a renewed token after a 401 or a 403."""
        reply = self._send(method, url, headers, params, body)
        if reply.status in (401, 403):
            self.session.renew()
            reply = self._send(method, url, headers, params, body)
        return reply

    def _send(
        self, method: str, url: str, headers: dict[str, str], params: dict[str, Any] | None, body: bytes
    ) -> Reply:
        # The token first: fetching one takes a while, and a call that was let through must go at once.
        self.session.hold()
        self.throttle.wait(self.company_id)
        with self.process_request(method, url, headers=headers, params=params, data=body) as response:
            return Reply(
                status=response.status_code,
                # Not `content`: that gathers a page of four megabytes from pieces, and holds it twice for a moment.
                body=response.raw.read(decode_content=True),
                trace=response.headers.get("intuit_tid", ""),
                retry_after=response.headers.get("Retry-After", ""),
                request=body,
            )


class BearerSession(requests.Session):
    """The session the library is given: every request has timeouts and the company's present token."""

    def __init__(self, bearer: Callable[[bool], str], api_base: str) -> None:
        super().__init__()
        self._bearer = bearer
        self._held = ""
        # An `auth` of our own keeps requests from looking into a .netrc, which would replace the token.
        self.auth = _as_it_is
        # The environment's proxies and certificates: read once here, as all goes to one address; requests reads the
        # whole environment twice for each call.
        around = self.merge_environment_settings(api_base, {}, None, None, None)
        self.proxies, self.verify = around["proxies"], around["verify"]
        self.trust_env = False

    @property
    def access_token(self) -> str:
        """Return the token for the next request; the library asks for it under this name."""
        held, self._held = self._held, ""
        return held or self._bearer(False)

    def hold(self) -> None:
        """Fetch the token for the next request now."""
        self._held = self._held or self._bearer(False)

    def renew(self) -> None:
        """Fetch a newer token for the next request."""
        self._held = self._bearer(True)

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        """Send with timeouts, follow no redirect, and leave the body to be read in one piece."""
        options |= {"timeout": (CONNECT_SECONDS, READ_SECONDS), "allow_redirects": False, "stream": True}
        return super().request(method, url, *args, **options)

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Prepare a request with this session's headers and cookies: it has nothing else that were to be merged."""
        prepared = requests.PreparedRequest()
        prepared.prepare(
            method=request.method,
            url=request.url,
            headers={**self.headers, **request.headers},
            params=request.params,
            data=request.data,
            auth=self.auth,
            cookies=self.cookies,
        )
        return prepared


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _bytes_of(body: bytes | str | None) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""
