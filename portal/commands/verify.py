"""`tieout verify`: a line for each invariant: it holds, these rows break it, or it cannot be checked here and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from portal.commands.shared import (
    NOT_RIGHT,
    NOT_SET_UP,
    Stop,
    answer,
    chosen_companies,
    company_option,
    json_option,
    runtime,
    told,
)

if TYPE_CHECKING:
    from connector.store.companies import CompanyRow
    from sync.verify import Finding

_MARKS = {"holds": "holds", "broken": "BROKEN", "unchecked": "unchecked"}


@click.command()
@click.option("--live", is_flag=True, help="Also read QuickBooks and Stripe back; takes calls of the month's budget.")
@company_option
@json_option
@told
def verify(live: bool, slug: str | None, as_json: bool) -> None:
    """Check every rule that must always hold. Changes nothing.

    Exits 1 when one is broken, with a reason for each row that breaks it. Without --company every company is checked.
    """
    from sync.verify import verify as check

    rt = runtime()
    found = [(company, check(rt, company.id, live=live)) for company in chosen_companies(rt, slug)]
    if not found:
        raise Stop("There is no company yet: tieout company add SLUG NAME", NOT_SET_UP)
    listed = [{"company": company.slug, "invariants": _listed(findings)} for company, findings in found]
    sentence = "\n\n".join("\n".join(_lines(company, findings)) for company, findings in found)
    answer(listed, as_json=as_json, sentence=sentence)
    if any(finding.state == "broken" for _, findings in found for finding in findings):
        raise SystemExit(NOT_RIGHT)


def _listed(findings: list[Finding]) -> list[dict[str, Any]]:
    return [
        {
            "invariant": finding.invariant.name,
            "sentence": finding.invariant.sentence,
            "state": finding.state,
            "why": finding.why,
            "broken": [{"subject": one.subject, "reason": one.reason} for one in finding.broken],
        }
        for finding in findings
    ]


def _lines(company: CompanyRow, findings: list[Finding]) -> list[str]:
    lines = [company.name]
    for finding in findings:
        why = f" ({finding.why})" if finding.why else ""
        name, sentence = finding.invariant.name, finding.invariant.sentence
        lines.append(f"  {name:5} {_MARKS[finding.state]:9}  {sentence}{why}")
        lines += [f"{'':18}{one.subject}: {one.reason}" for one in finding.broken]
    return lines
