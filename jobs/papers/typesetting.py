"""The press: a typst template and JSON in, the bytes of a tagged PDF out.

Knows no receipt. Law: nothing of this machine gets in (own fonts, no network, the instant given by the caller), so the
same input gives the same bytes anywhere; only a script that our font lacks is an exception.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FONTS = HERE / "fonts"


def print_pdf(template: str, facts: Mapping[str, Any], *, at: datetime) -> bytes:
    """Set `facts` with the template of a name; `at` is the instant the file says it was made.

    A name in a script that our font does not have is set with whatever this machine has: a receipt that looks
    different somewhere is better than none. Only then is the paper not held to PDF/UA-1.
    """
    import typst  # 20 MB that only a paper needs

    try:
        return _compiled(template, facts, at, own_font_only=True)
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise
        return _compiled(template, facts, at, own_font_only=False)


def _compiled(template: str, facts: Mapping[str, Any], at: datetime, *, own_font_only: bool) -> bytes:
    import typst

    pdf: bytes = typst.compile(
        str(HERE / f"{template}.typ"),
        root=str(HERE),
        font_paths=_fonts(own_font_only=own_font_only),
        sys_inputs={"facts": json.dumps(facts)},
        pdf_standards="ua-1" if own_font_only else [],
        timestamp=int(at.timestamp()),
    )
    return pdf


@cache
def _fonts(*, own_font_only: bool) -> Any:
    """Return the fonts to set with, looked for once in a process."""
    import typst

    return typst.Fonts(include_system_fonts=not own_font_only, include_embedded_fonts=False, font_paths=[str(FONTS)])
