"""The layers behind the monitor as one: each is asked while the ones before it leave the text uncertain."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from eudaimon.core import Text, UsageError
from eudaimon.monitor.band import Band
from eudaimon.serve.asked import Decided
from eudaimon.serve.layers.bounded import Bounded
from eudaimon.serve.layers.opinion import NoOpinion, NotAsked, Opinion
from eudaimon.serve.second import Side


class Layers:
    """A `Second`: the layers in order, the first one that is sure decides.

    A layer that fails, or that is unsure, leaves the text to the next one; one whose budget is spent is
    passed over. When nobody was sure and nobody failed, the monitor's decision stands. When somebody failed,
    a text that the monitor flagged stays flagged, and another one is flagged too (layer ``error``), unless
    ``fail_open``, which the reason then says. Raises `UsageError` on an empty band or no layer.
    """

    def __init__(self, band: Band, layers: Sequence[Bounded], *, fail_open: bool = False) -> None:
        if not band.low < band.high or not layers:
            raise UsageError(
                f"{len(layers)} layers for the scores from {band.low} to {band.high}",
                right="at least one layer, and a band with low < high",
            )
        self._band, self._layers, self.fail_open = band, tuple(layers), fail_open

    @property
    def band(self) -> Band:
        """The scores of the monitor for which the layers are asked."""
        return self._band

    @property
    def names(self) -> tuple[str, ...]:
        """Who is asked, in order."""
        return tuple(layer.critic.name for layer in self._layers)

    def seen(self) -> None:
        """Count a text that the monitor has read; budgets are shares of these."""
        for layer in self._layers:
            layer.budget.seen()

    async def decide(self, text: Text, side: Side, first: Decided) -> Decided:
        """The decision of the first layer that is sure, with what every layer took; it never raises."""
        seconds, said, failed = dict(first.seconds), [], False
        for layer in self._layers:
            started = time.perf_counter()
            try:
                opinion = await layer.opine(text, side)
            except NotAsked as error:
                said.append(str(error))
                continue
            except NoOpinion as error:
                failed = True
                said.append(str(error))
            else:
                if opinion.flagged is not None:
                    seconds[layer.critic.layer] = time.perf_counter() - started
                    return _decided(layer, opinion, first, seconds, said)
                said.append(f"the {layer.critic.layer} is unsure")
            seconds[layer.critic.layer] = time.perf_counter() - started
        told = "; ".join(filter(None, (first.reason, *said)))
        if not failed or first.flagged:
            return replace(first, seconds=seconds, reason=f"{told}; the monitor's decision stands")
        if self.fail_open:
            return replace(
                first, layer="error", seconds=seconds, reason=f"{told}; passed since told to fail open"
            )
        return replace(
            first, flagged=True, layer="error", seconds=seconds, reason=f"{told}; flagged to be safe"
        )

    async def close(self) -> None:
        """Close what the layers have open."""
        for layer in self._layers:
            await layer.critic.close()


def _decided(
    layer: Bounded, opinion: Opinion, first: Decided, seconds: dict[str, float], said: Sequence[str]
) -> Decided:
    flagged = bool(opinion.flagged)
    return replace(
        first,
        flagged=flagged,
        score=opinion.score,
        threshold=opinion.threshold,
        layer=layer.critic.layer,
        category=(opinion.category or first.category) if flagged else None,
        categories=opinion.categories or first.categories,
        seconds=seconds,
        reason="; ".join(filter(None, (*said, opinion.reason))),
    )
