"""What a person does with customers and with the company itself: edit, merge, close the books, disconnect, switch.

Knows forms and addresses, no rule. Law: each act is one call of the engine or of the stand-in.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, render_template, request

from sandbox.qbo.codec import held
from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.merging import merge
from sandbox.qbo.page_desk import Answer, Desk
from sandbox.qbo.page_forms import read_customer
from sandbox.qbo.page_rows import form_row

_OF_A_CUSTOMER = ("Invoice", "Payment", "CreditMemo", "Estimate", "SalesReceipt", "RefundReceipt")


def add_customers(web: Blueprint, desk: Desk) -> None:
    """Add a customer's page and what can be done with one."""

    @web.get("/customers/<key>")
    def customer(key: str) -> str:
        with desk.lock:
            body = desk.body("Customer", key)
            others = [pair for pair in desk.choices("Customer") if pair[0] != key]
            return render_template(
                "customer.html",
                body=body,
                rows=_papers(desk, key),
                others=others,
                owed=held(body, "BalanceWithJobs" if "BalanceWithJobs" in body else "Balance"),
                jobs=[one for one in desk.bodies("Customer") if (one.get("ParentRef") or {}).get("value") == key],
            )

    @web.get("/new-customer")
    def new_customer() -> str:
        with desk.lock:
            parents = desk.choices("Customer")
            return render_template("customer_form.html", body={}, parents=parents, parent=request.args.get("parent"))

    @web.post("/new-customer")
    def create_customer() -> Answer:
        def do() -> tuple[str, str]:
            said = {name: value for name, value in read_customer(request.form).items() if value is not None}
            return desk.to("customer", key=desk.create("Customer", said)), "The customer is written."

        return desk.act(do, desk.to("new_customer"))

    @web.get("/customers/<key>/edit")
    def customer_form(key: str) -> str:
        with desk.lock:
            body = desk.body("Customer", key)
            parents = [pair for pair in desk.choices("Customer") if pair[0] != key]
            parent = (body.get("ParentRef") or {}).get("value", "")
            return render_template("customer_form.html", body=body, parents=parents, parent=parent)

    @web.post("/customers/<key>/<verb>")
    def act_on_customer(key: str, verb: str) -> Answer:
        def do() -> tuple[str, str]:
            desk.body("Customer", key)
            return _CUSTOMER_ACTS.get(verb, _unknown)(desk, key)

        back = desk.to("customer_form" if verb == "edit" else "customer", key=key)
        return desk.act(do, back)


def _papers(desk: Desk, key: str) -> list[dict[str, Any]]:
    today = desk.books.today()
    rows = [
        form_row(entity, body, today)
        for entity in _OF_A_CUSTOMER
        for body in desk.bodies(entity)
        if (body.get("CustomerRef") or {}).get("value") == key
    ]
    return sorted(rows, key=lambda row: (row["day"], int(row["id"])), reverse=True)


def _unknown(desk: Desk, key: str) -> tuple[str, str]:
    return abort(404)


def _edit(desk: Desk, key: str) -> tuple[str, str]:
    desk.change("Customer", key, read_customer(request.form))
    return desk.to("customer", key=key), "The customer is changed."


def _rest(desk: Desk, key: str) -> tuple[str, str]:
    desk.change("Customer", key, {"Active": False})
    return desk.to("customer", key=key), "The customer is inactive."


def _wake(desk: Desk, key: str) -> tuple[str, str]:
    desk.change("Customer", key, {"Active": True})
    return desk.to("customer", key=key), "The customer is active again."


def _merge(desk: Desk, key: str) -> tuple[str, str]:
    winner = request.form.get("winner", "")
    merge(desk.books, "Customer", key, winner)
    return desk.to("customer", key=winner), "The two are one now."


_CUSTOMER_ACTS = {"edit": _edit, "rest": _rest, "wake": _wake, "merge": _merge}


def add_settings(web: Blueprint, desk: Desk) -> None:
    """Add the page of the company: closing date, numbers, the app, the switches of the stand-in."""

    @web.get("/settings")
    def settings() -> str:
        with desk.lock:
            preferences = desk.books.preference
            return render_template(
                "settings.html",
                closed=preferences("AccountingInfoPrefs", "BookCloseDate") or "",
                numbers=bool(preferences("SalesFormsPrefs", "CustomTxnNumbers")),
                switches=desk.standin.switches.all(),
                webhooks=desk.standin.webhooks.listing(),
            )

    @web.get("/trail")
    def trail() -> str:
        with desk.lock:
            rows = [_trail_row(desk, *one) for one in reversed(desk.books.trail)]
        return render_template("trail.html", rows=rows)

    @web.post("/settings/<what>")
    def set_one(what: str) -> Answer:
        return desk.act(lambda: _SETTINGS.get(what, _no_setting)(desk), desk.to("settings"))


def _trail_row(desk: Desk, at: float, entity: str, key: str, operation: str, by_hand: bool) -> dict[str, Any]:
    body = desk.books.docs.body(entity, key)
    name = (body or {}).get("DocNumber") or (body or {}).get("FullyQualifiedName") or key
    return {
        "at": datetime.fromtimestamp(at, UTC),
        "entity": entity,
        "id": key,
        "name": name,
        "what": _DONE.get(operation, operation.lower()),
        "who": "A person" if by_hand else "The app",
        "there": body is not None and ENTITIES[entity].transaction,
    }


_DONE = {"Create": "created", "Update": "changed", "Void": "voided", "Delete": "deleted", "Merge": "merged"}
_DONE |= {"Emailed": "sent"}


def _no_setting(desk: Desk) -> tuple[str, str]:
    return abort(404)


def _close_books(desk: Desk) -> tuple[str, str]:
    day = request.form.get("day", "").strip()
    desk.change("Preferences", "1", {"AccountingInfoPrefs": {"BookCloseDate": day or None}})
    return desk.to("settings"), f"The books are closed through {day}." if day else "The books are open."


def _own_numbers(desk: Desk) -> tuple[str, str]:
    wanted = bool(request.form.get("on"))
    desk.change("Preferences", "1", {"SalesFormsPrefs": {"CustomTxnNumbers": wanted}})
    return desk.to("settings"), "Numbers are your own." if wanted else "Numbers are given by QuickBooks."


def _disconnect(desk: Desk) -> tuple[str, str]:
    desk.standin.oauth.disconnect(desk.realm)
    return desk.to("settings"), "The app is disconnected: it must ask for consent again."


def _switch(desk: Desk) -> tuple[str, str]:
    name, text = request.form.get("name", ""), request.form.get("value", "")
    now = desk.standin.switches.all()
    if name not in now:
        raise ValueError(f"there is no switch {name!r}")
    desk.standin.switches.set({name: _like(now[name], text)})
    return desk.to("settings"), f"{name.replace('_', ' ').capitalize()} is {text or 'off'}."


def _like(example: Any, text: str) -> Any:
    """Return a text as a value of the same sort as another. Raises ValueError."""
    if isinstance(example, bool):
        return text == "on"
    return text if isinstance(example, str) else type(example)(text)


_SETTINGS = {"close": _close_books, "numbers": _own_numbers, "disconnect": _disconnect, "switch": _switch}
