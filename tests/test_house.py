"""The house in order: floors, words, papers and locks, checked on the sources themselves."""

from __future__ import annotations

import ast
import gc
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import order
from tests.conftest import ROOT

PRODUCT = ("connector", "oauth", "sync", "jobs", "portal")
PACKAGES = (*PRODUCT, "sandbox", "bench")
MIGRATIONS = ROOT / "connector" / "store" / "migrations" / "versions"
LONGEST_FILE = 450

# The only tests that may be skipped, and why.
MAY_SKIP = {
    "tests/conftest.py": "recorded real data lies beside the checkout, and may be absent",
    "tests/demo/test_crew.py": "sessions are read from /proc, which Linux has",
    "tests/xsd.py": "Intuit's XSD lies with the recorded data",
    "tests/contract": "real test accounts need keys",
}


def sources(*packages: str) -> list[Path]:
    """Return the Python files of packages, migration steps left out."""
    files = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    return [path for path in files if MIGRATIONS not in path.parents]


@pytest.fixture(scope="module", autouse=True)
def _trees_are_forgotten() -> Iterator[None]:
    """Drop the trees with the last test: millions of nodes, which every later look for garbage would walk through."""
    was_enabled = gc.isenabled()
    gc.disable()  # a tree holds no cycle, and a look for one while it grows costs more than the parsing
    yield
    tree_of.cache_clear()
    if was_enabled:
        gc.enable()


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@lru_cache(maxsize=1024)
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def tracked() -> list[Path]:
    """Return every file that git knows and that is text."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / line for line in listed.splitlines()]
    return [path for path in files if path.is_file() and b"\0" not in path.read_bytes()[:4096]]


# Tools


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "tool",
    [
        ("ruff", "check", "--quiet", "."),
        ("ruff", "format", "--check", "--quiet", "."),
        ("mypy",),
        # B608 is ruff's S608, which is judged line by line with its reason.
        ("bandit", "--quiet", "--recursive", "--severity-level", "medium", "--skip", "B608", *PRODUCT),
    ],
    ids=lambda tool: " ".join(tool[:2]),
)
def test_a_tool_has_nothing_to_say(tool: tuple[str, ...]) -> None:
    ran = subprocess.run([sys.executable, "-m", *tool], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_floors_hold() -> None:
    """The import contracts of pyproject.toml: who may import whom."""
    script = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


# Shape


def test_a_module_says_what_it_is() -> None:
    """In 2 to 8 lines, or one where a name says nearly all; only the empty `__init__` of a test folder says nothing."""
    wrong = []
    for path in [*sources(*PACKAGES, "tests"), ROOT / "dev.py"]:
        said = ast.get_docstring(tree_of(path)) or ""
        is_empty_folder = (
            path.name == "__init__.py" and not path.read_text().strip() and path.is_relative_to(ROOT / "tests")
        )
        if not is_empty_folder and not 1 <= len(said.splitlines()) <= 9:
            wrong.append(f"{name_of(path)}: {len(said.splitlines())} lines")
    assert wrong == []


def test_no_file_grows_past_one_subject() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources(*PACKAGES)}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}
    assert sum(lines <= 350 for lines in lengths.values()) / len(lengths) >= 0.95


def functions(*packages: str) -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in sources(*packages):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def test_nine_functions_in_ten_are_short() -> None:
    lengths = [node.end_lineno - node.lineno + 1 for _, node in functions(*PRODUCT) if node.end_lineno]
    assert sum(length <= 25 for length in lengths) / len(lengths) >= 0.9
    longest = [f"{name_of(path)}:{node.lineno} {node.name}" for path, node in functions(*PRODUCT) if _length(node) > 50]
    assert longest == []


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


FORBIDDEN_WORDS = {
    "utils",
    "util",
    "helper",
    "helpers",
    "manager",
    "service",
    "services",
    "process",
    "handle",
    "handler",
}
# Names that a base class or a protocol gives, or that a library asks for.
GIVEN_NAMES = re.compile(
    r"handle_(starttag|endtag|data|DATA|RCPT|entityref|charref)|process_(bind_param|result_value)|_Handler"
)


def test_names_say_what_a_thing_is_and_not_that_it_is_one() -> None:
    wrong = []
    for path in sources(*PACKAGES):
        wrong += [name_of(path)] if FORBIDDEN_WORDS & set(path.stem.split("_")) else []
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                parts = set(re.sub(r"([a-z])([A-Z])", r"\1_\2", node.name).lower().strip("_").split("_"))
                if FORBIDDEN_WORDS & parts and not GIVEN_NAMES.fullmatch(node.name):
                    wrong.append(f"{name_of(path)}:{node.lineno} {node.name}")
    assert wrong == []


def test_a_task_is_three_statements_at_most_and_takes_one_id() -> None:
    tasks = tree_of(ROOT / "jobs" / "tasks.py")
    found = [node for node in tasks.body if isinstance(node, ast.FunctionDef)]
    assert len(found) >= 8
    for task in found:
        body = [node for node in task.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
        assert len(body) <= 3, f"{task.name} is more than a bell's work"
        assert len(task.args.args) == 1, f"{task.name} takes more than an id"


def test_the_engine_names_no_entity() -> None:
    from sync.entities import ENTITIES

    names = {entity.name for entity in ENTITIES}
    assert {"Invoice", "Customer", "Payment"} <= names
    tree = tree_of(ROOT / "sync" / "engine.py")
    said = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    called = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert names & (said | called) == set()


# Determinism and secrets

CLOCK = ROOT / "connector" / "clock.py"
FORBIDDEN_CALLS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "sleep"),
    ("time", "monotonic"),
    ("time", "perf_counter"),
    ("uuid", "uuid4"),
    ("uuid", "uuid1"),
}
FORBIDDEN_MODULES = {"random", "uuid", "pickle"}


def test_time_ids_and_sleep_come_from_the_clock() -> None:
    wrong = []
    for path in sources(*PRODUCT):
        if path == CLOCK:
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and _called(node) in FORBIDDEN_CALLS:
                wrong.append(f"{name_of(path)}:{node.lineno} {'.'.join(_called(node))}")
            if isinstance(node, ast.Import) and FORBIDDEN_MODULES & {name.name for name in node.names}:
                wrong.append(f"{name_of(path)}:{node.lineno} imports {node.names[0].name}")
            if isinstance(node, ast.ImportFrom) and node.module in FORBIDDEN_MODULES:
                wrong.append(f"{name_of(path)}:{node.lineno} imports from {node.module}")
    assert wrong == []


def _called(node: ast.Call) -> tuple[str, str]:
    function = node.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.value.id, function.attr
    return "", ""


def test_only_settings_read_the_environment() -> None:
    wrong = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources(*PRODUCT)
        if path != ROOT / "connector" / "settings.py"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and isinstance(node.value, ast.Name)
    ]
    assert wrong == []


NOBODYS_BUSINESS = {
    "a path of somebody's machine": re.compile(r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+)/"),
    "a live key": re.compile(r"\b[sr]k_live_[0-9A-Za-z]{8,}"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an address of a package index": re.compile(r"https?://\S*(?:pypi|/simple/|index-url)\S*"),
}


def test_no_file_tells_what_is_nobodys_business() -> None:
    wrong = []
    for path in tracked():
        if path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        wrong += [f"{name_of(path)}: {what}" for what, sign in NOBODYS_BUSINESS.items() if sign.search(text)]
    assert wrong == []


# Tests


def test_tests_are_skipped_only_for_the_reasons_on_the_list() -> None:
    wrong = []
    for path in sources("tests"):
        if path == Path(__file__) or any(name_of(path).startswith(place) for place in MAY_SKIP):
            continue
        for node in ast.walk(tree_of(path)):
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
            if name in ("skip", "skipif", "importorskip", "xfail", "SkipTest"):
                wrong.append(f"{name_of(path)}:{getattr(node, 'lineno', 0)}")
    assert wrong == []


def test_the_files_that_go_first_are_there() -> None:
    assert [name for name in order.LONGEST if not (ROOT / "tests" / name).is_file()] == []


# Papers

OPERATIONS = ROOT / "docs" / "operations.md"


def test_every_setting_is_documented_and_no_other() -> None:
    from connector.settings import Settings

    told = set(re.findall(r"^\| `([A-Z0-9_]+)` \|", OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE))
    assert told == {name.upper() for name in Settings.model_fields}


def test_every_command_is_documented_and_no_other() -> None:
    told = set(re.findall(r"^\| `tieout ([a-z -]+?)(?: [A-Z\[].*?)?` \|", OPERATIONS.read_text(), re.MULTILINE))
    assert told == set(_commands())


def _commands() -> Iterator[str]:
    import click

    from portal.cli import COMMANDS, main

    context = click.Context(main)
    for name, _, said in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        assert said.endswith(".")
        if isinstance(command, click.Group):
            yield from (f"{name} {one}" for one in command.commands)
        else:
            yield name


def test_links_between_papers_lead_somewhere() -> None:
    wrong = []
    for path in (path for path in tracked() if path.suffix == ".md"):
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:|#", target) and not (path.parent / target.partition("#")[0]).exists():
                wrong.append(f"{name_of(path)} → {target}")
    assert wrong == []


# Locks and packages

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pins(lock: str) -> dict[str, set[str]]:
    """Return the versions that a lock names, by distribution: several where markers choose."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", (ROOT / lock).read_text(), re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def asked(*extras: str) -> list[Requirement]:
    """Return what pyproject.toml asks for, with extras that name each other."""
    lines = list(PROJECT["project"]["dependencies"])
    for extra in extras:
        lines += PROJECT["project"]["optional-dependencies"][extra]
    return [one for one in map(Requirement, lines) if canonicalize_name(one.name) != "tieout"]


@pytest.mark.parametrize(
    ("lock", "extras"), [("requirements.lock", ("demo",)), ("requirements-dev.lock", ("demo", "dev"))]
)
def test_a_lock_is_what_the_project_asks_for(lock: str, extras: tuple[str, ...]) -> None:
    """Nothing missing, nothing outdated, nothing that nobody asked for: as far as this environment can tell."""
    locked, wanted = pins(lock), asked(*extras)
    for one in wanted:
        versions = locked.get(canonicalize_name(one.name), set())
        assert any(one.specifier.contains(version) for version in versions), f"{lock} does not satisfy {one}"
    reached = _reached(wanted)
    assert reached <= set(locked), f"{lock} lacks {sorted(reached - set(locked))}"
    only_elsewhere = set(locked) - reached
    assert {name for name in only_elsewhere if name in _installed()} == set(), f"{lock} names what nobody asks for"


def test_what_is_installed_is_what_the_lock_names() -> None:
    locked = pins("requirements-dev.lock")
    wrong = {
        name: found.version
        for name, found in _installed().items()
        if name in locked and found.version not in locked[name]
    }
    assert wrong == {}


def test_every_pin_has_hashes_and_the_second_lock_holds_the_first() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text(encoding="utf-8")
        entries = re.split(r"\n(?=\S)", text.strip())
        assert all("--hash=sha256:" in entry for entry in entries)
        assert "://" not in text
    first, second = pins("requirements.lock"), pins("requirements-dev.lock")
    assert first.items() <= second.items()


@lru_cache(maxsize=1)
def _installed() -> dict[str, Distribution]:
    return {canonicalize_name(one.metadata["Name"]): one for one in distributions()}


def _reached(wanted: list[Requirement]) -> set[str]:
    """Return the distributions that some requirements lead to, here and now."""
    overridden = {canonicalize_name(Requirement(one).name) for one in PROJECT["tool"]["uv"]["override-dependencies"]}
    todo = [(canonicalize_name(one.name), frozenset(one.extras)) for one in wanted if _applies(one, "")]
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        name, extras = step = todo.pop()
        if step in seen:
            continue
        seen.add(step)
        found = _installed().get(name)
        assert found is not None or name in overridden, f"{name} is not installed"
        for line in (found.requires or []) if found else []:
            one = Requirement(line)
            if any(_applies(one, extra) for extra in extras or {""}):
                todo.append((canonicalize_name(one.name), frozenset(one.extras)))
    return {name for name, _ in seen}


def _applies(one: Requirement, extra: str) -> bool:
    return one.marker is None or one.marker.evaluate({"extra": extra})


def test_every_package_and_every_file_in_it_is_shipped() -> None:
    find = PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    folders = {path.parent.relative_to(ROOT).parts[0] for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert folders == {one.rstrip("*") for one in find}
    for path in tracked():
        inside = path.relative_to(ROOT).parts[0] in folders
        if inside and path.suffix not in (".py", ".md"):
            assert any(path.match(pattern) for pattern in patterns), f"{name_of(path)} would not be shipped"


def test_the_procfile_names_every_kind_of_process() -> None:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    kinds = dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))
    assert set(kinds) == {"web", "worker", "scheduler", "release"}
    commands = set(_commands())
    for command in kinds.values():
        name = re.fullmatch(r"python -m portal\.cli ([a-z]+)(?: .*)?", command)
        assert name is not None
        assert name.group(1) in commands


def test_the_command_line_loads_nothing_heavy_to_show_its_help() -> None:
    heavy = ("stripe", "sqlmodel", "sqlalchemy", "quickbooks", "flask", "rich", "rq", "pydantic", "requests")
    script = f"""
import sys
from click.testing import CliRunner
from portal.cli import main
result = CliRunner().invoke(main, ["--help"])
assert result.exit_code == 0 and "prove" in result.output, result.output
print(sorted(set({heavy!r}) & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
