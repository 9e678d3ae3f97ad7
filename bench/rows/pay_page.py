"""The pay page and the press of Pay, by step: where the server's time goes while somebody pays three invoices.

The page asks nobody; the press asks the sandbox's QuickBooks for the balances and its Stripe for an intent, over HTTP.
Nothing is promised here but that it is told: what a real QuickBooks takes comes on top.
"""

from __future__ import annotations

import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from typing import Any
from unittest import mock

from sqlalchemy import create_engine
from werkzeug.test import Client

from bench.databases import SLUG
from bench.frame import Bench, Findings, Row
from bench.measure import Watch, interleave
from bench.peers import list_page
from bench.till import till

# A step is a name in a module of the product; none of them runs inside another one.
PAGE = {
    "who is here": ("portal.customer.gate", "visitor_at"),
    "basket": ("portal.customer.pay", "_basket_in"),
    "ways to pay": ("portal.customer.pay", "offered_to"),
    "template": ("portal.customer.pay", "render_template"),
}
PRESS = {
    "who is here": ("portal.customer.gate", "visitor_at"),
    "reading the message": ("portal.customer.pay", "read_press"),
    "counting tries": ("portal.customer.pay", "count_try"),
    "first checks": ("sync.collect.start", "before_asking"),
    "what was left": ("sync.collect.start", "give_up_unfinished"),
    "QuickBooks": ("sync.collect.start", "known_invoices"),
    "rows": ("sync.collect.start", "_insert"),
    "Stripe": ("sync.collect.start", "make_intent"),
}
TOGETHER = 3  # invoices in one payment


def measure(bench: Bench) -> Findings:
    """Open the page and press Pay in turn, round by round, and add up the steps."""
    rounds = bench.pick(tiny=1, quick=9, full=12)
    with till(bench.folder, invoices=TOGETHER * (rounds + 1)) as place:
        browser = place.browser
        spent: dict[str, dict[str, list[float]]] = {"page": defaultdict(list), "press": defaultdict(list)}
        baskets = iter([place.invoices[n : n + TOGETHER] for n in range(0, len(place.invoices), TOGETHER)])
        plain = list_page.create_app(create_engine("sqlite://")).test_client()
        timings = interleave(
            {
                "hello": partial(_hello, plain),
                "page": partial(_open, browser, place.invoices[:TOGETHER], spent["page"]),
                "press": lambda: _press(browser, next(baskets), spent["press"]),
            },
            rounds,
        )
    return Findings(
        floor=f"hello {timings.text('hello')}",
        peer="none",
        ours=f"page {timings.text('page')}, press {timings.text('press')}",
        readings=(),
        notes=tuple(f"{what}: {_steps(spent[what], timings.median(what))}" for what in ("page", "press")),
    )


def _hello(plain: Client) -> float:
    with Watch() as watch:
        plain.get("/hello")
    return watch.seconds


def _open(browser: Client, basket: list[tuple[str, int]], spent: dict[str, list[float]]) -> float:
    with _timed(PAGE, spent), Watch() as watch:
        answer = browser.get(_address(basket))
    assert answer.status_code == 200, answer.text
    return watch.seconds


def _press(browser: Client, basket: list[tuple[str, int]], spent: dict[str, list[float]]) -> float:
    page = browser.get(_address(basket)).text
    csrf, nonce = (_attribute(page, name) for name in ("data-csrf", "data-nonce"))
    message = {
        "shares": [{"invoice": qbo_id, "amount": f"{minor / 100:.2f}"} for qbo_id, minor in basket],
        "form_nonce": nonce,
        "shown_minor": sum(minor for _, minor in basket),
        "email": "",
    }
    with _timed(PRESS, spent), Watch() as watch:
        answer = browser.post(f"/c/{SLUG}/pay", json=message, headers={"X-CSRFToken": csrf})
    assert answer.status_code == 200, answer.text
    return watch.seconds


def _address(basket: list[tuple[str, int]]) -> str:
    return f"/c/{SLUG}/pay?" + "&".join(f"i={qbo_id}" for qbo_id, _ in basket)


def _attribute(page: str, name: str) -> str:
    found = re.search(rf'{name}="([^"]+)"', page)
    assert found is not None, f"{name} is not on the pay page"
    return found[1]


@contextmanager
def _timed(steps: dict[str, tuple[str, str]], spent: dict[str, list[float]]) -> Iterator[None]:
    """Add up what each step takes while the block runs, one number for each step."""
    taken = dict.fromkeys(steps, 0.0)

    def watched(step: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return work(*given, **named)
            finally:
                taken[step] += time.perf_counter() - began

        return timed

    with ExitStack() as patches:
        for step, (place, name) in steps.items():
            module = import_module(place)
            patches.enter_context(mock.patch.object(module, name, watched(step, getattr(module, name))))
        yield
    for step, seconds in taken.items():
        spent[step].append(seconds)


def _steps(spent: dict[str, list[float]], whole: float) -> str:
    """Say what each step took, the dearest first, and the rest that belongs to none."""
    medians = {step: statistics.median(seconds) for step, seconds in spent.items()}
    medians["the rest"] = max(whole - sum(medians.values()), 0.0)
    dearest = sorted(medians.items(), key=lambda one: -one[1])
    return ", ".join(f"{step} {seconds * 1000:.1f} ms" for step, seconds in dearest)


ROW = Row(
    name="pay-page",
    area="pay page and press",
    floor="Flask: hello",
    peer="-",
    goals=(),
    measure=measure,
    quick=True,
)
