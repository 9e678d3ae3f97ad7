"""The sandbox's kernel: shelf, clock, agenda, faults, host and courier."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.agenda import Agenda
from sandbox.clock import SandboxClock
from sandbox.courier import Courier, Parcel, refuse_unless_loopback
from sandbox.faults import Faults
from sandbox.host import FaultyTransport, Host
from sandbox.shelf import Shelf
from tests.sandbox.receiver import Receiver


def test_shelf_keeps_what_was_committed_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "shelf.db"
    shelf = Shelf(path)
    shelf.put("thing", "a", {"n": 1})
    shelf.put("thing", "b", {"n": 2})
    shelf.commit()
    shelf.put("thing", "a", {"n": 3})
    shelf.drop("thing", "b")
    shelf.close()
    assert Shelf(path).all("thing") == {"a": {"n": 1}, "b": {"n": 2}}


def test_shelf_follows_changes_and_removals_over_commits(tmp_path: Path) -> None:
    path = tmp_path / "shelf.db"
    shelf = Shelf(path)
    shelf.put("thing", "a", {"n": 1})
    shelf.commit()
    shelf.put("thing", "a", {"n": 2})
    shelf.put("thing", "b", {"n": 5})
    shelf.drop("thing", "b")
    shelf.commit()
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT key, doc FROM shelf WHERE kind = 'thing'").fetchall() == [("a", '{"n":2}')]


def test_numbers_of_a_sequence_are_never_given_twice(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf.db")
    given = [shelf.next_number("n", 10), shelf.next_number("n", 10), shelf.next_number("other")]
    shelf.commit()
    shelf.close()
    assert given == [10, 11, 1]
    assert Shelf(tmp_path / "shelf.db").next_number("n", 10) == 12


def test_clock_moves_forward_only_and_is_read_again_after_a_restart(tmp_path: Path) -> None:
    clock = SandboxClock(tmp_path / "clock")
    before = clock.seconds()
    clock.advance(86400)
    assert 86399 < clock.seconds() - before < 86402
    assert SandboxClock(tmp_path / "clock").offset == 86400
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)


def test_a_pinned_clock_stands_still_for_its_own_thread_alone() -> None:
    clock = SandboxClock()
    seen: list[float] = []
    with clock.at(1000.0):
        other = threading.Thread(target=lambda: seen.append(clock.seconds()))
        other.start()
        other.join()
        assert clock.seconds() == 1000.0
    assert seen[0] > 1000.0
    assert clock.seconds() > 1000.0


def test_agenda_runs_in_order_each_at_its_own_instant() -> None:
    clock = SandboxClock()
    agenda = Agenda(Shelf(), clock)
    ran: list[tuple[str, float]] = []
    agenda.teach("note", lambda subject: ran.append((subject["name"], clock.seconds())))
    now = clock.seconds()
    agenda.add("note", now + 200, name="second")
    agenda.add("note", now + 100, name="first")
    struck = agenda.add("note", now + 150, name="never")
    agenda.add("note", now + 9000, name="not yet")
    agenda.cancel(struck)
    assert agenda.run_due() == 0
    clock.advance(300)
    assert agenda.run_due() == 2
    assert ran == [("first", now + 100), ("second", now + 200)]
    assert [entry["subject"]["name"] for entry in agenda.pending("note")] == ["not yet"]


def test_work_of_the_agenda_may_enter_more_work() -> None:
    clock = SandboxClock()
    agenda = Agenda(Shelf(), clock)
    ran: list[float] = []

    def again(subject: dict[str, Any]) -> None:
        ran.append(clock.seconds())
        if len(ran) < 3:
            agenda.add("again", clock.seconds() + 10)

    agenda.teach("again", again)
    start = clock.seconds()
    agenda.add("again", start)
    clock.advance(60)
    assert agenda.run_due() == 3
    assert ran == [start, start + 10, start + 20]


@pytest.mark.parametrize(
    ("match", "hits"),
    [({}, [0]), ({"times": 2}, [0, 1]), ({"times": 0}, [0, 1, 2, 3]), ({"nth": 3}, [2]), ({"operation": "x.*"}, [])],
)
def test_a_fault_comes_when_its_rule_says(match: dict[str, Any], hits: list[int]) -> None:
    faults = Faults()
    faults.load([{"match": {"service": "books", **match}, "do": "stale:now"}])
    came = [n for n in range(4) if faults.pick("books", "payment.create", transport=False)]
    assert came == hits
    assert faults.pick("other", "payment.create", transport=False) == []
    assert [done["do"] for done in faults.carried_out] == ["stale:now"] * len(hits)


def test_a_rule_without_a_deed_is_refused_and_the_old_programme_stays() -> None:
    faults = Faults()
    faults.load([{"do": "delay:5"}])
    with pytest.raises(ValueError, match="what to `do`"):
        faults.load([{"match": {}}])
    assert [rule["do"] for rule in faults.listing()] == ["delay:5"]


Serve = Callable[[str], tuple[str, list[int]]]


@pytest.fixture
def served() -> Iterator[Serve]:
    """Return a way to serve an app whose one answer is 2000 bytes, under one fault; counts the work done."""
    hosts: list[Host] = []

    def serve(do: str) -> tuple[str, list[int]]:
        worked: list[int] = []

        def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            worked.append(1)
            start_response("200 OK", [("Content-Length", "2000")])
            return [b"x" * 2000]

        faults = Faults()
        faults.load([{"do": do}])
        host = Host(FaultyTransport(app, service="s", operation_of=lambda _: "op", faults=faults))
        host.start()
        hosts.append(host)
        return host.url, worked

    yield serve
    for host in hosts:
        host.stop()


@pytest.mark.parametrize(
    ("do", "work"), [("refuse", 0), ("reset_before", 0), ("drop_after_commit", 1), ("truncate:7", 1)]
)
def test_a_lost_answer_looks_like_one(served: Serve, do: str, work: int) -> None:
    url, worked = served(do)
    with pytest.raises(requests.RequestException):
        requests.get(url, timeout=5)
    assert len(worked) == work
    assert requests.get(url, timeout=5).text == "x" * 2000


@pytest.mark.parametrize(
    ("do", "status", "text"),
    [
        ("status:502", 502, "unavailable"),
        ("status_html:503", 503, "<h1>503"),
        ("status_empty:504", 504, ""),
        ("500_before", 500, "unavailable"),
        ("503_html", 503, "<h1>503"),
    ],
)
def test_a_gateway_answers_instead(served: Serve, do: str, status: int, text: str) -> None:
    url, worked = served(do)
    answer = requests.get(url, timeout=5)
    assert answer.status_code == status
    assert text in answer.text
    assert worked == []


def test_a_gateway_says_how_long_to_wait(served: Serve) -> None:
    url, _ = served("status:429:7")
    answer = requests.get(url, timeout=5)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize(("do", "status", "length"), [("500_after", 500, 25), ("bad_json", 200, 1000)])
def test_work_is_done_behind_an_answer_that_hides_it(served: Serve, do: str, status: int, length: int) -> None:
    url, worked = served(do)
    answer = requests.get(url, timeout=5)
    assert (answer.status_code, len(answer.content), len(worked)) == (status, length, 1)


def test_an_answer_that_drips_comes_whole_and_late_by_the_callers_own_clock() -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "2000")])
        return [b"x" * 2000]

    faults, slept = Faults(), []
    faults.load([{"do": "slow_drip:1600"}])
    spoiled = FaultyTransport(app, service="s", operation_of=lambda _: "op", faults=faults)
    body = b"".join(spoiled({"PATH_INFO": "/", "tieout.sleep": slept.append}, lambda *words: None))
    assert (body, slept) == (b"x" * 2000, [0.2] * 8)


def test_dice_spoil_the_share_that_was_asked_for_and_the_same_for_the_same_seed() -> None:
    def thrown(seed: int) -> list[str]:
        faults = Faults()
        wanted = [{"match": {"operation": "payment.*"}, "do": "delay:5"}, "stale_5010", "refuse"]
        faults.load({"seed": seed, "rate": 0.3, "kinds": wanted})
        came = []
        for n in range(1000):
            operation = ("query", "payment.create")[n % 2]
            both = [faults.pick("books", operation, transport=layer) for layer in (True, False)]
            assert not (both[0] and both[1])
            came.append("".join(fault.name for due in both for fault in due) + operation[:1])
        assert faults.requests == 1000
        return came

    first = thrown(7)
    assert first == thrown(7) != thrown(8)
    assert 250 < sum(len(word) > 1 for word in first) < 350
    assert {"delayq"} & set(first) == set()


def test_dice_need_a_share() -> None:
    with pytest.raises(ValueError, match="share"):
        Faults().load({"seed": 1, "rate": 30, "kinds": ["refuse"]})


def test_the_control_plane_is_spared_all_faults(served: Serve) -> None:
    url, worked = served("reset_before")
    assert requests.get(f"{url}/_control/state", timeout=5).status_code == 200
    assert len(worked) == 1


@pytest.mark.parametrize("url", ["https://example.com/x", "http://10.0.0.8/", "http://169.254.169.254/", "nonsense"])
def test_webhooks_never_leave_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        refuse_unless_loopback(url)


def test_courier_keeps_the_order_and_tells_the_outcome(receiver: Receiver) -> None:
    courier = Courier(threads=1)
    told: list[int | None] = []
    receiver.answers = [200, 503]
    for n in range(2):
        courier.send(Parcel(receiver.url, {"X-N": str(n)}, str(n).encode(), told.append))
    courier.send(Parcel("http://127.0.0.1:1/closed", {}, b"", told.append))
    receiver.wait_for(2)
    while courier.waiting:
        pass
    assert [delivery.body for delivery in receiver.deliveries] == [b"0", b"1"]
    assert told == [200, 503, None]
