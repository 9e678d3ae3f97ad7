"""Commands that set an installation up: keys, schema, companies."""

from __future__ import annotations

import re
import secrets

import click

from connector.store.companies import CompanyRow
from connector.translations import LANGUAGES
from portal.commands.decisions import BY_COMMAND
from portal.commands.shared import (
    WRONG_QUESTION,
    Stop,
    answer,
    companies,
    company_of,
    company_option,
    json_option,
    runtime,
    told,
)

SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


@click.command()
@json_option
@told
def keys(as_json: bool) -> None:
    """Make SECRET_KEY and VAULT_KEYS for a new installation.

    Prints them as settings. Keep VAULT_KEYS apart from the database's backups: with both, the secrets inside are open;
    without the keys they are lost.
    """
    from oauth.vault import new_key

    made = {"SECRET_KEY": secrets.token_urlsafe(48), "VAULT_KEYS": new_key("k1")}
    answer(made, as_json=as_json, sentence="\n".join(f"{name}={value}" for name, value in made.items()))


@click.command()
@told
def migrate() -> None:
    """Bring the database to the present schema. Safe to run again."""
    from connector.store.migrations import migrate as bring_up

    rt = runtime()
    before, after = bring_up(rt.settings.database_url)
    rt.db.close()
    click.echo(f"The schema is at {after} already." if before == after else f"The schema is at {after} now.")


@click.group()
def company() -> None:
    """Add a company, list them, choose its language and address, or pause online payment."""


@company.command("add")
@click.argument("slug")
@click.argument("name")
@click.option("--zone", default="America/Los_Angeles", show_default=True, help="Its time zone, until QuickBooks says.")
@json_option
@told
def add(slug: str, name: str, zone: str, as_json: bool) -> None:
    """Add a company. SLUG stands in its portal's address; NAME is taken over from QuickBooks once connected.

    Adding what is there already changes nothing.
    """
    rt = runtime()
    if not SLUG.fullmatch(slug):
        raise Stop("A slug is 1 to 40 letters, digits and hyphens, in lower case: harbor-tile", WRONG_QUESTION)
    found = next((row for row in companies(rt) if row.slug == slug), None)
    if found is None:
        found = CompanyRow(id=rt.clock.new_id(), slug=slug, name=name, zone=zone, created_at=rt.clock.now())
        with rt.db.write("company.add") as session:
            session.add(found)
    address = f"{rt.settings.public_url}/c/{slug}/"
    answer({"id": found.id, "slug": slug, "url": address}, as_json=as_json, sentence=f"{found.name}: {address}")


@company.command("pause")
@company_option
@json_option
@told
def pause(slug: str | None, as_json: bool) -> None:
    """Stop online payment: payers read that it is paused. What is under way goes on."""
    _switch(slug, on=False, as_json=as_json)


@company.command("resume")
@company_option
@json_option
@told
def resume(slug: str | None, as_json: bool) -> None:
    """Take online payment up again."""
    _switch(slug, on=True, as_json=as_json)


def _switch(slug: str | None, *, on: bool, as_json: bool) -> None:
    from sync.collect.pausing import switch

    rt = runtime()
    chosen = company_of(rt, slug)
    switch(rt, chosen.id, on=on, by=BY_COMMAND)
    sentence = f"{chosen.name} takes payments online." if on else f"{chosen.name} has paused online payment."
    answer({"slug": chosen.slug, "takes_payments": on}, as_json=as_json, sentence=sentence)


@company.command("host")
@click.argument("host")
@company_option
@json_option
@told
def at_host(host: str, slug: str | None, as_json: bool) -> None:
    """Let payers' pages stand at HOST, such as pay.example.com; `none` goes back to the installation's address.

    Links begin with it once a browser has opened the address that is printed.
    """
    from portal.access.hosts import choose_host, opening_address, read_host
    from sync.addresses import home_of

    rt = runtime()
    chosen = company_of(rt, slug)
    with rt.db.write("company.host") as session:
        row = session.get_one(CompanyRow, chosen.id)
        choose_host(session, rt, row, read_host(session, rt.settings, row, "" if host == "none" else host), BY_COMMAND)
        used, wanted = row.host, row.host_wanted
        url = opening_address(rt.settings, row) if wanted else f"{home_of(rt.settings, used)}/c/{chosen.slug}/"
    sentence = f"{url}\nLinks begin with it once a browser has opened this address." if wanted else url
    answer({"slug": chosen.slug, "host": used, "host_wanted": wanted, "url": url}, as_json=as_json, sentence=sentence)


@company.command("language")
@click.argument("language", type=click.Choice([*LANGUAGES]))
@company_option
@json_option
@told
def speak(language: str, slug: str | None, as_json: bool) -> None:
    """Choose what is spoken to payers of whom nobody knows what they read, on pages, in mails and on papers."""
    rt = runtime()
    chosen = company_of(rt, slug)
    with rt.db.write("company.language") as session:
        session.get_one(CompanyRow, chosen.id).language = language
    sentence = f"{chosen.name} speaks {LANGUAGES[language]} to payers who chose nothing."
    answer({"slug": chosen.slug, "language": language}, as_json=as_json, sentence=sentence)


@company.command("list")
@json_option
@told
def list_all(as_json: bool) -> None:
    """List the companies."""
    rows = companies(runtime())
    names = ("id", "slug", "name", "realm_id", "host", "language")
    listed = [{name: getattr(row, name) for name in names} for row in rows]
    sentence = "\n".join(f"{row.slug:24} {row.name}" for row in rows) or "There is no company yet."
    answer(listed, as_json=as_json, sentence=sentence)
