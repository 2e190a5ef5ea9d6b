"""A model that does not come back: one step of its thread that is seen under way for too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LONGEST_NAP = 1.0


async def stuck(step: Callable[[], int | None], seconds: float) -> None:
    """Return once the same ``step`` was seen under way for ``seconds``; until then, wait.

    ``step`` gives the number of what is under way, None for nothing. Only time in which this was looked at
    counts: a process that was stopped, or a machine that slept, is no model that hangs.
    """
    nap = min(LONGEST_NAP, seconds / 4)
    before, seen = None, 0.0
    while seen < seconds:
        await asyncio.sleep(nap)
        now = step()
        seen = seen + nap if now is not None and now == before else 0.0
        before = now
