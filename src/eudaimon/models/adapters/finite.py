"""Numbers that are not finite are found where they arise: attention makes zeros of some of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from eudaimon.models.adapters.errors import AdapterError

if TYPE_CHECKING:
    from torch import Tensor, nn


@contextmanager
def finite_outputs(modules: Iterable[tuple[str, nn.Module]]) -> Iterator[None]:
    """Within the block the outputs of these modules are watched; no hook remains after it.

    Raises `AdapterError` at its end when a number among them was not finite. The logits alone do not show it:
    a query of NaN gives a row of NaN, of which torch's attention makes zeros.
    """
    seen: list[tuple[str, Tensor]] = []

    def watched(name: str) -> Any:
        def after(_module: nn.Module, _args: Any, output: Tensor) -> None:
            seen.append((name, output.isfinite().all()))

        return after

    handles = [module.register_forward_hook(watched(name)) for name, module in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
    bad = [name for name, is_finite in seen if not bool(is_finite)]
    if bad:
        raise AdapterError(
            f"the stack gives numbers at {bad[0]} that are not finite, and {len(bad) - 1} times more",
            right="finite weights, in a type that holds what they give",
            do="dtype='float32', or another checkpoint of the training",
        )


def require_finite(logits: Tensor, name: str) -> None:
    """Nothing when all logits of a probe are finite; raises `AdapterError` that names the model otherwise."""
    low, high = logits.aminmax()
    if not bool((low - high).isfinite()):
        raise AdapterError(
            f"the logits of {name} with its stack are not finite", right="adapters with finite weights"
        )
