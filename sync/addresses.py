"""Where the pages of a company's payers stand: at the installation's address, or at a host of the company's own.

Rows and contexts hold addresses of the installation, which always work; they are turned to the company's host in the
moment in which they are handed out. Law: only addresses of payers' pages are turned, and only ones that are ours.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from connector.settings import Settings

OF_PAYERS = ("/c/", "/i/")


def home_of(settings: Settings, host: str | None) -> str:
    """Return the address at which a company's pages begin: its own host with PUBLIC_URL's scheme and port, if any."""
    if not host:
        return settings.public_url
    parts = urlsplit(settings.public_url)
    return parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host).geturl()


def at_home(settings: Settings, host: str | None, url: str) -> str:
    """Return an address of a payer's page as it is handed out; any other comes back as it is."""
    path = url.removeprefix(settings.public_url)
    if not host or path == url or not path.startswith(OF_PAYERS):
        return url
    return home_of(settings, host) + path
