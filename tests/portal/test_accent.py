"""The brand colour: readable whatever a company chooses, and left alone where it already is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portal.accent import DARK_GROUND, FALLBACK, LEAST, LIGHT_GROUND, accent_of, contrast

colours = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@given(colours)
def test_every_colour_becomes_readable(colour: str) -> None:
    accent = accent_of(colour)
    assert contrast(accent.light, LIGHT_GROUND) >= LEAST
    assert contrast(accent.light, accent.on_light) >= LEAST
    assert contrast(accent.dark, DARK_GROUND) >= LEAST
    assert contrast(accent.dark, accent.on_dark) >= LEAST


def test_a_readable_colour_is_left_alone() -> None:
    assert accent_of("#0f6b5f").light == "#0f6b5f"
    assert accent_of("#ffd400").dark == "#ffd400"


def test_what_is_no_colour_cannot_reach_the_page() -> None:
    assert accent_of("red;} body{display:none").light == accent_of(FALLBACK).light


def test_contrast_as_wcag_defines_it() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48
