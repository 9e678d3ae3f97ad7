"""Each kind of process started once as production starts it: by the Procfile's own words, in a fresh interpreter.

What is wrong with its settings each says in a sentence. All other tests of crashes fork their processes
(tests/harness/plant/nursery.py); what they show must hold for these too.
"""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.store.session import Database
from tests.conftest import ROOT
from tests.crash.plant import Plant, wait_for
from tests.harness.plant.nursery import nursery

pytestmark = pytest.mark.crash
PROCESSES = ("web", "worker", "scheduler")


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    url = f"sqlite:///{tmp_path / 'tieout.db'}"
    database = Database(url)
    database.create_all()
    database.close()
    plant = Plant(tmp_path, url)
    yield plant
    plant.close()


def words(name: str, port: int) -> list[str]:
    """Return the Procfile's words for a process, with the python of this suite and on loopback only."""
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if line[0] != "#")
    python, *rest = shlex.split(lines[name].replace("${PORT:-8800}", str(port)).replace("0.0.0.0", "127.0.0.1"))
    assert python == "python"
    return [sys.executable, *rest]


@pytest.mark.timeout(240)  # five interpreters import the product at once
def test_processes_of_the_procfile_die_and_the_next_ones_finish(plant: Plant) -> None:
    for name in PROCESSES:
        plant.start(name, words(name, plant.web_port), begin=subprocess.Popen)
    wait_for("the portal", plant.is_up, patience=120)
    invoice = plant.all_open_invoices()[0]
    pressed = plant.press(*plant.pay_page(invoice.qbo_id))

    assert [plant.kill(name) for name in PROCESSES] == [-signal.SIGKILL] * len(PROCESSES)
    plant.confirm(pressed)
    plant.start_web()
    plant.start_worker()
    plant.start_scheduler()
    plant.world.advance(60)  # past the leases of the dead

    plant.wait_until_booked(invoice)
    plant.assert_booked_once(invoice)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_without_settings_says_which_are_missing(name: str, tmp_path: Path) -> None:
    said = tmp_path / "said"
    with said.open("wb") as out:
        process = nursery().start(words(name, 0), env={}, stdout=out, stderr=out)
        code = process.wait(timeout=30)
    assert code == 3, "a person must set something up"
    assert "SECRET_KEY" in said.read_text()
    assert "Traceback" not in said.read_text()
