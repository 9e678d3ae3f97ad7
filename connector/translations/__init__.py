"""Catalogs of the product's sentences: English is the code's own, every other language has a file `<language>.po`.

Knows no page and no locale but the languages it has. Laws: a catalog is text in the repository and is compiled in
memory, once per process and only when somebody speaks its language; a sentence without a translation stays English.
"""

from __future__ import annotations

from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

HERE = Path(__file__).parent
SOURCE = "en"
LANGUAGES = {"en": "English", "es": "Español", "fr": "Français", "de": "Deutsch"}  # by their own names


@lru_cache(maxsize=16)
def catalog_of(language: str) -> NullTranslations:
    """Return the translations into a language; without a catalog, as for English, sentences stay as they are."""
    path = HERE / f"{language}.po"
    if language not in LANGUAGES or not path.exists():
        return NullTranslations()
    from babel.messages.mofile import write_mo  # late: who speaks English alone needs no compiler
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
