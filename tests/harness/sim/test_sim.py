"""The simulation itself: the same seed twice is the same run, trouble breaks nothing, and a failure is made small."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.harness.sim.points import known_commits
from tests.harness.sim.results import Result
from tests.harness.sim.run import Wanted, play
from tests.harness.sim.script import Script
from tests.harness.sim.shrink import record_of, shrink, written_test

ROOT = Path(__file__).resolve().parents[3]
_PLAYED = """
from tests.harness.sim.run import Wanted, play
result = play(Wanted(11, payers=2, actions=2))
print(result.digest, result.steps)
"""


@pytest.mark.timeout(400)
def test_a_seed_is_the_same_run_in_another_process_whatever_the_hash_seed() -> None:
    asked = [
        subprocess.Popen(
            [sys.executable, "-c", _PLAYED],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for hash_seed in ("1", "2")
    ]
    said = [one.communicate()[0] for one in asked]
    assert [one.returncode for one in asked] == [0, 0]
    assert said[0] == said[1] != ""


@pytest.mark.timeout(400)
@pytest.mark.parametrize("by_consent", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_a_calm_seed_carries_every_payment_to_the_books(by_consent: bool) -> None:
    result = play(Wanted(1, payers=9, actions=0, calm=True, by_consent=by_consent))
    assert (result.broken, result.unexpected, result.unexplained) == ([], [], 0)
    assert result.payments >= 3
    assert result.postings["charge posted"] >= result.payments
    assert not any(key.endswith(("due", "held", "unknown", "leased")) for key in result.postings)
    assert (result.faults, result.crashes) == (Counter(), Counter())


@pytest.mark.timeout(400)
@pytest.mark.nightly  # `dev.py prove-it` plays a hundred of them
def test_a_seed_with_trouble_breaks_nothing_and_its_record_is_the_same_run() -> None:
    result = play(Wanted(20, payers=5, actions=4))
    assert (result.broken, result.unexpected) == ([], [])
    assert sum(result.faults.values()) > 0
    again = play(Wanted(20, payers=5, actions=4, record=result.taken))
    assert again.digest == result.digest


def test_leaving_a_decision_out_leaves_the_others_where_they_were() -> None:
    first = Script(3)
    words = [first.next("call", lambda dice: str(dice.random())) for _ in range(5)]
    fewer = {"call": {n: word for n, word in first.taken["call"].items() if n != 2}}
    second = Script(3, fewer)
    assert [second.next("call", lambda dice: "never asked") for _ in range(5)] == [*words[:2], "", *words[3:]]


def _result(record: dict[str, dict[int, str]], *, is_broken: bool) -> Result:
    broken = [("I-1", "ch_1", "lost")] if is_broken else []
    return Result(1, "digest", 1, 0.0, [], broken, [], record)


def test_a_failure_is_made_as_small_as_it_goes() -> None:
    """It breaks where call 3 is dropped and point 40 is a crash; a hundred other decisions do not matter."""
    record = {
        "call": dict.fromkeys(range(60), "drop_after_commit"),
        "point": dict.fromkeys(range(30, 50), "crash"),
        "payer": dict.fromkeys(range(20), "comes"),
    }
    tried = []

    def played(wanted: Wanted) -> Result:
        assert wanted.record is not None
        tried.append(wanted)
        left = {kind: dict(words) for kind, words in wanted.record.items()}
        return _result(left, is_broken=3 in left.get("call", {}) and 40 in left.get("point", {}))

    small = shrink(_result(record, is_broken=True), Wanted(1), seconds=20, play=played)
    assert small.taken == {"call": {3: "drop_after_commit"}, "point": {40: "crash"}}
    assert len(tried) < 100
    text = written_test(small, Wanted(1), bug="")
    assert "RECORD = {'call': {3: 'drop_after_commit'}, 'point': {40: 'crash'}}" in text
    compile(text, "test_seed_1.py", "exec")


def test_record_of_nothing_is_nothing() -> None:
    assert record_of([]) == {}


# Every commit and every call to the outside passes a crash point. These are the only places that may commit or send.
COMMITS = {"connector/store/session.py"}
SENDS = {
    "connector/stripe/wire.py": "the SDK's calls, as `send` in `call`",
    "connector/stripe/early.py": "names what the SDK would import later, without a key and without a call",
    "connector/stripe/gateway.py": "gives its calls to `call`",
    "connector/qbo/gateway.py": "every call of the wire",
    "connector/qbo/wire.py": "the wire itself, below the gateway",
    "oauth/intuit.py": "exchange, refresh, revoke, discovery",
    "oauth/openid.py": "a company's OpenID provider: its documents, and the code's exchange",
    "connector/qbo/downloads.py": "a file's temporary address, below the gateway",
    "jobs/mail/smtp.py": "the post office",
    "jobs/mail/texting.py": "the gateway of text messages",
}
_SENDING = ("requests", "stripe", "smtplib", "quickbooks", "intuitlib", "http", "urllib3", "httpx")


def _product() -> list[Path]:
    return [path for room in ("connector", "oauth", "sync", "jobs", "portal") for path in (ROOT / room).rglob("*.py")]


def test_nobody_commits_past_the_crash_points() -> None:
    found = set()
    for path in _product():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "commit" and getattr(node.value, "id", "") == "session":
                found.add(str(path.relative_to(ROOT)))
    assert found == COMMITS


def test_every_commit_has_a_name_that_the_report_can_miss() -> None:
    assert {"settle", "inbox", "lease", "pull_page", "tieout", "token"} <= known_commits()


@pytest.mark.parametrize("room", ["connector", "oauth", "sync", "jobs"])
def test_nobody_sends_past_the_crash_points(room: str) -> None:
    for path in (ROOT / room).rglob("*.py"):
        name = str(path.relative_to(ROOT))
        tree = ast.parse(path.read_text())
        calls = {
            node.func.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and getattr(node.func.value, "id", "") in _SENDING
            and node.func.attr in ("get", "post", "put", "request", "Session", "SMTP", "SMTP_SSL", "StripeClient")
        }
        assert not calls or name in SENDS, f"{name} sends by {calls}: wrap it in crash.sending and name it here"


@pytest.mark.parametrize(
    "name",
    [
        "connector/stripe/wire.py",
        "connector/qbo/gateway.py",
        "oauth/intuit.py",
        "oauth/openid.py",
        "jobs/mail/smtp.py",
        "jobs/mail/texting.py",
    ],
)
def test_what_sends_passes_a_point_before_and_after(name: str) -> None:
    assert "crash.sending(" in (ROOT / name).read_text()
