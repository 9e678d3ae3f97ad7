"""The company's brand colour, corrected until it can be read: pure functions on colours.

Law: what this gives has at least 4.5 : 1 against the page's ground and against the text that stands on it (WCAG 2.2,
1.4.3), in light and in dark; a colour that already does is left as it is.
"""

from __future__ import annotations

import re
from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass
from functools import lru_cache

LEAST = 4.5
LIGHT_GROUND, DARK_GROUND = "#f3f1ec", "#2a2825"  # --tint of static/base.css, the surface with the least contrast
FALLBACK = "#0f6b5f"
_WHITE, _BLACK = "#ffffff", "#0d0d0c"
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Accent:
    """The accent and the text upon it, on the light and on the dark page."""

    light: str
    on_light: str
    dark: str
    on_dark: str


@lru_cache(maxsize=256)
def accent_of(brand: str) -> Accent:
    """Return a brand colour made readable; anything but #rrggbb counts as the house's own green."""
    wanted = brand.lower() if _HEX.fullmatch(brand) else FALLBACK
    light, dark = _readable(wanted, LIGHT_GROUND, -1), _readable(wanted, DARK_GROUND, +1)
    return Accent(light, _text_on(light), dark, _text_on(dark))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _readable(colour: str, ground: str, way: int) -> str:
    """Move a colour's lightness in small steps, keeping its hue, until it stands out from the ground."""
    hue, lightness, saturation = rgb_to_hls(*_parts(colour))
    while contrast(colour, ground) < LEAST or contrast(colour, _text_on(colour)) < LEAST:
        lightness = min(max(lightness + way * 0.01, 0.0), 1.0)
        colour = _hex(hls_to_rgb(hue, lightness, saturation))
    return colour


def _text_on(colour: str) -> str:
    return _WHITE if contrast(colour, _WHITE) >= LEAST else _BLACK


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    return red, green, blue


def _hex(parts: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _luminance(colour: str) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
