"""What a folder offers: one file a thing, found by itself, under one name that every file defines."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any, TypeVar

from eudaimon.core.errors import UsageError

T = TypeVar("T")


def modules_in(package: str) -> tuple[str, ...]:
    """The modules of a package by name, sorted, but for those with an underscore; none is imported.

    The package is named in words because the door of a room may have a function of its folder's name.
    """
    path = importlib.import_module(package).__path__
    return tuple(sorted(found.name for found in pkgutil.iter_modules(path) if found.name[0] != "_"))


def found_in(package: str, name: str) -> dict[str, Any]:
    """What every module of a package defines as ``name``, by module; modules without it are passed over."""
    modules = {module: importlib.import_module(f"{package}.{module}") for module in modules_in(package)}
    return {module: getattr(own, name) for module, own in modules.items() if hasattr(own, name)}


def pick(known: Mapping[str, T], name: str, what: str) -> T:
    """What is called ``name``; raises `UsageError` that says which ``what`` there are."""
    if name not in known:
        raise UsageError(f"there is no {what} {name!r}", right=f"one of {', '.join(known)}")
    return known[name]
