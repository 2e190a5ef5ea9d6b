"""Finds the arms: every file of the folder ``arms`` is one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping

from eudaimon.core.errors import UsageError
from eudaimon.train import arms
from eudaimon.train.arm import Arm


class Registry(Mapping[str, Arm]):
    """Arm names to arms, in alphabetical order; the files are imported when the first one is looked up."""

    def __init__(self) -> None:
        self._arms: dict[str, Arm] = {}

    def _listed(self) -> dict[str, Arm]:
        if not self._arms:
            modules = [
                importlib.import_module(f"{arms.__name__}.{found.name}")
                for found in pkgutil.iter_modules(arms.__path__)
            ]
            self._arms = {module.ARM.name: module.ARM for module in modules}
        return self._arms

    def __getitem__(self, name: str) -> Arm:
        return self._listed()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._listed()))

    def __len__(self) -> int:
        return len(self._listed())


ARMS = Registry()
"""Every arm by its name."""


def arm_named(name: str) -> Arm:
    """The arm of this name; raises `UsageError` that lists the names."""
    if name not in ARMS:
        raise UsageError(f"there is no arm {name!r}", right=f"one of {', '.join(ARMS)}")
    return ARMS[name]
