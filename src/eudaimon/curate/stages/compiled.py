"""Loops that numba compiles where it is installed; what they find, numpy finds too, only more slowly."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy import ndarray

log = logging.getLogger(__name__)

Number: TypeAlias = Any
"""A whole number of Python or numpy, signed or not: numba tells them apart by where they come from."""


def compiled(function: Callable[..., Any], *helpers: Callable[..., Any]) -> Callable[..., Any] | None:
    """The function compiled, with the helpers that it calls; None without numba.

    What is compiled once stays in numba's cache on disk until the file of ``function`` changes; a change in
    that of a helper is not seen.
    """
    try:
        import numba  # type: ignore[import-untyped, import-not-found, unused-ignore]
        from numba.extending import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
            register_jitable,
        )
    except ImportError:
        return None
    for helper in helpers:
        if helper is add_four:
            _teach_add_four()
        else:
            register_jitable(helper)
    found: Callable[..., Any]
    try:
        found = numba.njit(cache=True, error_model="numpy")(function)
    except RuntimeError as error:  # no folder that a cache could be in
        log.info("numba compiles for this process only: %s", error)
        found = numba.njit(error_model="numpy")(function)
    return found


def add_four(sums: ndarray, to: Number, weights: ndarray, source: Number) -> None:
    """Add the four weights from ``source`` on to the sums from ``to`` on.

    Sums are 32-bit floats, and so are weights, or the bits of 16-bit floats (uint16). Compiled loops that
    name this as a helper do it by one instruction or two. numba does not find by itself that a few
    neighbours can be added together, and takes twice as long.
    """
    four = weights[source : source + 4]
    sums[to : to + 4] += four if four.dtype == np.float32 else four.view(np.float16)


def ones(word: Number) -> Number:
    """How many bits are set; compilers know this and put the processor's own count in its place."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


def halves() -> bool:
    """Whether this processor reads 16-bit floats by an instruction; `add_four` needs that for uint16."""
    from llvmlite import binding  # type: ignore[import-untyped, import-not-found, unused-ignore]

    return bool(binding.get_host_cpu_features().get("f16c"))


@cache
def _teach_add_four() -> None:
    from llvmlite import ir  # type: ignore[import-untyped, import-not-found, unused-ignore]
    from numba import types  # type: ignore[import-untyped, import-not-found, unused-ignore]
    from numba.extending import (  # type: ignore[import-untyped, import-not-found, unused-ignore]
        lower_builtin,
        type_callable,
    )

    @type_callable(add_four)  # type: ignore[misc, untyped-decorator, no-untyped-call, unused-ignore]
    def returns(context: Any) -> Any:
        return lambda sums, to, weights, source: types.none

    @lower_builtin(add_four, types.Array, types.Integer, types.Array, types.Integer)  # type: ignore[misc, untyped-decorator, no-untyped-call, unused-ignore]
    def add(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        floats = ir.VectorType(ir.FloatType(), 4)
        half = signature.args[2].dtype == types.uint16

        def pointer(array: int, of: Any) -> Any:
            made = context.make_array(signature.args[array])(context, builder, arguments[array])
            return builder.bitcast(builder.gep(made.data, [arguments[array + 1]]), of.as_pointer())

        # Only that of one number: rows begin anywhere.
        to = pointer(0, floats)
        if half:
            source = builder.load(pointer(2, ir.VectorType(ir.HalfType(), 4)), align=2)
            source = builder.fpext(source, floats)
        else:
            source = builder.load(pointer(2, floats), align=4)
        builder.store(builder.fadd(builder.load(to, align=4), source), to, align=4)
        return context.get_dummy_value()
