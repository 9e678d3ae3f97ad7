"""From the sources to the catalogs: every sentence that code and templates say, gathered and merged into each language.

Knows the sources' places, not their contents. Laws: the same sources give the same files, whoever gathers and whenever;
a sentence that is no longer said leaves the catalogs, and one whose English changed waits for a new translation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from connector.translations import HERE, LANGUAGES, SOURCE

ROOT = HERE.parent.parent
ROOMS = ("connector", "oauth", "sync", "jobs", "portal")
TEMPLATE = HERE / "tieout.pot"
_PLACES = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.txt", "jinja2")]
_OPTIONS = {"**/templates/**": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
_KEYWORDS = {"say": None, "_": None, "mark": None, "known": None, "say_many": (1, 2), "_n": (1, 2)}
# A fixed day: the files differ only where a sentence does.
_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def gather(root: Path = ROOT) -> Catalog:
    """Return the catalog of all sentences said in the product's sources under a folder."""
    found = Catalog(project="Tieout", version=" ", msgid_bugs_address=" ", creation_date=_DAY, fuzzy=False)
    found.header_comment = "# The sentences of Tieout, gathered from its sources."
    for room in ROOMS:
        for name, _, message, comments, context in extract_from_dir(
            root / room, _PLACES, _OPTIONS, keywords=_KEYWORDS, comment_tags=("NOTE:",)
        ):
            found.add(message, None, [(f"{room}/{name}", 0)], auto_comments=comments, context=context)
    return found


def read(language: str) -> Catalog:
    """Return a language's catalog as it stands; an empty one where there is none yet."""
    path = HERE / f"{language}.po"
    if not path.exists():
        return Catalog(locale=language, project="Tieout", creation_date=_DAY, revision_date=_DAY, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def merged(language: str, found: Catalog) -> Catalog:
    """Return a language's catalog with what was gathered: new sentences empty, old ones gone."""
    catalog = read(language)
    catalog.update(found, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
    catalog.obsolete.clear()
    catalog.header_comment = f"# {LANGUAGES[language]} for Tieout."
    catalog.creation_date = catalog.revision_date = _DAY
    catalog.project, catalog.version, catalog.msgid_bugs_address = "Tieout", found.version, found.msgid_bugs_address
    catalog.last_translator, catalog.language_team = "Tieout", language
    return catalog


def text_of(catalog: Catalog) -> bytes:
    """Return a catalog as its file holds it: by place, without what changes for no reason (lines, a tool's version)."""
    out = BytesIO()
    write_po(out, catalog, width=120, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    return re.sub(rb'(?m)^"Generated-By: .*\n', b"", out.getvalue())


def write_all(root: Path = ROOT) -> dict[str, int]:
    """Write the template and every language anew; returns how many sentences wait for a translation in each."""
    found = gather(root)
    TEMPLATE.write_bytes(text_of(found))
    waiting = {}
    for language in LANGUAGES:
        if language != SOURCE:
            catalog = merged(language, found)
            (HERE / f"{language}.po").write_bytes(text_of(catalog))
            waiting[language] = sum(not all(parts(one.string)) for one in catalog if one.id)
    return waiting


def parts(text: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the forms of a sentence, one where it does not count; one that is empty where there is none."""
    return (text or "",) if text is None or isinstance(text, str) else tuple(text)
