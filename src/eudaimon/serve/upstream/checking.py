"""What is decided about a text by the guard and by the layers behind it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace

from eudaimon.core import Text, UsageError
from eudaimon.serve.asked import Decided
from eudaimon.serve.layers.layered import Layers
from eudaimon.serve.second import Second, Side
from eudaimon.serve.upstream.reading import NotRead, Reader

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Thresholds:
    """Scores in [0, 1] from which a guard flags: what is put, and an answer at any of its windows.

    The second is a bound on the highest of many looks. ``fpr`` is the rate of false alarms for which it was
    set by ``n`` harmless answers, of which ``whence`` says what they are; None where nobody set it so.
    """

    input: float
    output: float
    fpr: float | None = None
    n: int = 0
    whence: str = ""

    def __post_init__(self) -> None:
        if not (0 <= self.input <= 1 and 0 <= self.output <= 1):
            raise UsageError(
                f"thresholds of {self.input} and {self.output}", right="numbers from 0 to 1, as scores are"
            )

    def of(self, side: Side) -> float:
        """The threshold of a side."""
        return self.input if side == "input" else self.output


class Checker:
    """A guard with its thresholds, and the layers that are asked where it is unsure.

    A check that fails is a decision of layer ``error``: flagged, unless told to ``fail_open``.
    """

    def __init__(
        self,
        reader: Reader,
        thresholds: Thresholds,
        second: Second | None = None,
        *,
        fail_open: bool = False,
    ) -> None:
        self.reader, self.thresholds, self.second = reader, thresholds, second
        self.fail_open = fail_open

    async def check(
        self, text: Text, side: Side, shown: Text | None = None, *, again: bool = False
    ) -> Decided:
        """The decision on a text, of which the layers behind the guard are shown ``shown``. Never raises.

        ``again``: it is more of a text that was read before, and counts for no budget.
        """
        started = time.perf_counter()
        threshold = self.thresholds.of(side)
        try:
            first = await self.reader.read(text, threshold)
        except NotRead as error:
            return self._failed(str(error), threshold, time.perf_counter() - started)
        first = replace(first, seconds={"monitor": time.perf_counter() - started})
        if first.layer == "error":
            return first
        second = self.second
        if second is None:
            return first
        if not again:
            second.seen()
        if not second.band.low <= first.score < second.band.high:
            return first
        try:
            return await second.decide(text if shown is None else shown, side, first)
        except Exception as error:
            log.exception("the layers behind the guard failed")
            if first.flagged:
                return first
            failed = self._failed(f"the layers failed ({type(error).__name__})", threshold, 0.0)
            return replace(failed, score=first.score, seconds=first.seconds)

    async def works(self) -> bool:
        """Whether the guard reads a text."""
        try:
            found = await self.reader.read("How do I bake bread?", self.thresholds.input)
        except NotRead:
            return False
        return found.layer != "error"

    async def close(self) -> None:
        """End the guard's thread, and close what the layers have open."""
        self.reader.close()
        if isinstance(self.second, Layers):
            await self.second.close()

    def _failed(self, reason: str, threshold: float, seconds: float) -> Decided:
        said = "passed since told to fail open" if self.fail_open else "flagged to be safe"
        return Decided(
            flagged=not self.fail_open,
            score=1.0,
            threshold=threshold,
            layer="error",
            seconds={"monitor": seconds},
            reason=f"{reason}; {said}",
        )
