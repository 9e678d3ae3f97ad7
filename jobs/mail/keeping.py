"""What the mails say about a payment method that is kept, or kept no more.

Knows no row. Law: each names the method and what to do where it was somebody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector import words
from sync.collect.method_mails import GONE


@dataclass(frozen=True)
class Keeping:
    """A mail about a kept method."""

    subject: str
    heading: str
    text: str
    warning: str


def read_keeping(context: Mapping[str, str], company: str) -> Keeping:
    """Return what a mail says, in the language that is spoken."""
    names = {"method": context.get("method") or words.say("A payment method"), "company": words.short_name(company)}
    if context.get("what") == GONE:
        return Keeping(
            subject=words.say("{method} is no longer kept for payments to {company}", **names),
            heading=words.say("A payment method was removed"),
            text=words.say("{method} is no longer kept for payments to {company}. Nothing was charged.", **names),
            warning=words.say("If you did not remove it, look at your account and tell {company}.", **names),
        )
    return Keeping(
        subject=words.say("{method} is kept for payments to {company}", **names),
        heading=words.say("A payment method was added"),
        text=words.say(
            "{method} is kept with Stripe for your payments to {company}. It is charged only when you start a payment, "
            "or agree that one is tried again.",
            **names,
        ),
        warning=words.say("If it was not you, remove it in your account and tell {company}.", **names),
    )
