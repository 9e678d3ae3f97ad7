"""Signing in through a company's own OpenID provider: code flow with PKCE, state and nonce.

Knows no page and no row. Laws: addresses come from the provider's own discovery document, which must name the issuer
that was set; a token counts only when it is signed by a key of that provider, meant for us, fresh, and answers our
nonce; an address counts only when the provider says that it is verified.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from connector import crash
from connector.errors import TieoutError, WrongInput
from connector.settings import Settings

if TYPE_CHECKING:  # loaded late: few companies have a provider
    from joserfc.jwt import JWTClaimsRegistry

TIMEOUT = (5, 10)  # seconds to connect, and to hear the next part
LARGEST = 256 * 1024  # bytes of a document of theirs
LEEWAY = 60  # seconds that their clock and ours may differ
_SIGNED_WITH = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]


class ProviderError(TieoutError):
    """The provider did not let anybody in; the message is for the log and for staff."""


@dataclass(frozen=True)
class Provider:
    """A provider as a company set it up."""

    issuer: str
    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Attempt:
    """One attempt to sign in: its state, where it comes back to, and what follows from the two secrets."""

    state: str
    back: str
    key: bytes = field(repr=False)

    @property
    def nonce(self) -> str:
        """Return what the provider's token must repeat."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Return the secret of PKCE: only its hash travels through the browser."""
        return self._derived("verifier")

    def _derived(self, what: str) -> str:
        made = hmac.new(self.key, f"openid {what} {self.state}".encode(), hashlib.sha256).digest()
        return urlsafe_b64encode(made).rstrip(b"=").decode()


def check_issuer(settings: Settings, issuer: str) -> str:
    """Return an issuer as it is stored. Raises WrongInput for one that a server of ours should not call."""
    address = issuer.strip().rstrip("/")
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not host or parts.query or parts.fragment or parts.username:
        raise WrongInput("An issuer is an address such as https://login.example.com.")
    if not settings.is_sandbox and (parts.scheme != "https" or _is_inside(host)):
        raise WrongInput("The issuer has to be a public https address.")
    return address


def _is_inside(host: str) -> bool:
    """Tell whether a host names this machine or its neighbours, or is a bare number."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".internal"))
    return True


def discover(issuer: str) -> Mapping[str, Any]:
    """Return the provider's discovery document. Raises ProviderError."""
    found = _document(f"{issuer}/.well-known/openid-configuration")
    check_document(issuer, found)
    return found


def check_document(issuer: str, found: Mapping[str, Any]) -> None:
    """Refuse a discovery document of another issuer, or one that leads out of https or into a private network.

    Raises ProviderError.
    """
    if str(found.get("issuer", "")).rstrip("/") != issuer:
        raise ProviderError("the discovery document names another issuer")
    parts = [urlsplit(str(found.get(name, ""))) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    if not all(one.scheme in ("https", "http") and one.hostname for one in parts):
        raise ProviderError("the discovery document is not complete")
    if issuer.startswith("https:") and any(one.scheme == "http" for one in parts):
        raise ProviderError("the discovery document leads out of https")
    if not _is_inside(urlsplit(issuer).hostname or "") and any(_is_inside(one.hostname or "") for one in parts):
        raise ProviderError("the discovery document leads into a private network")


def address_to_ask(provider: Provider, attempt: Attempt) -> str:
    """Return the address at the provider to which the browser is sent. Raises ProviderError."""
    found = discover(provider.issuer)
    with _client(provider, attempt) as client:
        url, _ = client.create_authorization_url(
            found["authorization_endpoint"], state=attempt.state, code_verifier=attempt.verifier, nonce=attempt.nonce
        )
    return str(url)


def verified_email(provider: Provider, attempt: Attempt, *, code: str, now: datetime) -> str:
    """Change the code for a token and return the address it vouches for, in lower case. Raises ProviderError."""
    from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
    from joserfc import jwk, jwt
    from joserfc.errors import JoseError

    found = discover(provider.issuer)
    try:
        with crash.sending("openid.token"), _client(provider, attempt) as client:
            token = client.fetch_token(
                found["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=attempt.verifier,
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        keys = jwk.KeySet.import_key_set(_document(str(found["jwks_uri"])))  # type: ignore[arg-type]
        claims = jwt.decode(str(token.get("id_token", "")), keys, algorithms=_SIGNED_WITH).claims
        _registry(provider, attempt, str(found["issuer"]), now).validate(claims)
    except (AuthlibBaseError, JoseError, requests.RequestException, ValueError, KeyError, TypeError) as error:
        raise ProviderError(f"the provider's answer does not hold: {type(error).__name__}") from error
    if claims.get("email_verified") is not True or not isinstance(claims.get("email"), str):
        raise ProviderError("the provider does not vouch for an address")
    return str(claims["email"]).strip().lower()


def _registry(provider: Provider, attempt: Attempt, issuer: str, now: datetime) -> JWTClaimsRegistry:
    from joserfc.jwt import JWTClaimsRegistry

    return JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": provider.client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": attempt.nonce},
    )


def _client(provider: Provider, attempt: Attempt) -> Any:
    from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]

    return OAuth2Session(
        provider.client_id,
        provider.secret,
        scope="openid email",
        redirect_uri=attempt.back,
        code_challenge_method="S256",
    )


def _document(url: str) -> Mapping[str, Any]:
    """Read a JSON document of the provider, of bounded size, from where it says and nowhere else."""
    try:
        sent = crash.sending("openid.document")
        with sent, requests.get(url, timeout=TIMEOUT, stream=True, allow_redirects=False) as answer:
            body = answer.raw.read(LARGEST + 1, decode_content=True)
        found = json.loads(body) if answer.status_code == 200 and len(body) <= LARGEST else None
    except (requests.RequestException, OSError, ValueError) as error:
        raise ProviderError(f"the provider cannot be asked: {type(error).__name__}") from error
    if not isinstance(found, dict):
        raise ProviderError(f"the provider answered {answer.status_code} where a document should be")
    return found
