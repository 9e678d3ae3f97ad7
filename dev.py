#!/usr/bin/env python3
"""The one door for people: demo, test, tieout, sandbox, bench, prove-it. Standard library only, Python 3.11 or newer.

Makes `.venv` from a lock with hashes (uv when present, else venv and pip), notes what was installed so that the next
start costs nothing, and goes on inside it. Knows no product code: it only starts it. Law: nothing is installed that
the lock does not name by hash, the browser of `test` excepted.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.txt"
DEMO_ENV = ROOT / "var" / "demo" / "tieout.env"
RUN_LOCK, DEV_LOCK = "requirements.lock", "requirements-dev.lock"
# The oldest libraries that are allowed, in a folder beside the others: the contract tests run with both.
OLDER_LOCK, OLDER = "requirements-older.lock", VENV / "older"
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

USAGE = """Tieout: QuickBooks Online and Stripe kept in agreement.

  python3 dev.py demo [--check] [--play NAME] ...      the whole product with stand-ins, no accounts needed
  python3 dev.py test [pytest arguments]               the whole suite, browser included
  python3 dev.py tieout COMMAND ...                    the command line (on the demo's data, when it has some)
  python3 dev.py sandbox [--json] ...                  the stand-ins of QuickBooks and Stripe alone
  python3 dev.py bench [--quick]                       the benchmarks beside their goals
  python3 dev.py prove-it [--nightly]                  exactly once, shown: crashes, faults, kill -9, and bugs to find
  python3 dev.py pictures                              the pictures of the documentation, made anew

The first run makes .venv, which takes a minute. Each command takes --help."""


def main(arguments: list[str]) -> int:
    """Run one command; returns its exit code unless it took this process over."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts it may have an older Python
        return _give_up(f"Tieout needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if os.name != "posix":
        return _give_up("Tieout runs on Linux and macOS; on Windows use WSL.")
    command, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if command in ("-h", "--help", "help"):
        print(USAGE)
        return 0
    starts = {
        "demo": _demo,
        "test": _test,
        "tieout": _tieout,
        "sandbox": _sandbox,
        "bench": _bench,
        "prove-it": _prove_it,
        "pictures": _pictures,
    }
    if command not in starts:
        print(USAGE, file=sys.stderr)
        return _give_up(f"There is no command {command!r}.", code=2)
    return starts[command](rest)


def _demo(rest: list[str]) -> int:
    return _environment(RUN_LOCK) or _become(["-m", "sandbox.demo", *rest])


def _sandbox(rest: list[str]) -> int:
    return _environment(RUN_LOCK) or _become(["-m", "sandbox", *rest])


def _tieout(rest: list[str]) -> int:
    problem = _environment(RUN_LOCK)
    if problem:
        return problem
    if "SECRET_KEY" not in os.environ and "SECRET_KEY_FILE" not in os.environ:
        _load(DEMO_ENV)
    return _become(["-m", "portal.cli", *rest])


def _bench(rest: list[str]) -> int:
    return _environment(DEV_LOCK) or _become(["-m", "bench", *rest])


def _prove_it(rest: list[str]) -> int:
    return _environment(DEV_LOCK) or _become(["-m", "tests.harness", *rest])


def _pictures(rest: list[str]) -> int:
    problem = _environment(DEV_LOCK) or _browser_ready()
    return problem or _become(["-m", "tests.pictures", *rest])


def _test(rest: list[str]) -> int:
    problem = _environment(DEV_LOCK) or _older()
    problem = problem or _browser_ready()
    return problem or _become(["-m", "pytest", *(rest or ["-n", "auto", "--dist", "loadfile"])])


def _become(command: list[str]) -> int:
    """Go on as the environment's Python, from the root of the checkout, so that relative paths mean the same."""
    os.chdir(ROOT)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # our processes start often: what is compiled is kept
    sys.stdout.flush()
    os.execv(PYTHON, [str(PYTHON), *command])


def _load(path: Path) -> None:
    """Read NAME=value lines into the environment where it does not have them yet."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting:
            os.environ.setdefault(name, value)


# The environment


def _environment(lock: str) -> int:
    """Make `.venv` hold what a lock names; returns 0, or an exit code after telling why not."""
    wanted = _fingerprint(lock)
    if PYTHON.exists() and STAMP.is_file() and wanted in STAMP.read_text(encoding="utf-8").splitlines():
        return 0
    print(f"Installing what {lock} names into .venv (once) …", file=sys.stderr, flush=True)
    try:
        _install(lock)
    except subprocess.CalledProcessError as failure:
        return _told(failure)
    except _Missing as missing:
        return _give_up(str(missing))
    installed = {wanted} | ({_fingerprint(RUN_LOCK)} if lock == DEV_LOCK else set())  # the second holds the first
    STAMP.write_text("".join(f"{line}\n" for line in sorted(installed)), encoding="utf-8")
    return 0


def _older() -> int:
    """Put the oldest allowed libraries beside the environment; returns 0, or an exit code after telling why not."""
    stamp, wanted = OLDER / "installed.txt", _fingerprint(OLDER_LOCK)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return 0
    shutil.rmtree(OLDER, ignore_errors=True)
    OLDER.mkdir()
    try:
        _run([*_installer(), "--target", str(OLDER), "-r", str(ROOT / OLDER_LOCK)])
    except subprocess.CalledProcessError as failure:
        return _told(failure)
    stamp.write_text(wanted, encoding="utf-8")
    return 0


def _told(failure: subprocess.CalledProcessError) -> int:
    return _give_up(f"`{' '.join(map(str, failure.cmd))}` ended with {failure.returncode}; see its words above.")


def _fingerprint(lock: str) -> str:
    return f"{lock} sha256:{hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()}"


class _Missing(Exception):
    """Something of the system is absent; the message says how to get it."""


def _install(lock: str) -> None:
    if not PYTHON.exists():
        _make_environment()
    _run([*_installer(), "-r", str(ROOT / lock)])


def _make_environment() -> None:
    fresh = ["--clear"] if VENV.exists() else []
    uv = shutil.which("uv")
    if uv:
        _run([uv, "venv", "--quiet", "--python", sys.executable, *fresh, str(VENV)])
        return
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise _Missing(
            "This Python cannot make environments: its venv package is missing. On Debian and Ubuntu:\n\n"
            f"    apt-get install python{version}-venv\n\nor install uv, which needs no package of the system."
        )
    _run([sys.executable, "-m", "venv", *fresh, str(VENV)])


def _installer() -> list[str]:
    """Return the command that installs what a lock names by hash, and nothing else."""
    uv, python = shutil.which("uv"), str(PYTHON)
    pip = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    return [*pip, "--quiet", "--require-hashes", "--no-deps", *([] if uv else ["--disable-pip-version-check"])]


def _run(command: list[str]) -> None:
    # What installers say goes to the error stream: a program may be reading the command's own output.
    subprocess.run(command, check=True, stdout=sys.stderr)


# The browser of the journeys


def _browser_ready() -> int:
    """Name a Chromium in the environment; returns 0, or an exit code after telling that there is none."""
    browser = _browser()
    if browser is None:
        return _give_up("No browser could be found or installed; `apt-get install chromium` gives one.")
    if not (_driver_runs() or (_apt_installs("libatomic1") and _driver_runs())):
        return _give_up("Playwright's driver does not run; `apt-get install libatomic1` gives what Debian lacks.")
    os.environ["CHROMIUM"] = browser
    return 0


def _browser() -> str | None:
    """Return a Chromium, looking first and installing only where nothing is found."""
    found = _browser_on_path() or _browser_of_playwright()
    if found:
        return found
    print("Looking for a browser: none is here yet, installing one …", file=sys.stderr, flush=True)
    if _apt_installs("chromium"):
        found = _browser_on_path()
    if not found:
        subprocess.run([str(PYTHON), "-m", "playwright", "install", "chromium"], stdout=sys.stderr, check=False)
        found = _browser_of_playwright()
    return found


def _apt_installs(package: str) -> bool:
    """Install a package of Debian's where we may; returns whether that went well."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    steps = (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", package])
    return [subprocess.run(["apt-get", *step], env=quiet, stdout=sys.stderr).returncode for step in steps][-1] == 0


def _driver_runs() -> bool:
    """Tell whether the program that drives the browser starts: it wants a library that a bare Debian has not."""
    return subprocess.run([str(PYTHON), "-m", "playwright", "--version"], capture_output=True).returncode == 0


def _browser_on_path() -> str | None:
    named = os.environ.get("CHROMIUM", "")
    return next((path for path in map(shutil.which, (named, *BROWSERS)) if path), None)


def _browser_of_playwright() -> str | None:
    ask = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    answer = subprocess.run([str(PYTHON), "-c", ask], capture_output=True, text=True, check=False)
    path = answer.stdout.strip()
    return path if answer.returncode == 0 and path and Path(path).exists() else None


def _give_up(message: str, *, code: int = 1) -> int:
    print(message, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
