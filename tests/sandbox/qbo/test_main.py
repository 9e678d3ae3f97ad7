"""`python -m sandbox` as a real process: the JSON line, options, a folder that survives, an end that is quick and
clean.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.sandbox.receiver import Receiver

ROOT = Path(__file__).resolve().parents[3]
Start = Callable[..., tuple["subprocess.Popen[str]", dict[str, Any]]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a way to start the sandbox with options; what is left running is ended."""
    running: list[subprocess.Popen[str]] = []

    def begin(*options: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
        command = [sys.executable, "-m", "sandbox", "--json", *options]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline() or "{}")

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]
        process.stderr.close()  # type: ignore[union-attr]


def state(told: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {told['control_token']}"}
    return dict(requests.get(f"{told['control_url']}/state", headers=headers, timeout=5).json())


def access_token(told: dict[str, Any]) -> str:
    keys = told["quickbooks"]
    form = {"grant_type": "refresh_token", "refresh_token": keys["refresh_token"]}
    endpoint = requests.get(keys["discovery_url"], timeout=5).json()["token_endpoint"]
    answer = requests.post(endpoint, data=form, auth=(keys["client_id"], keys["client_secret"]), timeout=5)
    return str(answer.json()["access_token"])


def read(told: dict[str, Any], path: str) -> requests.Response:
    url = f"{told['quickbooks']['api_base']}/v3/company/{told['quickbooks']['realm_id']}/{path}"
    return requests.get(
        url, headers={"Authorization": f"Bearer {access_token(told)}", "Accept": "application/json"}, timeout=5
    )


def end(process: subprocess.Popen[str], number: int) -> None:
    process.send_signal(number)
    assert process.wait(timeout=30) == 0


def test_one_line_tells_a_program_everything(start: Start) -> None:
    process, told = start("--customers", "12", "--invoices", "30", "--control-token", "secret-of-mine")
    assert set(told) == {"quickbooks", "stripe", "control_url", "control_token"}
    assert set(told["quickbooks"]) == {
        "api_base",
        "discovery_url",
        "client_id",
        "client_secret",
        "realm_id",
        "refresh_token",
        "verifier_token",
    }
    stripe = {"api_base", "secret_key", "publishable_key", "js_url", "webhook_secret", "client_id"}
    assert set(told["stripe"]) == stripe
    assert told["control_token"] == "secret-of-mine"
    assert read(told, "companyinfo/1").json()["CompanyInfo"]["CompanyName"] == "Harbor Tile Co."
    counts = state(told)["quickbooks"]["companies"][told["quickbooks"]["realm_id"]]
    assert (counts["Customer"], counts["Invoice"]) == (12, 30)
    assert requests.get(told["stripe"]["js_url"], timeout=5).status_code == 200
    end(process, signal.SIGTERM)
    out, err = process.communicate()
    assert (out, err) == ("", ""), "secrets appear once and nowhere else"


def test_an_empty_company_has_its_chart_and_nothing_else(start: Start) -> None:
    process, told = start("--empty", "--seed", "9")
    counts = state(told)["quickbooks"]["companies"][told["quickbooks"]["realm_id"]]
    assert (counts["Customer"], counts["Invoice"], counts["Account"]) == (0, 0, 28)
    end(process, signal.SIGINT)


def test_a_folder_keeps_books_keys_and_clock(start: Start, tmp_path: Path) -> None:
    folder = str(tmp_path / "sandbox")
    process, told = start("--folder", folder, "--customers", "12", "--invoices", "30")
    headers = {"Authorization": f"Bearer {told['control_token']}"}
    invoice = read(told, "invoice/3").content.partition(b',"time"')[0]
    requests.post(f"{told['control_url']}/clock/advance", json={"days": 3}, headers=headers, timeout=5)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    again, retold = start("--folder", folder)
    assert {**retold["quickbooks"], "api_base": "", "discovery_url": ""} == {
        **told["quickbooks"],
        "api_base": "",
        "discovery_url": "",
    }
    assert read(retold, "invoice/3").content.startswith(invoice)
    assert state(retold)["clock"]["offset_seconds"] == 3 * 86400
    end(again, signal.SIGTERM)


@pytest.mark.parametrize(("tail", "path"), [("", "/hooks/quickbooks"), ("/door/of/mine", "/door/of/mine")])
def test_webhooks_go_where_they_are_told(start: Start, receiver: Receiver, tail: str, path: str) -> None:
    base = receiver.url.removesuffix("/hooks/quickbooks")
    _, told = start("--empty", "--webhooks-to", base + tail)
    headers = {"Authorization": f"Bearer {told['control_token']}"}
    made = {"entity": "Customer", "document": {"DisplayName": "Heard"}}
    requests.post(f"{told['control_url']}/quickbooks/create", json=made, headers=headers, timeout=5)
    assert receiver.wait_for(1)[0].path == path


def test_a_busy_port_is_a_clear_error(start: Start) -> None:
    _, told = start("--empty")
    port = told["quickbooks"]["api_base"].rsplit(":", 1)[1]
    process, nothing = start("--empty", "--quickbooks-port", port)
    assert nothing == {}
    _, err = process.communicate(timeout=10)
    assert process.returncode == 1
    assert err.startswith("sandbox: ")
    assert port in err
    assert "Traceback" not in err


def test_a_person_gets_a_few_lines_without_keys() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--empty"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(4)]
    end(process, signal.SIGINT)
    process.stdout.close()
    text = "".join(lines)
    assert "QuickBooks stand-in" in text
    assert "Stripe stand-in" in text
    assert "sk_test" not in text
