"""All steps that a study's targets need, in an order in which they can be computed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from eudaimon.core.errors import UsageError
from eudaimon.study.definition import build, definition
from eudaimon.study.step import Step


class Graph:
    """The targets and all their inputs, once each; ``steps`` maps key to step, inputs before dependants."""

    def __init__(self, targets: Iterable[Step]) -> None:
        self.targets = tuple(dict.fromkeys(targets))
        self.steps: dict[str, Step] = {}
        for target in self.targets:
            self._add(target)
        self._one_class_a_name()

    @cached_property
    def inputs(self) -> dict[str, frozenset[str]]:
        """The keys that each step needs directly."""
        return {key: frozenset(each.key for each in step.inputs.values()) for key, step in self.steps.items()}

    @cached_property
    def dependants(self) -> dict[str, frozenset[str]]:
        """The keys that need each step directly."""
        found: dict[str, set[str]] = {key: set() for key in self.steps}
        for key, needed in self.inputs.items():
            for each in needed:
                found[each].add(key)
        return {key: frozenset(each) for key, each in found.items()}

    @cached_property
    def definitions(self) -> dict[str, dict[str, Any]]:
        """What workers build each step from; raises `UsageError` for one that cannot be built again."""
        found = {key: definition(step) for key, step in self.steps.items()}
        built: dict[str, Step] = {}
        for key in self.steps:
            build(key, found, built)
        return found

    def below(self, keys: Iterable[str]) -> set[str]:
        """All steps that cannot be computed without one of ``keys``."""
        found: set[str] = set()
        waiting = list(keys)
        while waiting:
            for each in self.dependants[waiting.pop()] - found:
                found.add(each)
                waiting.append(each)
        return found

    def needed(self, done: Iterable[str], wanted: Iterable[str] = ()) -> set[str]:
        """The steps to compute: targets and ``wanted`` ones that are not done, and what these still need."""
        finished = set(done)
        found: set[str] = set()
        waiting = [*(target.key for target in self.targets), *wanted]
        while waiting:
            key = waiting.pop()
            if key not in finished and key not in found:
                found.add(key)
                waiting.extend(self.inputs[key])
        return found

    def path_seconds(self, seconds: dict[str, float]) -> dict[str, float]:
        """Expected seconds from each step's start to the end of the longest chain that begins with it."""
        found: dict[str, float] = {}
        for key in reversed(self.steps):
            found[key] = seconds[key] + max((found[each] for each in self.dependants[key]), default=0.0)
        return found

    def _add(self, step: Step) -> None:
        if step.key not in self.steps:
            for each in step.inputs.values():
                self._add(each)
            self.steps[step.key] = step

    def _one_class_a_name(self) -> None:
        classes: dict[str, type[Step]] = {}
        for step in self.steps.values():
            known = classes.setdefault(type(step).__name__, type(step))
            if known is not type(step):
                raise UsageError(
                    f"two kinds of step are called {known.__name__}: in {known.__module__} and "
                    f"{type(step).__module__}",
                    right="one class a name, for keys begin with it",
                )
