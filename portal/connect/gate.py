"""The gate of the connect pages: who is here, and who is asked to sign in first.

Law: a connection begins and ends only by an owner's press; only what Intuit shows to somebody who left is for anybody.
"""

from __future__ import annotations

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from portal.access.members import member_here
from portal.staff.gate import to_sign_in

doors = Blueprint("connect", __name__, url_prefix="/connect")

_FOR_ANYBODY = frozenset({"connect.disconnected"})


@doors.before_request
def _enter() -> ResponseReturnValue | None:
    found = member_here()
    if found is not None:
        g.member, g.company = found, found.company
    elif request.endpoint not in _FOR_ANYBODY:
        return to_sign_in()
    return None
