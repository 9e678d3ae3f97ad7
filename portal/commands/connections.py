"""Commands that connect a company and choose the accounts of its books."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from portal.commands.shared import (
    NOT_SET_UP,
    WRONG_QUESTION,
    Stop,
    answer,
    company_of,
    company_option,
    json_option,
    runtime,
    told,
)

if TYPE_CHECKING:
    from connector.store.companies import CompanyRow
    from sync.runtime import Runtime

KEYS = ("secret_key", "publishable_key", "webhook_secret")


@click.group()
def connect() -> None:
    """Connect a company to QuickBooks or Stripe."""


@connect.command()
@company_option
@told
def quickbooks(slug: str | None) -> None:
    """Print the page on which an owner connects QuickBooks.

    Intuit asks a person for consent in a browser, so the command line cannot do it alone.
    """
    rt = runtime()
    company = company_of(rt, slug)
    page = f"{rt.settings.public_url}/staff/connections"
    click.echo(f"Sign in as an owner of {company.name} (tieout owner EMAIL prints a link) and open {page}")


@connect.command()
@click.option("--stdin", is_flag=True, help="Read the keys as one JSON object from standard input.")
@click.option("--by-consent", is_flag=True, help="Print the page on which an owner consents instead, without keys.")
@company_option
@json_option
@told
def stripe(stdin: bool, by_consent: bool, slug: str | None, as_json: bool) -> None:
    """Store a company's Stripe keys, after asking Stripe whose they are; or say where an owner consents.

    The keys are asked for without showing them, so that they stand in no shell history. With --stdin the object holds
    secret_key (a restricted key is best), publishable_key and webhook_secret.
    """
    from jobs.gateways import account_of_key
    from oauth.keys import connect_stripe
    from sync.wallets import offer_wallets

    rt = runtime()
    company = company_of(rt, slug)
    if by_consent:
        _say_page(rt, company, as_json)
        return
    keys = _keys_from(sys.stdin.read()) if stdin else _asked()
    account = connect_stripe(rt, company.id, look=lambda key: account_of_key(rt.settings, rt.clock, key), **keys)
    offer_wallets(rt, company.id)
    answer({"account": account}, as_json=as_json, sentence=f"{company.name} is connected to Stripe account {account}.")


def _say_page(rt: Runtime, company: CompanyRow, as_json: bool) -> None:
    """Print the page of connections. Stops where the settings name no platform."""
    if not rt.settings.is_platform:
        raise Stop("There is no Stripe Connect platform: set STRIPE_PLATFORM_KEY, or give keys.", NOT_SET_UP)
    page = f"{rt.settings.public_url}/staff/connections"
    sentence = f"Sign in as an owner of {company.name} (tieout owner EMAIL prints a link) and open {page}"
    answer({"page": page}, as_json=as_json, sentence=sentence)


def _keys_from(text: str) -> dict[str, str]:
    try:
        sent = json.loads(text)
        return {name: str(sent[name]) for name in KEYS}
    except (ValueError, KeyError, TypeError):
        raise Stop(f"Send one JSON object with {', '.join(KEYS)}.", WRONG_QUESTION) from None


def _asked() -> dict[str, str]:
    return {
        "secret_key": click.prompt("Secret or restricted key (rk_…)", hide_input=True),
        "publishable_key": click.prompt("Publishable key (pk_…)"),
        "webhook_secret": click.prompt("Signing secret of the webhook (whsec_…)", hide_input=True),
    }


@click.command()
@click.option("--create", is_flag=True, help="Give every part to an account, and make in QuickBooks what is missing.")
@click.option("--choose", multiple=True, metavar="PART=ID", help="Use the QuickBooks account ID for a part.")
@click.option("--currency", default="", help="The settlement currency; the home currency unless told.")
@company_option
@json_option
@told
def accounts(create: bool, choose: tuple[str, ...], currency: str, slug: str | None, as_json: bool) -> None:
    """Show which QuickBooks account plays which part, and who is proposed for the open ones.

    Nothing is made or kept without --create or --choose.
    """
    from sync.accounts import ensure_accounts, mapped, propose

    rt = runtime()
    company = company_of(rt, slug)
    if create or choose:
        ensure_accounts(rt, company.id, currency=currency, chosen=dict(_choice(one) for one in choose))
    with rt.db.read() as session:
        rows = mapped(session, company.id)
    proposals = propose(rt, company.id, currency)
    playing = [{"part": row.role, "currency": row.currency, "id": row.qbo_id, "name": row.name} for row in rows]
    open_parts = [{"part": one.role, "proposed": one.name, "id": one.qbo_id, "why": one.why} for one in proposals]
    answer({"parts": playing, "open": open_parts}, as_json=as_json, sentence=_parts(playing, open_parts))


def _choice(said: str) -> tuple[str, str]:
    part, is_choice, qbo_id = said.partition("=")
    if not is_choice:
        raise Stop(f"Write --choose PART=ID, not {said!r}.", WRONG_QUESTION)
    return part, qbo_id


def _parts(playing: list[dict[str, Any]], open_parts: list[dict[str, Any]]) -> str:
    lines = [f"{part['part']:12} {part['currency']:4} {part['name']} ({part['id']})" for part in playing]
    for part in open_parts:
        who = f"{part['proposed']} ({part['id']})" if part["id"] else f"{part['proposed'] or 'nobody'}, to be made"
        lines.append(f"{part['part']:12} open {who}: {part['why']}")
    return "\n".join(lines)
