"""Files behind the temporary addresses that QuickBooks gives: fetched without a token, bounded in size and time.

The address comes from QuickBooks and is still not trusted with anything. Laws: no token and no cookie goes along; no
redirect is followed; no more than asked for is read, whatever the other side says its size is.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import requests

from connector.errors import GatewayError, Rejected, Transient
from connector.qbo import faults
from connector.qbo.wire import CONNECT_SECONDS, READ_SECONDS

_PIECE = 64 * 1024


class TooLarge(Rejected):
    """A file that is larger than what may be read."""


def address_in(body: bytes) -> str:
    """Return the address that an answer consists of; empty where it is none."""
    text = body.decode("utf-8", "replace").strip().strip('"')
    return text if text.startswith(("https://", "http://")) and " " not in text else ""


def fetch(address: str, *, most: int, plain: bool) -> bytes:
    """Return what lies at an address. `plain` lets it be http, which only a stand-in's is.

    Raises TooLarge, Rejected where the address may not be followed, Transient where nothing came.
    """
    if urlsplit(address).scheme != "https" and not plain:
        raise Rejected(service=faults.SERVICE, message="the file's address is not an https address")
    try:
        with requests.get(
            address,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            stream=True,
            headers={"User-Agent": "Tieout", "Accept-Encoding": "identity"},
            auth=_nobody,
        ) as response:
            if response.status_code != 200:
                raise _no(response.status_code)
            return _bounded(response, most)
    except requests.RequestException as failure:
        raise Transient(service=faults.SERVICE, message=f"the file did not come: {type(failure).__name__}") from None


def _bounded(response: requests.Response, most: int) -> bytes:
    body = bytearray()
    for piece in response.iter_content(_PIECE):
        body += piece
        if len(body) > most:
            raise TooLarge(service=faults.SERVICE, message=f"the file has more than {most} bytes")
    return bytes(body)


def _no(status: int) -> GatewayError:
    kind = Transient if status >= 500 or status == 429 else Rejected
    return kind(service=faults.SERVICE, message=f"the file's address answered {status}")


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from looking into a .netrc for this host."""
    return request
