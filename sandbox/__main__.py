"""`python -m sandbox`: both stand-ins on this machine, until Ctrl-C.

With --json one line on standard output tells a program where they are and with which keys; without it a few lines
tell a person. Secrets appear there and nowhere else.
"""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.seed import seed
from sandbox.world import World


def main(arguments: list[str] | None = None) -> int:
    """Run the sandbox until SIGINT or SIGTERM; returns the exit code."""
    options = _parser().parse_args(arguments)
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    try:
        world = _opened(options)
    except OSError as error:
        print(f"sandbox: {error.strerror or error}", file=sys.stderr)
        return 1
    _tell(world, as_json=options.json)
    done.wait()
    world.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Stand-ins of QuickBooks Online and Stripe.")
    parser.add_argument("--json", action="store_true", help="print one line of JSON with addresses and keys")
    parser.add_argument(
        "--quickbooks-port", type=int, default=0, metavar="N", help="port of QuickBooks; 0 picks a free one"
    )
    parser.add_argument("--stripe-port", type=int, default=0, metavar="N", help="port of Stripe; 0 picks a free one")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="what the company's history is drawn from")
    parser.add_argument("--customers", type=int, default=40, metavar="N", help="customers to begin with")
    parser.add_argument("--invoices", type=int, default=250, metavar="N", help="invoices to begin with")
    parser.add_argument("--empty", action="store_true", help="a company with its chart of accounts and nothing else")
    parser.add_argument(
        "--webhooks-to",
        metavar="URL",
        help="send webhooks there; without a path QuickBooks' go to URL/hooks/quickbooks and Stripe's to "
        "URL/hooks/stripe, with one both go exactly there",
    )
    parser.add_argument("--folder", type=Path, metavar="PATH", help="keep everything there between runs")
    parser.add_argument("--control-token", metavar="T", help="token of the control plane; without it one is drawn")
    return parser


def _opened(options: argparse.Namespace) -> World:
    """Return the world, seeded if it is new, listening."""
    world = World(
        folder=options.folder,
        quickbooks_port=options.quickbooks_port,
        stripe_port=options.stripe_port,
        control_token=options.control_token or secrets.token_urlsafe(24),
    )
    if world.quickbooks.is_fresh():
        if options.empty:
            world.quickbooks.found(options.seed)
        else:
            seed(world.quickbooks, seed=options.seed, customers=options.customers, invoices=options.invoices)
    if options.webhooks_to:
        _send_webhooks(world, options.webhooks_to)
    world.start()
    return world


def _send_webhooks(world: World, url: str) -> None:
    has_path = urlsplit(url).path.strip("/") != ""
    base = url.rstrip("/")
    with world.quickbooks.lock:
        world.quickbooks.webhooks.send_to(url if has_path else f"{base}/hooks/quickbooks")
        world.quickbooks.commit()
    world.stripe.control("webhooks", {"url": url if has_path else f"{base}/hooks/stripe"})


def _tell(world: World, *, as_json: bool) -> None:
    quickbooks = world.quickbooks.credentials()
    stripe = {
        "api_base": world.stripe.public_url,
        "secret_key": world.stripe.secret_key,
        "publishable_key": world.stripe.publishable_key,
        "client_id": world.stripe.client_id,
        "js_url": f"{world.stripe.public_url}/v3/",
        "webhook_secret": world.stripe.webhook_secret,
    }
    control_url = f"{quickbooks['api_base']}/_control"
    if as_json:
        told: dict[str, Any] = {"quickbooks": quickbooks, "stripe": stripe}
        print(json.dumps({**told, "control_url": control_url, "control_token": world.control_token}), flush=True)
        return
    print(f"QuickBooks stand-in  {quickbooks['api_base']}  realm {quickbooks['realm_id']}")
    print(f"Stripe stand-in      {stripe['api_base']}")
    print(f"Control plane        {control_url}  token {world.control_token}")
    print("Ctrl-C ends both. Add --json for the keys.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
