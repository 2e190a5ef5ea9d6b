"""Finds the arms: every file of the folder ``arms`` is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from eudaimon.core.discovery import found_in, pick
from eudaimon.train.arm import Arm


class Registry(Mapping[str, Arm]):
    """Arm names to arms, in alphabetical order; the files are imported when the first one is looked up."""

    def __init__(self) -> None:
        self._arms: dict[str, Arm] = {}

    def _listed(self) -> dict[str, Arm]:
        if not self._arms:
            self._arms = {arm.name: arm for arm in found_in("eudaimon.train.arms", "ARM").values()}
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
    return pick(ARMS, name, "arm")
