"""A worker killed with SIGKILL at every commit and every call of a push: nothing is lost, nothing is doubled."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from sync.pushing import attempts
from sync.pushing.claims import LEASE_SECONDS
from sync.pushing.verdicts import Outcome
from tests.harness.plant.nursery import nursery
from tests.sync.outbox.rig import Rig

POINTS = [
    "claim.before_commit",
    "claim.after_commit",
    "qbo.payment.create.before_send",
    "qbo.payment.create.after_send",
    "push.before_commit",
    "push.after_commit",
]


@pytest.mark.crash
@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_is_killed_loses_and_doubles_nothing(
    rig: Rig, database_url: str, tmp_path: Path, point: str
) -> None:
    customer = rig.customer("Blue Mesa Ranch")
    posting_id, fee_id = rig.owe(*rig.charge(customer, {rig.invoice(customer, 10000, "1068"): 10000}, fee=320))

    _killed(rig, database_url, tmp_path, point)

    rig.later(LEASE_SECONDS + 1)
    left = rig.push()
    assert left[Outcome.POSTED] == (1 if point == "push.after_commit" else 2)
    assert [len(rig.in_books(entity)) for entity in ("Payment", "Purchase")] == [1, 1]
    for one, entity in ((posting_id, "Payment"), (fee_id, "Purchase")):
        assert (rig.posting(one).state, rig.posting(one).remote_id) == ("posted", rig.in_books(entity)[0]["Id"])
    assert rig.balance("clearing") == 10000 - 320
    assert sorted(rig.log_lines()) == [
        "Payment of Blue Mesa Ranch posted to invoice 1068",
        "Stripe fee of charge …001x recorded",
    ]
    assert attempts.verify_chain(rig.rt, rig.company_id) == []
    assert rig.open_discrepancies() == []


def _killed(rig: Rig, database_url: str, tmp_path: Path, point: str) -> None:
    """Push in a process of its own until it is killed at the point, and see that it was."""
    login = rig.world.quickbooks.credentials()
    told = [database_url, login["api_base"], rig.realm, rig.bearer(True), rig.company_id, point]
    with (tmp_path / "child.log").open("w+b") as log:
        child = nursery().start([sys.executable, "-m", "tests.sync.outbox.crash_child", *told], env={}, stderr=log)
        code = child.wait(timeout=60)
        log.seek(0)
        assert code == -signal.SIGKILL, log.read().decode()
