"""The tree is the one CONTRIBUTING.md describes."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("ingest", "worker", "queryapi", "shared", "sql")
SERVICES = ("ingest", "worker", "queryapi")
# What has pins of its own, because no test needs it.
TOOLS = ("audit", "fuzz")
TOP_LEVEL = {
    *PACKAGES,
    "tests",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    "LICENSE",
    "Makefile",
    "README.md",
    "SCALING.md",
    "compose.yaml",
    "pyproject.toml",
    "requirements-dev.txt",
    "requirements.txt",
}
# Made by running, kept out of the repository by .gitignore.
UNTRACKED = {"data", "build", "dist", "analytics.egg-info"}
# What stands above the services, and so belongs to none of them: the composition root and what it needs.
ABOVE_SERVICES = {
    "cli",
    "command_database",
    "dead_letter_commands",
    "doctor",
    "embedded",
    "front_door",
    "geo_download",
    "key_commands",
    "launch",
    "supervise",
    "up",
    "user_commands",
    "websites",
}
MIGRATION = re.compile(r"\d{4}_[a-z0-9_]+(\.(timescale|postgres))?\.sql")
MODULES = sorted(path for package in (*PACKAGES, "tests") for path in (ROOT / package).rglob("*.py"))


def test_top_level_is_fixed() -> None:
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}

    assert found - UNTRACKED == TOP_LEVEL


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_says_what_it_promises(package: str) -> None:
    assert (ROOT / package / "README.md").read_text("utf-8").startswith(f"# {package}\n")


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=str)
def test_packages_do_nothing_when_imported(path: Path) -> None:
    assert path.read_bytes() == b""


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_modules_are_small(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 300


def test_shared_holds_only_what_two_services_import() -> None:
    users: dict[str, set[str]] = {}
    sources = {service: list((ROOT / service).rglob("*.py")) for service in SERVICES}
    # What stands above the services counts as one more that imports.
    sources["above"] = [ROOT / "shared" / f"{name}.py" for name in ABOVE_SERVICES - {"embedded"}]
    for user, paths in sources.items():
        for name in _imported_from_shared(paths):
            users.setdefault(name, set()).add(user)
    modules = {path.stem for path in (ROOT / "shared").iterdir() if path.suffix == ".py" or path.name == "embedded"}

    lonely = {name for name in modules - {"__init__"} - ABOVE_SERVICES if len(users.get(name, set())) < 2}

    assert lonely == set()


def test_migrations_are_named_by_number_and_flavour() -> None:
    names = [path.name for path in (ROOT / "sql" / "migrations").iterdir()]

    assert [name for name in names if MIGRATION.fullmatch(name) is None] == []


def test_no_dependency_names_where_it_was_fetched_from() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", *(f"tests/{tool}/requirements.txt" for tool in TOOLS)):
        lines = (ROOT / name).read_text("utf-8").splitlines()

        assert [line for line in lines if "://" in line or line.startswith("-")] == []


def _imported_from_shared(paths: list[Path]) -> set[str]:
    found: set[str] = set()
    # What a shared module needs is needed by whoever imports that module.
    waiting = list(paths)
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "shared":
                module = (node.module or "").split(".")
                names = {module[1]} if len(module) > 1 else {alias.name for alias in node.names}
                found |= names
                also = {ROOT / "shared" / f"{name}.py" for name in names} - seen
                seen |= also
                waiting += [path for path in also if path.exists()]
    return found
