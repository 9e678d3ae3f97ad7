"""What commands share: the runtime with clear words when it cannot start, the company meant, and two ways to answer.

Law: an expected failure is a sentence and an exit code, never a traceback; a secret is never printed.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from connector.errors import GatewayError, NotConnected, TieoutError

if TYPE_CHECKING:
    from connector.store.companies import CompanyRow
    from sync.runtime import Runtime

F = TypeVar("F", bound=Callable[..., Any])
NOT_RIGHT, WRONG_QUESTION, NOT_SET_UP = 1, 2, 3


class Stop(click.ClickException):
    """Ends the command with a sentence and an exit code."""

    def __init__(self, sentence: str, code: int = NOT_RIGHT) -> None:
        super().__init__(sentence)
        self.exit_code = code  # type: ignore[misc]  # click reads it from the instance

    def show(self, file: Any = None) -> None:
        """Print the sentence alone."""
        click.echo(self.message, err=True)


def runtime() -> Runtime:
    """Return the runtime. Stops with the names of the settings that are missing or wrong."""
    check_settings()
    from jobs import boot

    return boot.runtime()


def check_settings() -> None:
    """Stop with the names of the settings that are missing or wrong."""
    from pydantic import ValidationError

    from connector.settings import settings

    try:
        settings()
    except ValidationError as error:
        said = [f"  {_name_of(problem)}: {_plain(problem['msg'])}" for problem in error.errors(include_input=False)]
        raise Stop("These settings are missing or wrong:\n" + "\n".join(said), NOT_SET_UP) from None


def _name_of(problem: Any) -> str:
    return ".".join(str(part) for part in problem["loc"]).upper() or "settings"


def _plain(said: str) -> str:
    return said.removeprefix("Value error, ")


def told(command: F) -> F:
    """Turn expected failures of a command into sentences and exit codes."""

    @functools.wraps(command)
    def wrapped(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except TieoutError as error:
            raise _stop_for(error) from None
        except Exception as error:
            if type(error).__module__ != "sqlalchemy.exc":  # asked by name: commands without a database load none
                raise
            said = getattr(error, "orig", None) or error
            raise Stop(f"The database cannot be used: {said}. Is it migrated? tieout migrate", NOT_SET_UP) from None

    return wrapped  # type: ignore[return-value]  # functools.wraps keeps the signature, the checker cannot see it


def _stop_for(error: TieoutError) -> Stop:
    if isinstance(error, NotConnected):
        return Stop(f"Not connected to {_SERVICES[error.which]}: tieout connect {error.which}", NOT_SET_UP)
    if isinstance(error, GatewayError):
        return Stop(f"{error} (trace {error.trace})" if error.trace else str(error))
    return Stop(str(error), WRONG_QUESTION)


_SERVICES = {"quickbooks": "QuickBooks", "stripe": "Stripe"}


def company_option(command: F) -> F:
    """Add `--company SLUG`; it may be left out where there is only one."""
    return click.option("--company", "slug", metavar="SLUG", help="Which company; may be left out with only one.")(
        command
    )


def json_option(command: F) -> F:
    """Add `--json`, for a program that listens."""
    return click.option("--json", "as_json", is_flag=True, help="Answer with one JSON value.")(command)


def company_of(rt: Runtime, slug: str | None) -> CompanyRow:
    """Return the company meant. Stops when there is none or the choice is open."""
    rows = companies(rt)
    chosen = [row for row in rows if row.slug == slug] if slug else rows
    if len(chosen) == 1:
        return chosen[0]
    if slug:
        raise Stop(f"There is no company {slug!r}; tieout company list shows those there are.", WRONG_QUESTION)
    if not rows:
        raise Stop("There is no company yet: tieout company add SLUG NAME", NOT_SET_UP)
    raise Stop(f"Which company? --company {' | '.join(row.slug for row in rows)}", WRONG_QUESTION)


def companies(rt: Runtime) -> list[CompanyRow]:
    """Return all companies by slug."""
    from sqlmodel import col, select

    from connector.store.companies import CompanyRow

    with rt.db.read() as session:
        return list(session.exec(select(CompanyRow).order_by(col(CompanyRow.slug))))


def chosen_companies(rt: Runtime, slug: str | None) -> list[CompanyRow]:
    """Return the company meant, or all of them where none is named."""
    return [company_of(rt, slug)] if slug else companies(rt)


def answer(value: Any, *, as_json: bool, sentence: str) -> None:
    """Print an answer: as JSON for a program, as a sentence for a person."""
    click.echo(json.dumps(value, indent=None, sort_keys=True, default=str) if as_json else sentence)


def draws() -> bool:
    """Tell whether a person looks on, so that drawing makes sense."""
    return sys.stderr.isatty()
