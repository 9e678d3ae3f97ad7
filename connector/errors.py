"""What can go wrong with a call to QuickBooks, Stripe or mail, in six words, and what follows from each.

Gateways translate every failure of a client library into one of these; nothing above them sees a library's own errors.
Law: only a definite no (`Rejected`, `Stale`) says that nothing happened; everything unclear is `UnknownOutcome`, and an
unknown outcome is looked up before anything is sent again.
"""

from __future__ import annotations

from dataclasses import dataclass


class TieoutError(Exception):
    """Base of all errors that Tieout raises on purpose."""


@dataclass(eq=False)  # an exception is itself and nothing else: it stays hashable
class GatewayError(TieoutError):
    """A failed call: which service, its own code, a sentence for the log (no secrets), and its trace id."""

    service: str  # quickbooks | stripe | mail
    message: str
    code: str = ""
    trace: str = ""  # intuit_tid or Stripe's request id
    status: int | None = None

    def __str__(self) -> str:
        code = f" ({self.code})" if self.code else ""
        return f"{self.service}: {self.message}{code}"


class Transient(GatewayError):
    """Nothing happened, and trying again soon is right: refused connection, maintenance before the work began."""


@dataclass(eq=False)
class RateLimited(GatewayError):
    """Nothing happened; the service wants us to wait. Not counted as an attempt."""

    wait_seconds: float = 60.0


class Unauthorised(GatewayError):
    """Token, key or rights are gone; retried once with a fresh token, then the owner reconnects."""


class Rejected(GatewayError):
    """A definite no: the request is wrong or the books refuse it. A person or a changed fact is needed."""


class Stale(Rejected):
    """A definite no because the document changed meanwhile: read it again and apply the intent again, once."""


class NotFound(Rejected):
    """The object does not exist (any more)."""


class UnknownOutcome(GatewayError):
    """The call may have happened: time-out, reset, 5xx, cut body. Look before sending again."""


class NotConnected(TieoutError):
    """The company has no usable connection to a service; a person reconnects."""

    def __init__(self, company_id: str, which: str) -> None:
        super().__init__(f"company {company_id} is not connected to {which}")
        self.company_id = company_id
        self.which = which


class WrongInput(TieoutError):
    """What a person entered cannot be taken; the message says what to do, in their words."""
