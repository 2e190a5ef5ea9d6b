"""The loops, compiled by numba; None without it, and patterns do everything."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

log = logging.getLogger(__name__)

_MODULES = (
    *("characters", "word_table", "names", "clauses", "speakers"),
    *("quotes", "marks", "cuts", "paragraphs", "voices", "lines", "forms"),
)


class Kernels(NamedTuple):
    """`forms_of` and `voice_rows`, compiled."""

    forms_of: Callable[..., int]
    voice_rows: Callable[..., int]


def are_loaded() -> bool:
    """Whether this process has asked for the loops before: then they cost nothing more."""
    return kernels.cache_info().currsize > 0


@cache
def kernels() -> Kernels | None:
    """The compiled functions, None without numba; what is compiled once stays in numba's cache on disk."""
    try:
        import numba  # type: ignore[import-untyped, import-not-found, unused-ignore]
        from numba.extending import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
            register_jitable,
        )
    except ImportError:
        return None
    from eudaimon.curate.voices.compiled.forms import made_forms_of
    from eudaimon.curate.voices.compiled.voices import made_voice_rows

    modules = [import_module(f"eudaimon.curate.voices.compiled.{name}") for name in _MODULES]
    sources = b"".join(Path(str(module.__file__)).read_bytes() for module in modules)
    for module in modules:
        for function in vars(module).values():
            if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                register_jitable(function)

    # Without counting who holds an array, as nothing here allocates one, it is three times as fast.
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return, unused-ignore]
        except RuntimeError as error:  # no folder that a cache could be in
            log.info("numba compiles for this process only: %s", error)
            return numba.njit(**options)(function)  # type: ignore[no-any-return, unused-ignore]

    stamp = hashlib.sha256(sources).hexdigest()
    return Kernels(compiled(made_forms_of(stamp)), compiled(made_voice_rows(stamp)))
