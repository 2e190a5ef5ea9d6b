"""A cost in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eudaimon.evaluate.judging.cost import Cost


def cost_line(cost: Cost) -> str:
    """Requests, tokens and price in one line."""
    price = "price not known (--prices)" if cost.usd is None else f"{cost.usd:.2f} USD"
    return (
        f"{cost.asked:,} requests ({cost.on_record:,} more on record), {cost.input_tokens:,} tokens in and "
        f"{cost.output_tokens:,} out, {price}"
    )
