"""`dev.py`: what it installs and when, what it says when something is missing, what it hands on."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import dev
from tests.conftest import ROOT

# Stands in the place of .venv/bin/python and writes down how it was called.
SCRIBE = """#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    wanted = ("SECRET_KEY", "CHROMIUM", "DATABASE_URL")
    seen = {{name: os.environ.get(name) for name in wanted}}
    print(json.dumps({{"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": seen}}), file=log)
"""


class Checkout:
    """A checkout with locks, an environment that only takes notes, and no uv on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._log = folder, folder / "calls.jsonl"
        shutil.copy(ROOT / "dev.py", folder)
        (folder / "requirements.lock").write_text("click==8 --hash=sha256:0\n")
        (folder / "requirements-dev.lock").write_text("click==8 --hash=sha256:0\npytest==9 --hash=sha256:1\n")
        (folder / "requirements-older.lock").write_text("click==7 --hash=sha256:2\n")
        scribe = folder / ".venv" / "bin" / "python"
        scribe.parent.mkdir(parents=True)
        scribe.write_text(SCRIBE.format(python=sys.executable, log=str(self._log)))
        scribe.chmod(scribe.stat().st_mode | stat.S_IXUSR)
        (folder / "chromium").write_text("#!/bin/sh\n")
        (folder / "chromium").chmod(0o755)

    def run(self, *arguments: str, **environment: str) -> list[list[str]]:
        """Run dev.py and return how the environment's Python was called."""
        self._log.unlink(missing_ok=True)
        known = {"PATH": f"{self.folder}:/usr/bin:/bin", **environment}
        ran = subprocess.run([sys.executable, "dev.py", *arguments], cwd=self.folder, env=known, capture_output=True)
        assert ran.returncode == 0, ran.stderr
        return [call["arguments"] for call in self.calls]

    @property
    def calls(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self._log.read_text().splitlines()]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def installs(calls: list[list[str]]) -> list[str]:
    return [call[-1].rpartition("/")[2] for call in calls if "install" in call]


def test_the_environment_is_made_once_for_a_lock_and_again_when_it_changes(checkout: Checkout) -> None:
    first = checkout.run("demo", "--check")
    assert installs(first) == ["requirements.lock"]
    assert first[-1] == ["-m", "sandbox.demo", "--check"]
    assert checkout.run("demo") == [["-m", "sandbox.demo"]]
    (checkout.folder / "requirements.lock").write_text("click==9 --hash=sha256:2\n")
    assert installs(checkout.run("demo")) == ["requirements.lock"]


def test_nothing_is_installed_but_what_the_lock_names_by_hash(checkout: Checkout) -> None:
    install = checkout.run("demo")[0]
    assert {"--require-hashes", "--no-deps", "-r"} <= set(install)


def test_the_developers_lock_holds_the_other_one(checkout: Checkout) -> None:
    assert installs(checkout.run("test", "-k", "x")) == ["requirements-dev.lock", "requirements-older.lock"]
    assert installs(checkout.run("test")) == []
    assert installs(checkout.run("demo")) == []


def test_the_suite_gets_a_browser_and_its_arguments(checkout: Checkout) -> None:
    assert checkout.run("test", "tests/jobs", "-x")[-1] == ["-m", "pytest", "tests/jobs", "-x"]
    environment = checkout.calls[-1]["environment"]
    assert isinstance(environment, dict)
    assert environment["CHROMIUM"] == str(checkout.folder / "chromium")


def test_the_command_line_works_on_the_demos_data_unless_told_otherwise(checkout: Checkout) -> None:
    settings = checkout.folder / "var" / "demo" / "tieout.env"
    settings.parent.mkdir(parents=True)
    settings.write_text("SECRET_KEY=of-the-demo\nDATABASE_URL=sqlite:///demo.db\n")
    assert checkout.run("tieout", "prove", "--json")[-1] == ["-m", "portal.cli", "prove", "--json"]
    assert checkout.calls[-1]["environment"] == {
        "SECRET_KEY": "of-the-demo",
        "CHROMIUM": None,
        "DATABASE_URL": "sqlite:///demo.db",
    }
    checkout.run("tieout", "prove", SECRET_KEY="my-own")
    assert checkout.calls[-1]["environment"] == {"SECRET_KEY": "my-own", "CHROMIUM": None, "DATABASE_URL": None}


def test_help_needs_no_environment_and_a_wrong_command_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["--help"], ["help"]):
        assert dev.main(arguments) == 0
    assert dev.main(["deploy"]) == 2
    assert "no command 'deploy'" in capsys.readouterr().err


def test_a_python_without_venv_is_told_the_line_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(dev, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(dev, "STAMP", tmp_path / ".venv" / "installed.txt")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find(name))
    assert dev.main(["demo"]) == 1
    assert f"apt-get install python3.{sys.version_info.minor}-venv" in capsys.readouterr().err


def test_dev_imports_the_standard_library_only() -> None:
    script = (
        "import sys; import dev; print([n for n in sys.modules if n.partition('.')[0] in ('click', 'rich', 'portal')])"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", script], cwd=ROOT, capture_output=True, text=True, env=dict(os.environ)
    )
    assert ran.stdout.strip() == "[]", ran.stderr
