"""Arithmetic and rules over plain values know no framework, no clock and no chance."""

import ast
import sys
import tomllib
from pathlib import Path

import pytest

from tests.guards.sources import ROOT, module_name, python_files

# The list lives in import-linter's contract, which also follows imports of imports.
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LISTED: list[str] = next(contract["source_modules"] for contract in CONTRACTS if contract["id"] == "pure")
# A package in the list stands for every module in it, as it does for import-linter.
PURE: tuple[str, ...] = (
    *LISTED,
    *sorted(
        {
            module_name(path)
            for path in python_files("accounts", "rehab")
            if path.name != "__init__.py" and any(module_name(path).startswith(f"{package}.") for package in LISTED)
        }
    ),
)
CLOCK_AND_CHANCE = {
    *("now", "today", "utcnow", "time", "monotonic", "time_ns", "localdate", "localtime"),
    *("uuid1", "uuid4"),
}
# The clinical content: files of this repository, read once, the same for everybody.
CONTENT = "rehab.library.reading"
SURROUNDINGS = {"random", "secrets", "os", "socket", "subprocess", "logging"}


def tree(module: str) -> ast.Module:
    return ast.parse(path_of(module).read_text())


def path_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"


def imports(module: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in inside if path_of(name).is_file()}
            found |= modules or {node.module or ""}
    return found


@pytest.mark.parametrize("module", PURE)
def test_pure_module_imports_only_plain_python_and_other_pure_modules(module: str) -> None:
    foreign = {
        name
        for name in imports(module)
        if name not in (*PURE, CONTENT)
        and (name.split(".")[0] not in sys.stdlib_module_names or name.split(".")[0] in SURROUNDINGS)
    }
    assert foreign == set()


@pytest.mark.parametrize("module", PURE)
def test_pure_module_asks_no_clock_and_no_chance(module: str) -> None:
    calls = [
        ast.unparse(node)
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCK_AND_CHANCE
        and isinstance(node.func.value, ast.Name | ast.Attribute)
        and ast.unparse(node.func.value) in {"dt.datetime", "dt.date", "datetime", "date", "time", "timezone", "uuid"}
    ]
    assert calls == []


def test_list_of_pure_modules_is_not_empty_and_exists() -> None:
    assert len(PURE) >= 3
    assert [module for module in PURE if not path_of(module).is_file()] == []


def test_modules_that_could_be_pure_are_listed() -> None:
    """A rule module that imports no framework and only pure ones of ours should promise to stay so."""
    own = {module_name(path) for path in python_files("accounts", "rehab") if path.name != "__init__.py"}
    could_be = {
        module
        for module in own - set(PURE)
        if imports(module)
        and all(
            name in (*PURE, CONTENT)
            or (name.split(".")[0] in sys.stdlib_module_names and name.split(".")[0] not in SURROUNDINGS)
            for name in imports(module)
        )
    }
    assert could_be == set()
