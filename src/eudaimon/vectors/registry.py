"""Finds the methods: every file of the folder ``methods`` is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from eudaimon.core.discovery import found_in, pick
from eudaimon.vectors.fitted import Fit


class Registry(Mapping[str, Callable[..., Any]]):
    """Method names to functions, in alphabetical order; a file is imported when its method is looked up.

    ``function`` is the name that a file must define to be listed.
    """

    def __init__(self, function: str) -> None:
        self.function = function
        self._found: dict[str, Callable[..., Any]] = {}

    def _listed(self) -> dict[str, Callable[..., Any]]:
        if not self._found:
            self._found = found_in("eudaimon.vectors.methods", self.function)
        return self._found

    def __getitem__(self, name: str) -> Callable[..., Any]:
        return self._listed()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._listed()))

    def __len__(self) -> int:
        return len(self._listed())


METHODS = Registry("fit")
"""Methods on pooled activations: name to `Fit`."""

TOKEN_METHODS = Registry("fit_tokens")
"""Methods on the activations of every token."""


def method(name: str) -> Fit:
    """The fit function of a method on pooled activations; raises `UsageError` that lists the names."""
    return cast(Fit, pick(METHODS, name, "method"))
