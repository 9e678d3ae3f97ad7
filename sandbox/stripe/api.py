"""One API request from its bytes to its answer: key, account, parameters, idempotency, work, expansion.

Knows no resource. Law: the work, the kept result and the events are one commit, made before the answer leaves.
"""

from __future__ import annotations

import base64
import binascii
import sys
import time
import traceback
from collections import deque
from dataclasses import dataclass
from threading import RLock
from typing import Any

from sandbox.faults import Fault, Faults
from sandbox.stripe import accounts, browser, form, routes, shapes, troubles
from sandbox.stripe.errors import ApiError, unplayed
from sandbox.stripe.expand import expanded, refuse_unexpandable
from sandbox.stripe.idempotency import IdempotencyKeys, fingerprint
from sandbox.stripe.limits import Limits
from sandbox.stripe.parameters import PARAMETERS, UNPLAYED, UNPLAYED_WORDS
from sandbox.stripe.scope import API_VERSION, Asker, Ground, Scope, new_id

_JOURNAL = 5000
_MAY_BE_RETRIED = (409, 429)


@dataclass(frozen=True)
class Request:
    """What arrived."""

    method: str
    path: str
    query: str
    body: str
    headers: dict[str, str]  # names in lower case
    ip: str


@dataclass
class Answer:
    """What leaves."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


@dataclass(frozen=True)
class Call:
    """A request understood: what is to be done, for which account, with which typed parameters."""

    request: Request
    request_id: str
    key: str | None  # the idempotency key
    operation: routes.Operation
    ids: list[str]
    form: dict[str, Any]
    params: dict[str, Any]
    account: str
    by_browser: bool

    @property
    def print_(self) -> str:
        """What is compared when the idempotency key comes again."""
        return fingerprint(self.request.method, self.request.path, self.form)


class Api:
    """Answers API requests of all accounts."""

    def __init__(self, ground: Ground, lock: RLock, faults: Faults) -> None:
        self._ground, self._lock, self._faults = ground, lock, faults
        self._keys = IdempotencyKeys(ground.shelf, ground.clock)
        self._limits = Limits(ground.clock, ground.switches)
        self.journal: deque[dict[str, Any]] = deque(maxlen=_JOURNAL)

    def answer(self, request: Request) -> Answer:
        """Answer one request; whatever happens, the answer is one of the API's."""
        request_id = new_id("req_")
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        call: Call | None = None
        try:
            with self._lock:
                call = self._understand(request, request_id, key)
            answer = self._obey(call)
        except ApiError as error:
            answer = Answer(error.status, error.body(request_id), dict(error.headers))
        self._note(request, call, key, answer)
        answer.headers.setdefault("Request-Id", request_id)
        answer.headers["Stripe-Version"] = API_VERSION
        if answer.status in _MAY_BE_RETRIED and self._ground.switches["should_retry"] == "said":
            answer.headers["Stripe-Should-Retry"] = "true"
        if key:
            answer.headers["Idempotency-Key"] = key
        return answer

    def _note(self, request: Request, call: Call | None, key: str | None, answer: Answer) -> None:
        row = {
            "at": self._ground.clock.seconds(),
            "method": request.method,
            "path": request.path,
            "operation": call.operation.name if call else routes.name_of(request.method, request.path),
            "account": call.account if call else None,
            "idempotency_key": key,
            "status": answer.status,
            "replayed": answer.headers.get("Idempotent-Replayed") == "true",
        }
        self.journal.append(row)

    def _understand(self, request: Request, request_id: str, key: str | None) -> Call:
        found = routes.find(request.method, request.path)
        if found is None:
            message = f"Unrecognized request URL ({request.method}: {request.path})."
            raise ApiError(404, message, unread=True)
        operation, ids = found
        decoded = form.merge(form.decode(request.query), form.decode(request.body))
        secret = _api_key(request, decoded)
        holder = accounts.holder(self._ground, secret)
        if holder is None:
            raise ApiError(401, f"Invalid API Key provided: {secret[:8]}****{secret[-4:]}", unread=True)
        by_browser = secret.startswith("pk_")
        _refuse_wrong_kind(operation, by_browser)
        accounts.refuse_unless_permitted(secret, operation.name)
        _refuse_version(request)
        wanted = request.headers.get("stripe-account") or (decoded.get("_stripe_account") if by_browser else None)
        account = accounts.chosen(self._ground, holder, wanted)
        accounts.refuse_if_read_only(self._ground, holder, account, request.method)
        table = browser.TABLES[operation.name] if by_browser else PARAMETERS[operation.name]
        params = shapes.read(table, decoded)
        _refuse_unplayed(params)
        return Call(request, request_id, key, operation, ids, decoded, params, account, by_browser)

    def _obey(self, call: Call) -> Answer:
        """Answer a call from its idempotency key, or do its work; what is refused at the door comes before both."""
        name = call.operation.name
        troubles.refuse_at_door(self._faults.pick("stripe", name, only=troubles.AT_THE_DOOR))
        with self._lock:
            self._limits.admit(call.account, name, call.ids)
            held = self._keys.begin(call.account, call.key, call.print_) if call.key else None
        if held is not None:
            headers = {"Idempotent-Replayed": "true", "Original-Request": held["request"]}
            return Answer(held["status"], held["body"], headers)
        try:
            due = self._faults.pick("stripe", name, only=troubles.INSIDE)
            if (wait := troubles.argument(due, troubles.SLOW)) is not None:
                time.sleep(int(wait or 500) / 1000)  # with the key under way
            answer = self._work(call, due)
        finally:
            if call.key:
                with self._lock:
                    self._keys.end(call.account, call.key)
        if troubles.argument(due, troubles.BEFORE_RESPONSE) is not None:
            self._ground.hasten()
        return answer

    def _work(self, call: Call, due: list[Fault]) -> Answer:
        """Do the work and keep its result under the key, in one commit."""
        with self._lock:
            try:
                answer = self._result(call, due)
                if call.key:
                    self._keys.keep(call.account, call.key, call.print_, answer.status, answer.body, call.request_id)
                return answer
            finally:
                self._ground.shelf.commit()

    def _result(self, call: Call, due: list[Fault]) -> Answer:
        try:
            if troubles.argument(due, troubles.BEFORE) is not None:
                raise troubles.api_error()
            answer = Answer(200, self._do(call, troubles.argument(due, troubles.DECLINE)), {})
            if troubles.argument(due, troubles.AFTER) is not None:
                raise troubles.api_error()
            return answer
        except ApiError as error:
            if error.unread:
                raise
            body = error.body(call.request_id)
            return Answer(error.status, browser.reduced_error(body) if call.by_browser else body, dict(error.headers))
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return Answer(500, troubles.api_error().body(call.request_id), {})

    def _do(self, call: Call, decline: str | None) -> dict[str, Any]:
        agent = call.request.headers.get("user-agent", "")
        asker = Asker(call.request_id, call.key, call.request.ip, agent, decline)
        scope = Scope(self._ground, call.account, asker)
        if call.by_browser:
            browser.refuse_without_secret(scope, call.operation.name, call.params, call.ids)
        paths = call.params.pop("expand", None) or []
        refuse_unexpandable(call.operation.name, paths)
        made = expanded(scope, call.operation.run(scope, call.params, *call.ids), paths)
        return browser.reduced(made) if call.by_browser else made


def _api_key(request: Request, decoded: dict[str, Any]) -> str:
    """Return the API key of a request: Bearer, Basic (as user name), or `key` in the form."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and value:
        return value.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            raise ApiError(401, "The Basic authorization header cannot be read.", unread=True) from None
    if isinstance(decoded.get("key"), str) and decoded["key"].startswith("pk_"):
        return str(decoded["key"])
    message = "You did not provide an API key. You need to provide your API key in the Authorization header."
    raise ApiError(401, message, unread=True)


def _refuse_wrong_kind(operation: routes.Operation, by_browser: bool) -> None:
    if by_browser and operation.name not in browser.TABLES:
        message = "This API call cannot be made with a publishable API key. Please use a secret API key."
        raise ApiError(401, message, code="secret_key_required", unread=True)
    if not by_browser and operation.name in browser.ONLY_BROWSER:
        raise ApiError(401, "This API call needs a publishable API key.", unread=True)


def _refuse_version(request: Request) -> None:
    version = request.headers.get("stripe-version", API_VERSION)
    if version != API_VERSION:
        raise ApiError(400, f"Invalid Stripe API version: {version}. The sandbox speaks {API_VERSION}.", unread=True)


def _refuse_unplayed(params: dict[str, Any]) -> None:
    for name in UNPLAYED & set(params):
        if params[name]:
            raise unplayed(name)
    for name, word in UNPLAYED_WORDS.items():
        if params.get(name) == word:
            raise unplayed(f"{name}={word}")
