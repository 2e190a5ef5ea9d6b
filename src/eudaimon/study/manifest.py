"""What is written about a finished step, and whether its files still are what was written."""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from eudaimon.core.errors import EudaimonError, UsageError
from eudaimon.core.files import read_json, sha256_file
from eudaimon.study.step import Step

MANIFEST = "step.json"
"""Written last: a folder that has it is whole. The same for the same step, whenever and wherever it ran."""
RUN = "run.json"
"""When, where and how long it ran: never compared."""

PACKAGES = ("eudaimon", "torch", "transformers", "tokenizers", "peft", "trl", "numpy", "scikit-learn")


class Damage(EudaimonError):
    """The files of a finished step are not those that its manifest names."""


def describe(step: Step, folder: Path) -> dict[str, Any]:
    """A step's manifest, from its files in ``folder``; raises `UsageError` on links and reserved names."""
    return {
        "key": step.key,
        "identity": step.identity,
        "inputs": {role: source.key for role, source in step.inputs.items()},
        "files": {
            name: {"sha256": sha256_file(folder / name), "bytes": (folder / name).stat().st_size}
            for name in files_of(folder)
        },
        "versions": versions(),
    }


def check(folder: Path) -> None:
    """Nothing when every file has its hash; raises `Damage` that names the first that differs."""
    try:
        named = read_json(folder / MANIFEST)["files"]
        expected = {name: (row["sha256"], row["bytes"]) for name, row in named.items()}
    except (OSError, json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise Damage(f"{folder.name}: its manifest cannot be read ({type(error).__name__})") from error
    for name, (digest, size) in expected.items():
        path = folder / name
        if not path.is_file():
            raise Damage(f"{folder.name}: {name} is missing")
        if path.stat().st_size != size:
            raise Damage(f"{folder.name}: {name} has {path.stat().st_size} bytes, not {size}")
        if sha256_file(path) != digest:
            raise Damage(f"{folder.name}: {name} is not what was written")


def files_of(folder: Path) -> list[str]:
    """The step's own files, as sorted paths below its folder."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise UsageError(
                f"the step wrote {name}, which is no ordinary file", right="files and folders only"
            )
        if name in (MANIFEST, RUN):
            raise UsageError(f"the step wrote {name}, which the store writes itself", right="another name")
        if path.is_file():
            found.append(name)
    return found


@cache
def versions() -> dict[str, str]:
    """Versions of the installed packages that a result can depend on."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
