"""S-24: what the vault seals opens only where it belongs, and shows nothing on the way."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from oauth.vault import Vault, VaultError, new_key

OLD, NEW = new_key("2025"), new_key("2026")
names = st.text(max_size=12)


@given(st.binary(min_size=1, max_size=200), names, names)
def test_what_was_sealed_comes_back(plain: bytes, company: str, column: str) -> None:
    vault = Vault(NEW)
    cipher = vault.seal(plain, company_id=company, column=column)
    assert vault.open(cipher, company_id=company, column=column) == plain
    assert plain not in cipher.encode() or len(plain) < 8


@given(st.tuples(names, names), st.tuples(names, names))
def test_a_cipher_opens_for_its_own_company_and_column_alone(own: tuple[str, str], other: tuple[str, str]) -> None:
    vault = Vault(NEW)
    cipher = vault.seal("secret", company_id=own[0], column=own[1])
    if own == other:
        assert vault.open(cipher, company_id=other[0], column=other[1]) == b"secret"
        return
    with pytest.raises(VaultError):
        vault.open(cipher, company_id=other[0], column=other[1])


def test_the_newest_key_seals_and_older_ones_still_open() -> None:
    before = Vault(OLD).seal("token", company_id="C", column="c")
    both = Vault(SecretStr(f"{NEW}, {OLD}"))
    assert both.open(before, company_id="C", column="c") == b"token"
    after = both.seal("token", company_id="C", column="c")
    assert Vault(NEW).open(after, company_id="C", column="c") == b"token"
    with pytest.raises(VaultError, match="'2026' of this cipher is not among"):
        Vault(OLD).open(after, company_id="C", column="c")


def test_the_same_secret_never_looks_the_same() -> None:
    vault = Vault(NEW)
    assert len({vault.seal("token", company_id="C", column="c") for _ in range(50)}) == 50


def test_a_cipher_that_was_touched_does_not_open() -> None:
    vault = Vault(NEW)
    mark, key, body = vault.seal("token", company_id="C", column="c").split(".")
    sealed = bytearray(base64.urlsafe_b64decode(body))
    for n in range(len(sealed)):
        sealed[n] ^= 1
        touched = ".".join((mark, key, base64.urlsafe_b64encode(bytes(sealed)).decode()))
        with pytest.raises(VaultError):
            vault.open(touched, company_id="C", column="c")
        sealed[n] ^= 1


@pytest.mark.parametrize("cipher", ["x", "a.b", "v1.2026.", "v1.2026.@@", "v9.2026.AAAA", "v1.2026.QUFBQQ=="])
def test_what_is_no_cipher_is_refused(cipher: str) -> None:
    with pytest.raises(VaultError):
        Vault(NEW).open(cipher, company_id="C", column="c")


def test_nothing_stays_nothing() -> None:
    assert Vault(NEW).seal("", company_id="C", column="c") == ""
    assert Vault(NEW).open("", company_id="C", column="c") == b""


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ("", "names no key"),
        ("justbase64", "id:base64"),
        ("k1:!!!", "not base64"),
        ("k1:" + base64.b64encode(b"short").decode(), "5 bytes and needs 32"),
        ("k.1:" + base64.b64encode(b"x" * 32).decode(), "letters, digits and hyphens"),
    ],
)
def test_a_bad_key_is_refused_by_name_and_never_shown(keys: str, why: str) -> None:
    with pytest.raises(VaultError, match=why) as caught:
        Vault(keys)
    assert "justbase64" not in str(caught.value)


def test_a_vault_shows_no_key() -> None:
    assert repr(Vault(f"{NEW},{OLD}")) == "Vault(keys=['2026', '2025'])"
