"""Commands that do by hand what worker and scheduler do by themselves: pull, feed, settle, push, sweep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from connector import words
from portal.commands.shared import (
    answer,
    chosen_companies,
    company_option,
    draws,
    json_option,
    runtime,
    told,
)

if TYPE_CHECKING:
    from sync.engine import Progress

    Listener = Callable[[Progress], None]


@click.command()
@company_option
@json_option
@told
def pull(slug: str | None, as_json: bool) -> None:
    """Fetch what is new in QuickBooks: everything the first time, changes afterwards.

    Goes on where an earlier pull stopped. Without --company all companies are pulled.
    """
    from sync.pull import pull_company

    rt = runtime()
    results = {}
    for company in chosen_companies(rt, slug):
        with _bars(company.name) if draws() and not as_json else nullcontext() as listener:
            result = pull_company(rt, company.id, listener)
        results[company.slug] = {"busy": result.is_busy, "written": result.written, "deleted": result.deleted}
    answer(results, as_json=as_json, sentence="\n".join(f"{slug}: {_pulled(said)}" for slug, said in results.items()))


def _pulled(result: dict[str, Any]) -> str:
    if result["busy"]:
        return "another pull is under way."
    parts = [words.count(number, entity) for entity, number in result["written"].items() if number]
    parts += [f"{words.count(number, entity)} deleted" for entity, number in result["deleted"].items() if number]
    return (", ".join(parts) or "nothing new") + "."


def _bars(name: str) -> AbstractContextManager[Listener]:
    from portal.commands.drawing import bars

    return bars(f"Pulling {name}")


@click.command()
@company_option
@json_option
@told
def feed(slug: str | None, as_json: bool) -> None:
    """Fetch what moved on the Stripe account: charges, fees, payouts and everything else."""
    from sync.stripe_feed import follow

    rt = runtime()
    chosen = chosen_companies(rt, slug)
    for company in chosen:
        follow(rt, company.id)
    answer([company.slug for company in chosen], as_json=as_json, sentence="Stripe was followed up to now.")


@click.command()
@json_option
@told
def settle(as_json: bool) -> None:
    """Settle the events and payments that are due."""
    from sync.collect.look import expire, sweep_payments
    from sync.inbox import sweep_inbox

    rt = runtime()
    done = {"events": sweep_inbox(rt), "payments": sweep_payments(rt), "given_up": expire(rt)}
    sentence = f"{words.count(done['events'], 'event')} and {words.count(done['payments'], 'payment')} looked at."
    answer(done, as_json=as_json, sentence=sentence)


@click.command()
@company_option
@json_option
@told
def push(slug: str | None, as_json: bool) -> None:
    """Send what is due to QuickBooks, in order, each once."""
    from sync.push import push_company

    rt = runtime()
    outcomes: Counter[str] = Counter()
    for company in chosen_companies(rt, slug):
        outcomes.update({outcome.value: number for outcome, number in push_company(rt, company.id).outcomes.items()})
    sentence = ", ".join(f"{words.count(number, 'posting')} {outcome}" for outcome, number in outcomes.items())
    answer(outcomes, as_json=as_json, sentence=f"{sentence or 'Nothing was due'}.")


@click.command()
@told
def sweep() -> None:
    """Do everything that is due, once, without worker or Redis."""
    from jobs.ticker import Ticker

    done = Ticker(runtime(), heard=lambda work, subject: False).turn()
    click.echo(", ".join(f"{work} {number}" for work, number in sorted(done.items())) or "Nothing was due.")
