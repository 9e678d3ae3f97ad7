"""`python -m connector.translations`: gathers the sentences anew and says what waits for a translation.

Law: run twice, it changes nothing the second time.
"""

from __future__ import annotations

import sys

from connector.translations import LANGUAGES
from connector.translations.gathering import write_all


def main() -> int:
    """Write the catalogs; returns 1 while a sentence waits for its translation."""
    waiting = write_all()
    for language, number in waiting.items():
        sys.stdout.write(f"{LANGUAGES[language]}: {number or 'no'} sentences wait for a translation\n")
    return 1 if any(waiting.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
