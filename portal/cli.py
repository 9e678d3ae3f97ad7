"""The command line: `tieout COMMAND`. Here stand only the names; a command is loaded when it is called.

Knows what each command is called and does, so that `--help` costs no more than click. Laws: exit code 0 means done, 1
means looked and something is not right, 2 means the question was wrong, 3 means a person must connect or set up; with
`--json` the output is one JSON value and nothing else.
"""

from __future__ import annotations

import importlib

import click

# Name, where it stands, what it does. In the order a person meets them.
COMMANDS = (
    ("keys", "setup:keys", "Make SECRET_KEY and VAULT_KEYS for a new installation."),
    ("migrate", "setup:migrate", "Bring the database to the present schema."),
    ("company", "setup:company", "Add a company, list them, choose its language and address, or pause online payment."),
    ("owner", "people:owner", "Print a sign-in link for the owner of a company."),
    ("connect", "connections:connect", "Connect a company to QuickBooks or Stripe."),
    ("accounts", "connections:accounts", "Choose or make the accounts that postings use."),
    ("pull", "sync:pull", "Fetch what is new in QuickBooks."),
    ("feed", "sync:feed", "Fetch what moved on the Stripe account."),
    ("settle", "sync:settle", "Settle the events and payments that are due."),
    ("push", "sync:push", "Send what is due to QuickBooks."),
    ("sweep", "sync:sweep", "Do everything that is due, once."),
    ("prove", "proof:prove", "Tie out: Stripe, our postings and the books, to the cent."),
    ("verify", "verify:verify", "Check every rule that must always hold."),
    ("verify-chain", "proof:verify_chain", "Check that no attempt was altered or removed."),
    ("status", "status:status", "Show what is on its way and what waits for a person."),
    ("log", "proof:log", "Show the sync log."),
    ("held", "decisions:held", "List the postings that wait for a person."),
    ("discrepancies", "decisions:discrepancies", "List what needs a person."),
    ("retry", "decisions:retry", "Send a held posting again."),
    ("invoices", "people:invoices", "List the open invoices."),
    ("link", "people:link", "Make a link with which an invoice can be paid."),
    ("mails", "decisions:mails", "List the mails that have not left, or send them again."),
    ("doctor", "doctor:doctor", "Check this installation and say what is missing."),
    ("web", "processes:web", "Serve the portal."),
    ("worker", "processes:worker", "Do work when the bell rings."),
    ("scheduler", "processes:scheduler", "Ring for whatever is due, and do it where nobody hears."),
)
_PLACES = {name: place for name, place, _ in COMMANDS}


class _Commands(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(_PLACES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in _PLACES:
            return None
        module, _, attribute = _PLACES[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(f"portal.commands.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, said) for name, _, said in COMMANDS])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Keep QuickBooks Online and Stripe in agreement.

    Settings come from the environment; `tieout doctor` says what is missing.
    """


if __name__ == "__main__":
    main(prog_name="tieout")
