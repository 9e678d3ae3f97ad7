"""The vault: seals tokens, keys and bodies before they are stored, with AES-256-GCM.

Knows no table and no service. Laws: a cipher opens only under the company and the column it was sealed for; the newest
key seals, every named key opens; neither a key nor a plain text is ever shown by `repr` or in an error.
"""

from __future__ import annotations

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from connector.errors import TieoutError

_FORMAT = "v1"
_NONCE_BYTES = 12
_KEY_BYTES = 32
_FORM = "a key in VAULT_KEYS is written id:base64, the id in letters, digits and hyphens"


class VaultError(TieoutError):
    """A key that cannot be used, or a cipher that does not open: tampered with, or sealed for something else."""


class Vault:
    """Seals and opens. `keys` are `id:base64 of 32 bytes`, newest first, separated by commas."""

    def __init__(self, keys: SecretStr | str) -> None:
        text = keys.get_secret_value() if isinstance(keys, SecretStr) else keys
        self._ciphers = dict(_read_key(part) for part in text.split(",") if part.strip())
        if not self._ciphers:
            raise VaultError("VAULT_KEYS names no key")
        self._newest = next(iter(self._ciphers))

    def __repr__(self) -> str:
        return f"Vault(keys={list(self._ciphers)})"

    def seal(self, plain: bytes | str, *, company_id: str, column: str) -> str:
        """Return the cipher of a secret, bound to its company and column; an empty secret gives an empty text."""
        data = plain.encode() if isinstance(plain, str) else plain
        if not data:
            return ""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, data, _bound_to(company_id, column))
        return ".".join((_FORMAT, self._newest, base64.urlsafe_b64encode(nonce + sealed).decode()))

    def open(self, cipher: str, *, company_id: str, column: str) -> bytes:
        """Return what was sealed. Raises VaultError under another company or column, or when the key is gone."""
        if not cipher:
            return b""
        try:
            mark, key_id, body = cipher.split(".")
            sealed = base64.urlsafe_b64decode(body)
        except (ValueError, binascii.Error):
            raise VaultError("this is not a cipher of the vault") from None
        if mark != _FORMAT or key_id not in self._ciphers:
            raise VaultError(f"the key {key_id!r} of this cipher is not among VAULT_KEYS")
        try:
            return self._ciphers[key_id].decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(company_id, column)
            )
        except (InvalidTag, ValueError):
            raise VaultError("the cipher does not open for this company and column") from None


def new_key(key_id: str) -> str:
    """Return a fresh key in the form VAULT_KEYS takes."""
    _check_id(key_id)
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}"


def _read_key(part: str) -> tuple[str, AESGCM]:
    key_id, colon, encoded = part.strip().partition(":")
    if not colon:  # what stands there may be the key itself, so it is not repeated
        raise VaultError(_FORM)
    _check_id(key_id)
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise VaultError(f"the key {key_id!r} in VAULT_KEYS is not base64") from None
    if len(key) != _KEY_BYTES:
        raise VaultError(f"the key {key_id!r} in VAULT_KEYS has {len(key)} bytes and needs {_KEY_BYTES}")
    return key_id, AESGCM(key)


def _check_id(key_id: str) -> None:
    if not (key_id.isascii() and key_id.replace("-", "").isalnum()):
        raise VaultError(_FORM)


def _bound_to(company_id: str, column: str) -> bytes:
    # Lengths in front, so that no two pairs of names share one associated data.
    return f"{len(company_id)}:{company_id}/{len(column)}:{column}".encode()
