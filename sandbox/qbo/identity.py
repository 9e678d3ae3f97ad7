"""OpenID Connect for apps that ask who connected: the signed id_token, the key it is checked with, the person's data.

The key is made when somebody first asks, and kept. Law: a token names its issuer, its app in a list, and an end; the
person is invented and the same for every company.
"""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.qbo.codec import encode
from sandbox.shelf import Shelf

KEY_ID = "standin-1"
SUBJECT = "8d3c8a5e-standin"
LIFETIME = 3600
_PERSON: dict[str, dict[str, Any]] = {
    "email": {"email": "bookkeeper@harbortile.example", "emailVerified": True},
    "profile": {"givenName": "Robin", "familyName": "Hale"},
    "phone": {"phoneNumber": "+1 555 0100", "phoneNumberVerified": False},
    "address": {"address": {"locality": "Harbor", "region": "CA", "postalCode": "94000", "country": "US"}},
}


class Identity:
    """Signs who connected. Callers hold the lock of the stand-in."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.issuer = ""
        self._key: rsa.RSAPrivateKey | None = None

    def _private(self) -> rsa.RSAPrivateKey:
        if self._key is None:
            held = self._shelf.get("_oauth", "signing_key")
            if held is None:
                fresh = rsa.generate_private_key(public_exponent=65537, key_size=2048)
                pem = fresh.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
                held = self._shelf.put("_oauth", "signing_key", {"pem": pem.decode()})
            loaded = serialization.load_pem_private_key(held["pem"].encode(), None)
            assert isinstance(loaded, rsa.RSAPrivateKey)
            self._key = loaded
        return self._key

    def token(self, client_id: str, realm: str, now: float) -> str:
        """Return an id_token for an app, signed with RS256."""
        claims = {
            "sub": SUBJECT,
            "aud": [client_id],
            "realmid": realm,
            "auth_time": int(now),
            "iss": self.issuer,
            "exp": int(now) + LIFETIME,
            "iat": int(now),
        }
        head = {"kid": KEY_ID, "alg": "RS256"}
        signed = ".".join(_coded(encode(part).encode()) for part in (head, claims))
        return f"{signed}.{_coded(self._private().sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def keys(self) -> dict[str, Any]:
        """Return the public half as a JSON Web Key Set."""
        numbers = self._private().public_key().public_numbers()
        n, e = (_coded(value.to_bytes((value.bit_length() + 7) // 8, "big")) for value in (numbers.n, numbers.e))
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": n, "e": e}]}


def person(scopes: list[str]) -> dict[str, Any]:
    """Return who connected, as far as the scopes allow."""
    told: dict[str, Any] = {"sub": SUBJECT}
    for scope in scopes:
        told.update(_PERSON.get(scope, {}))
    return told


def _coded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
