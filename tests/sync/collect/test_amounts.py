"""Amounts as payers type them: read exactly, or refused with a sentence, never rounded and never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import WrongInput
from connector.ledger.money import Money
from connector.words import figure, money_text
from sync.collect.amounts import read_amount


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1620", "USD", 162000),
        ("1,620.00", "USD", 162000),
        ("$1,620.5", "USD", 162050),
        (" $ 0.50 ", "USD", 50),
        (".5", "USD", 50),
        ("5.", "USD", 500),
        ("0", "USD", 0),
        ("0007", "USD", 700),
        ("1500", "JPY", 1500),
        ("1.234", "KWD", 1234),
        ("12,345,678.90", "USD", 1234567890),
    ],
)
def test_what_is_read(text: str, currency: str, minor: int) -> None:
    assert read_amount(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "words"),
    [
        ("1.005", "USD", "at most 2 digits after the point"),
        ("0.001", "USD", "at most 2 digits after the point"),
        ("1.0000", "USD", "at most 2 digits after the point"),
        ("1.5", "JPY", "whole amount"),
        ("-5", "USD", "above zero"),
        ("−5.00", "USD", "above zero"),
        ("", "USD", "in figures"),
        (".", "USD", "in figures"),
        ("$", "USD", "in figures"),
        ("1 620", "USD", "in figures"),
        ("1.620,00", "USD", "in figures"),
        ("1,62", "USD", "in figures"),
        ("16,20.00", "USD", "in figures"),
        ("1,620,", "USD", "in figures"),
        ("5€", "USD", "in figures"),
        ("$5", "EUR", "in figures"),
        ("five", "USD", "in figures"),
        ("1e3", "USD", "in figures"),
        ("NaN", "USD", "in figures"),
        ("٣", "USD", "in figures"),
        ("0x10", "USD", "in figures"),
        ("1_000", "USD", "in figures"),
        ("9" * 14, "USD", "in figures"),
        ("9" * 5000, "USD", "in figures"),
        ("9999999999999", "KWD", "larger than any payment"),
    ],
)
def test_what_is_refused(text: str, currency: str, words: str) -> None:
    with pytest.raises(WrongInput, match=words):
        read_amount(text, currency)


@given(st.integers(0, 10**11), st.sampled_from(["USD", "EUR", "JPY", "KWD"]))
def test_what_we_write_is_read_back(minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    assert read_amount(figure(amount), currency) == amount
    if currency == "USD":
        assert read_amount(money_text(amount), currency) == amount


@given(st.text(max_size=20))
def test_nothing_but_an_amount_or_a_sentence(text: str) -> None:
    try:
        amount = read_amount(text, "USD")
    except WrongInput:
        return
    assert amount.minor >= 0
    assert any(character.isascii() and character.isdigit() for character in text)
