"""How a company shows itself in mails and on papers: its colour, its letters, how to reach it.

Knows no template. Law: what stands upon the colour can be read (black or white, by WCAG's relative luminance).
"""

from __future__ import annotations

import re

from connector.store.companies import CompanyRow
from connector.words import say

DEFAULT_ACCENT = "#0f6b5f"


def accent_of(company: CompanyRow | None) -> tuple[str, str]:
    """Return a company's colour and the ink that reads upon it; ours where it has none."""
    accent = company.accent if company else ""
    accent = accent if re.fullmatch(r"#[0-9a-fA-F]{6}", accent) else DEFAULT_ACCENT
    return accent, ink_on(accent)


def initials(name: str) -> str:
    """Return up to two letters for a company that has no logo here: HT for Harbor Tile Co."""
    return "".join(word[0] for word in re.findall(r"\w+", name)[:2]).upper()


def whom_to_ask(company: CompanyRow) -> str:
    """Say how to reach a company: Call (503) 555-0142 or write to office@harbortile.example."""
    if company.phone and company.email:
        return say("Call {phone} or write to {email}.", phone=company.phone, email=company.email)
    if company.phone:
        return say("Call {phone}.", phone=company.phone)
    if company.email:
        return say("Write to {email}.", email=company.email)
    return say("Ask {company}.", company=company.name)


def ink_on(colour: str) -> str:
    """Return black or white, whichever reads better on a colour like #0f6b5f (WCAG's relative luminance)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return "#ffffff" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.179 else "#1a1a18"
