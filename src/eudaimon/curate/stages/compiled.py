"""Loops that numba compiles where it is installed; what they find, numpy finds too, only more slowly."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from jaxtyping import Float
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


def add_four(sums: Float[ndarray, " n"], to: Number, weights: Float[ndarray, " m"], source: Number) -> None:
    """Add the four weights from ``source`` on to the sums from ``to`` on; both are 32-bit floats.

    Compiled loops that name it as a helper do that by one instruction. numba does not find by itself that
    a few neighbours can be added together, and takes twice as long.
    """
    sums[to : to + 4] += weights[source : source + 4]


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
        four = ir.VectorType(ir.FloatType(), 4).as_pointer()

        def pointer(array: int) -> Any:
            made = context.make_array(signature.args[array])(context, builder, arguments[array])
            return builder.bitcast(builder.gep(made.data, [arguments[array + 1]]), four)

        to, source = pointer(0), pointer(2)
        # A float's alignment: rows begin anywhere.
        found = builder.fadd(builder.load(to, align=4), builder.load(source, align=4))
        builder.store(found, to, align=4)
        return context.get_dummy_value()
