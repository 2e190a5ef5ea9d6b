"""What the code imports is declared, what is declared is pinned, and the pins fit the ranges."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@pytest.fixture(scope="module")
def project(root) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def pins(root) -> dict[str, str]:
    lines = (root / "constraints.txt").read_text(encoding="utf-8").split()
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def requirements(project: dict, *extras: str) -> dict[str, Requirement]:
    lines = project["dependencies"] + [
        line for extra in extras for line in project["optional-dependencies"][extra]
    ]
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


def imported(source: str) -> set[str]:
    """Top-level names of the absolute imports in Python source."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(str(node.module).partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"eudaimon", "__future__"}


OF_AN_EXTRA = {
    "eudaimon/curate/datatrove/": "curate",
    "eudaimon/curate/stages/fasttext": "curate",
    "eudaimon/curate/stages/compiled": "curate",
    "eudaimon/curate/voices/compiled": "curate",
    "eudaimon/dashboard/": "dashboard",
    "eudaimon/evaluate/cost/harness": "capability",
    "eudaimon/evaluate/judging/role": "eval",
    "eudaimon/evaluate/inspect_entry": "eval",
    "eudaimon/evaluate/provider/": "eval",
    "eudaimon/evaluate/tasks/": "eval",
    "eudaimon/serve/http/": "serve",
}
"""Parts of the package that only who has chosen an extra comes by."""


@pytest.mark.parametrize(("folder", "extras"), [("src", ()), ("tests", ("dev",)), ("docs", ("dev",))])
def test_imports_are_declared(root, project, folder, extras):
    """Extras are for what a user chooses; what the package and its tests import must come with them."""
    providers = packages_distributions()
    own = {path.stem for path in (root / folder).rglob("*.py")} if folder == "tests" else set()
    missing = set()
    for path in (root / folder).rglob("*.py"):
        chosen = {extra for part, extra in OF_AN_EXTRA.items() if part in path.as_posix()}
        declared = requirements(project, *extras, *chosen)
        missing |= {
            f"{path.relative_to(root)}: {module}"
            for module in imported(path.read_text(encoding="utf-8")) - own
            if not declared.keys() & set(map(canonicalize_name, providers.get(module, [module])))
        }
    assert not missing


def test_every_declared_range_holds_its_pin(project, pins):
    extras = [name for name in project["optional-dependencies"] if name != "all"]
    for name, requirement in requirements(project, *extras).items():
        assert pins.get(name) and requirement.specifier.contains(pins[name]), (
            f"{requirement} is pinned to {pins.get(name)}"
        )


def test_torch_is_pinned_first_and_without_a_build(root):
    assert re.match(r"torch==[\d.]+\n", (root / "constraints.txt").read_text(encoding="utf-8"))
