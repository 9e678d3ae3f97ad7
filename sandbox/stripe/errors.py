"""The refusals of the API: one exception, and the sentences for the commonest ones.

Law: callers may rely on type, code, param and decline code; the English is ours.
"""

from __future__ import annotations

from typing import Any

DOCS = "https://stripe.com/docs/error-codes/"


class ApiError(Exception):
    """A refusal with its HTTP status and the members of `error`. `unread` says that no work had begun."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        unread: bool = False,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.kind, self.unread = status, message, kind, unread
        self.headers = headers or {}
        self.members = {name: value for name, value in members.items() if value is not None}

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the JSON answer."""
        error: dict[str, Any] = {"type": self.kind, "message": self.message, **self.members}
        if "code" in error:
            error["doc_url"] = DOCS + error["code"].replace("_", "-")
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error}


def bad_parameter(param: str, message: str, code: str | None = None) -> ApiError:
    """Return the refusal of one parameter, found before any work began."""
    return ApiError(400, message, code=code, param=param, unread=True)


def no_such(what: str, key: str, param: str, *, status: int = 404) -> ApiError:
    """Return the answer for an id that names nothing in this account."""
    return ApiError(status, f"No such {what}: '{key}'", code="resource_missing", param=param)


def unplayed(param: str) -> ApiError:
    """Return the refusal of something Stripe can do and this stand-in does not play."""
    return ApiError(
        400,
        f"The sandbox does not play '{param}'. Stripe itself would accept it.",
        code="sandbox_unplayed",
        param=param,
        unread=True,
    )
