"""The stories as a page of the documentation: `python -m sandbox.scenarios.told > docs/scenarios.md`.

Writes what the table says and nothing else. Law: the page is made by this and never by hand; a test holds it to it.
"""

from __future__ import annotations

import sys

from sandbox.scenarios.ending import dollars
from sandbox.scenarios.story import End, Story
from sandbox.scenarios.table import STORIES

_HEAD = """# Stories

Each of these plays with one click on the first page of the demo (`python3 dev.py demo`), by name with
`python3 dev.py demo --play NAME`, and in the tests (`tests/scenarios`), which hold its end to the cent. A story makes a
customer of its own and acts only on the stand-ins and, as the customer's browser, on the portal. Stripe keeps 2.9 % and
0.30 of a card payment, 0.8 % of a bank debit, 15.00 for a dispute.

What the product does not record yet (refunds, disputes, debits that came back) it holds apart and names: "named" below
is what stands under *needs you*, with its amount. Whatever is named explains the tie-out, so unexplained is 0.00 in
every story. Amounts are what moved in the story: on Stripe's balance, on the account Stripe clearing, and on the bank
account in the books; "owed" is what the customer owes afterwards, with a minus for a credit.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *(_story(story) for story in STORIES)])


def _story(story: Story) -> str:
    steps = "\n".join(f"{n}. {step.said}" for n, step in enumerate(story.steps, 1))
    return f"## {story.title}\n\n`{story.name}`. {story.shows}\n\n{steps}\n\n{_end(story.end)}"


def _end(end: End) -> str:
    rows = (
        ("In the books", "; ".join(end.documents) or "nothing"),
        ("Named", "; ".join(end.findings) or "nothing"),
        ("Stripe's balance", dollars(end.stripe_minor)),
        ("Stripe clearing", dollars(end.clearing_minor)),
        ("Bank account", dollars(end.bank_minor)),
        ("Owed", dollars(end.owed_minor)),
        ("Unexplained", dollars(end.unexplained_minor)),
    )
    return "\n".join(["| | |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows), ""])


if __name__ == "__main__":
    sys.stdout.write(page())
