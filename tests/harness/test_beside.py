"""A storm beside other work: one that breaks off ends the proof, and says why."""

from __future__ import annotations

import pytest

from tests.harness.beside import StormFailed, Storms

NEVER = float("nan")  # seconds of a storm that breaks off before it begins


def test_a_storm_that_breaks_off_is_told() -> None:
    with Storms(["sqlite"], NEVER, 1) as storms:
        storms.start()
        with pytest.raises(StormFailed, match=r"the storm on sqlite broke off: Traceback"):
            next(storms.reports())


def test_a_storm_whose_process_is_ended_is_told() -> None:
    with Storms(["sqlite"], NEVER, 1) as storms:
        storms.start()
        [(process, _)] = storms._running
        process.kill()
        with pytest.raises(StormFailed, match="its process was ended"):
            next(storms.reports())


def test_nothing_is_left_of_a_proof_that_is_left_early() -> None:
    with Storms(["sqlite"], NEVER, 1) as storms:
        storms.start()
        [(process, _)] = storms._running
    assert not process.is_alive()
