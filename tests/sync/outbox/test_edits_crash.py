"""A worker killed with SIGKILL at every commit and call of an edit's push: the books hear of it once, and we know."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.edits import LEASE_SECONDS
from sync.pushing import attempts
from tests.sync.outbox.rig import Rig
from tests.sync.outbox.test_crash import _killed
from tests.sync.outbox.test_edits import ACCEPTED, approve, estimate_of, in_books, row_of

POINTS = [
    "edit_claim.before_commit",
    "edit_claim.after_commit",
    "qbo.estimate.read.after_send",
    "edit_step.after_commit",
    "qbo.estimate.update.before_send",
    "qbo.estimate.update.after_send",
    "edit_posted.before_commit",
    "edit_posted.after_commit",
]


@pytest.mark.crash
@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_is_killed_writes_an_edit_once(rig: Rig, database_url: str, tmp_path: Path, point: str) -> None:
    estimate = estimate_of(rig, rig.customer("Blue Mesa Ranch"))
    edit_id = approve(rig, estimate)

    _killed(rig, database_url, tmp_path, point)

    rig.later(LEASE_SECONDS + 301)
    rig.push()
    body = in_books(rig, estimate)
    assert {name: body[name] for name in ACCEPTED} == ACCEPTED
    assert body["SyncToken"] == "1", "it was written once"
    assert row_of(rig, edit_id).state == "posted"
    assert rig.log_lines().count("Estimate 1012 approved by Dana Reyes: recorded") == 1
    assert attempts.verify_chain(rig.rt, rig.company_id) == []
    assert rig.open_discrepancies() == []
