"""What the mails say about a payment that is tried again by itself: agreed to, refused once more, or at its end.

Knows no row. Law: each names the amount, the method and the day of the next try, or that there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from connector import words

_SUBJECTS = {
    "agreed": words.mark("Your payment of {amount} to {company} will be tried again"),
    "again": words.mark("Your payment of {amount} to {company} did not go through again"),
}
_OVER = words.mark("Your payment of {amount} to {company} is not tried again")
# Why it is not tried again.
_ENDS = {
    "tries": words.mark("That was the last try."),
    "method": words.mark("{method} cannot be used any more."),
    "asks": words.mark("Your bank wants you to confirm this payment yourself."),
    "changed": words.mark("What you wanted to pay has changed since you agreed."),
    "late": words.mark("It could not be tried on the days that you agreed to."),
}


@dataclass(frozen=True)
class Retrying:
    """A mail about a payment that is tried again, or no more."""

    subject: str
    heading: str
    text: str
    reason: str  # the bank's
    next_on: str  # empty where there is no next try
    is_agreed: bool


def read_retrying(context: Mapping[str, str], amount: str, company: str) -> Retrying:
    """Return what a mail says, in the language that is spoken."""
    what = context["what"]
    method = context.get("method") or words.say("your payment method")
    day = words.day_text(date.fromisoformat(context["day"]), weekday=True) if context.get("day") else ""
    if what == "agreed":
        text = words.say(
            "As you agreed, {company} charges at most {amount} to {method}: first on {day}, and again on the "
            "other days if it is not paid then. It ends as soon as it is paid, and you can stop it at any time.",
            company=company,
            amount=amount,
            method=method,
            day=day,
        )
    elif day:
        text = words.say("We try {method} again on {day}. Nothing was charged.", method=method, day=day)
    else:
        why = words.say(_ENDS.get(what, _ENDS["tries"]), method=method)
        rest = words.say("Nothing was charged, and what you wanted to pay is still open.")
        text = f"{why} {rest}"
    headings = {"agreed": words.say("Your payment will be tried again"), "again": words.say("It did not go through")}
    return Retrying(
        subject=words.say(_SUBJECTS.get(what, _OVER), amount=amount, company=company),
        heading=headings.get(what, words.say("Your payment is not tried again")),
        text=text,
        reason=words.known(context.get("reason", "")),
        next_on=day,
        is_agreed=what == "agreed",
    )
