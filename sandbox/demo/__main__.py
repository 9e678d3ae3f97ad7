"""`python -m sandbox.demo`: start the demo and keep it, or play it through with --check.

Knows the order of things and how they end. Law: the exit code is 0 only when what was asked for came true.
"""

from __future__ import annotations

import argparse
import fcntl
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from sandbox.demo import arrival, screen
from sandbox.demo.board import raise_board
from sandbox.demo.check import check
from sandbox.demo.crew import ROOT, Crew, CrewError
from sandbox.demo.doorbell import NoServer
from sandbox.demo.ports import Ports, PortTaken
from sandbox.demo.stage import Stage
from sandbox.demo.tell import play_one
from sandbox.demo.visitor import Lost
from sandbox.scenarios.scene import Refused
from sandbox.scenarios.table import BY_NAME

FOLDER = ROOT / "var" / "demo"
PORT = 8800
INTERRUPTED = 130
TRY = "card 4242 4242 4242 4242, any date and code"


class Ended(BaseException):
    """A signal asked the demo to end."""


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _end)
    try:
        if options.check or options.play:
            return _alone_on_stage(options.play, by_consent=options.by_consent)
        return _shown(options.folder, options.port, fresh=options.fresh, by_consent=options.by_consent)
    except (CrewError, Lost, Refused, PortTaken, NoServer, requests.RequestException) as error:
        screen.sorry(str(error))
        return 1
    except Ended:
        return INTERRUPTED if options.check or options.play else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 dev.py demo",
        description="Tieout with stand-ins of QuickBooks and Stripe, no accounts needed. Ctrl-C ends everything.",
    )
    parser.add_argument("--check", action="store_true", help="play the main job through without a person, and judge")
    parser.add_argument("--play", choices=tuple(BY_NAME), metavar="NAME", help="play one story, and judge its end")
    parser.add_argument("--fresh", action="store_true", help="start over: forget what earlier runs left")
    parser.add_argument("--by-consent", action="store_true", help="as a host of companies: Stripe by Connect, no keys")
    parser.add_argument("--folder", type=Path, default=FOLDER, metavar="PATH", help="its data (default var/demo)")
    parser.add_argument(
        "--port", type=int, default=PORT, metavar="N", help="first of seven ports (default %(default)s)"
    )
    return parser


def _end(_number: int, _frame: object) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # ending is under way; a second Ctrl-C must not leave it half done
    raise Ended


def _shown(folder: Path, port: int, *, fresh: bool, by_consent: bool) -> int:
    ports, folder = Ports.from_base(port), folder.resolve()
    with _alone(folder):
        ports.refuse_if_taken()
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        with Crew(folder / "log") as crew:
            stage = Stage(folder, ports, crew, by_consent=by_consent)
            arrived = _raised(stage)
            board = raise_board(stage, arrived)
            _tell(stage, arrived)
            try:
                _keep(crew)
            finally:
                board.stop()
    return 0


def _alone_on_stage(story: str | None, *, by_consent: bool) -> int:
    """Play the main job or a story on a stage of its own, and judge how it ended."""
    with tempfile.TemporaryDirectory(prefix="tieout-check-") as folder, Crew(Path(folder) / "log") as crew:
        stage = Stage(Path(folder), Ports.free(), crew, sweep_seconds=1.0, by_consent=by_consent)
        arrived = _raised(stage)
        return play_one(stage, BY_NAME[story]) if story else check(stage, arrived)


def _raised(stage: Stage) -> arrival.Arrived:
    """Start everything; the first time, bring the company in before anything rings for it."""
    before = arrival.earlier(stage)
    if before and stage.is_known:
        return _raised_again(stage, before)
    with screen.step("Redis, the stand-ins of QuickBooks and Stripe, a mailbox, the schema"):
        stage.open(arrival.COMPANY_ADD)
    stage.start_web()
    with screen.step("Harbor Tile Co.: connected to QuickBooks and Stripe, pulled"):
        stage.wait_until_ready()
        arrival.register_webhooks(stage)
        arrived = before or arrival.arrive(stage, show=screen.console.is_terminal)
    stage.start_scheduler()
    if before:
        stage.start_worker()
    return arrived


def _raised_again(stage: Stage, before: arrival.Arrived) -> arrival.Arrived:
    """Start everything at once: an earlier start left all that these processes would wait for."""
    with screen.step("Everything, as you left it"):
        stage.open()
        stage.start_web()
        stage.owner_link = arrival.owner_link(stage)  # while the portal wakes up
        stage.wait_until_ready()
    stage.start_worker()
    stage.start_scheduler()
    return before


def _tell(stage: Stage, arrived: arrival.Arrived) -> None:
    quickbooks = stage.standins["quickbooks"]["api_base"]
    screen.links(
        "Tieout is running. Ctrl-C ends it; what you do is kept.",
        [
            ("Everything", stage.board_url, "these links, a clock to move, and stories to play with one click"),
            ("Pay an invoice", stage.web_url + arrived.path, f"invoice {arrived.invoice} of {arrived.customer}, {TRY}"),
            ("Staff console", stage.owner_link or arrival.owner_link(stage), "signs Olivia, the owner, in; works once"),
            ("Mailbox", stage.mailbox_url, "every mail of the demo: sign-in links, receipts"),
            ("QuickBooks stand-in", quickbooks, "its invoices, payments, chart of accounts"),
            ("Stripe stand-in", stage.stripe_url, "its payments, balance and payouts; refund, fail a debit, pay out"),
        ],
    )
    screen.say("Tie it out: [bold]python3 dev.py tieout prove[/]. Look around: [bold]python3 dev.py tieout log[/].")


def _keep(crew: Crew) -> None:
    """Stay until a signal comes; end when a process ends by itself."""
    pause = threading.Event()
    while not pause.wait(0.5):
        crew.check()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the data for this demo. Raises CrewError when another one has it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CrewError("A demo is running on this data already; end it with Ctrl-C where it runs.") from None
        yield


if __name__ == "__main__":
    sys.exit(main())
