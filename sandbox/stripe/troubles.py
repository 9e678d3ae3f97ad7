"""What the API answers when the fault programme says so: refusals at the door, and errors around the work.

Names only; who is asked and when stands in `api`. Law: what is refused at the door is never kept under an idempotency
key; an error 500 is.
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.faults import Fault
from sandbox.stripe.errors import ApiError

# Faults around the work, whose results are kept. (`500_before` and `500_after` are a gateway's: nothing is kept.)
BEFORE, AFTER = "api_error", "api_error_after"
SLOW, DECLINE, BEFORE_RESPONSE = "slow", "decline", "before_response"
INSIDE = frozenset({BEFORE, AFTER, SLOW, DECLINE, BEFORE_RESPONSE})


def api_error() -> ApiError:
    """Return an error 500: nobody knows whether the work was done."""
    message = "An unknown error occurred. Nobody knows whether your request was carried out."
    return ApiError(500, message, kind="api_error")


def rate_limited(reason: str = "") -> ApiError:
    """Return the refusal of one request too many; the reason stands in a header."""
    headers = {"Stripe-Rate-Limited-Reason": reason or "endpoint-rate"}
    return ApiError(429, "Request rate limit exceeded.", code="rate_limit", headers=headers, unread=True)


def _locked(_: str) -> ApiError:
    message = "This object cannot be accessed right now because another API request is accessing it."
    return ApiError(429, message, code="lock_timeout", unread=True)


def _in_use(_: str) -> ApiError:
    message = "There is currently another in-progress request using this Idempotent Key."
    return ApiError(409, message, kind="idempotency_error", code="idempotency_key_in_use", unread=True)


def _expired(_: str) -> ApiError:
    return ApiError(401, "Expired API Key provided.", code="api_key_expired", unread=True)


def _revoked(_: str) -> ApiError:
    return ApiError(403, "Application access may have been revoked.", code="account_invalid", unread=True)


_DOOR: dict[str, Callable[[str], ApiError]] = {
    "rate_limit": rate_limited,
    "lock_timeout": _locked,
    "in_use": _in_use,
    "unauthorised": _expired,
    "forbidden": _revoked,
}
AT_THE_DOOR = frozenset(_DOOR)


def refuse_at_door(due: list[Fault]) -> None:
    """Raise the refusal that the first of the faults due asks for."""
    for fault in due:
        raise _DOOR[fault.name](fault.argument)


def argument(due: list[Fault], name: str) -> str | None:
    """Return the argument of the fault of a name that is due, or None when it is not."""
    return next((fault.argument for fault in due if fault.name == name), None)
