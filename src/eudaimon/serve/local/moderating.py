"""Decisions on texts without an answer: in batches, to the last monitored layer, each part read once.

For causal models and for encoders. The scores are those of `Monitor.check`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from eudaimon.core import EudaimonError, Text
from eudaimon.models.activations import Activations
from eudaimon.models.capture import capture_prompts
from eudaimon.models.model import Model
from eudaimon.monitor.monitor import Monitor
from eudaimon.monitor.probe import Probe
from eudaimon.monitor.reading import ends_in_answer
from eudaimon.serve.asked import Decided
from eudaimon.serve.local.limited import AtOnce, Hung, Limited
from eudaimon.serve.local.memory import Memory
from eudaimon.serve.local.portions import Portion, Unreadable, portions
from eudaimon.serve.local.readout import Read, decided, failed, read, refused
from eudaimon.serve.second import Side

if TYPE_CHECKING:
    from eudaimon.serve.local.guard import Guard

log = logging.getLogger(__name__)

REMEMBERED = 8192
"""Parts whose reading is kept: a later request brings the turns of the earlier ones with it."""
Found: TypeAlias = "Read | BaseException"
"""What was found in a portion, or why it could not be read."""
NOT_READ = EudaimonError("a part of the text was not read")


class Moderator:
    """A monitor that decides on texts and never raises: whatever fails is a decision of layer ``error``.

    A text is flagged from ``threshold`` on, by default the monitor's own. The monitor has ``seconds`` for the
    activations of one batch. `decide` and `read` belong to the thread of the model; `portions` may be called
    from another one, with a model whose tokenizer nobody else uses.
    """

    def __init__(
        self,
        monitor: Monitor,
        *,
        threshold: float | None = None,
        seconds: float = 10.0,
        fail_open: bool = False,
        remembered: int = REMEMBERED,
    ) -> None:
        self.monitor = monitor
        self.threshold = monitor.threshold.value if threshold is None else threshold
        self.fail_open = fail_open
        self.limited = (AtOnce if is_linear(monitor) else Limited)(seconds, "monitor")
        self.known: Memory[Read] = Memory(remembered)

    def decide(self, texts: Sequence[Text], threshold: float | None = None) -> list[Decided]:
        """The decision on each text, in their order; ``seconds`` is each text's share of the batch."""
        began = time.perf_counter()
        limit = self.threshold if threshold is None else threshold
        asked: list[tuple[Portion, ...] | Decided] = [self._asked(text, limit) for text in texts]
        found = self.found([portion for own in asked if isinstance(own, tuple) for portion in own])
        seconds = (time.perf_counter() - began) / max(len(texts), 1)
        return [
            replace(own, seconds={"monitor": seconds})
            if isinstance(own, Decided)
            else self.decided(own, found, limit, seconds)
            for own in asked
        ]

    def portions(self, text: Text, model: Model | None = None) -> tuple[Portion, ...]:
        """What is read of a text; raises `Unreadable`."""
        own = model or self.monitor.model
        monitor = self.monitor
        return portions(text, own, monitor.window_tokens, monitor.max_characters, monitor.reads)

    def recalled(self, asked: Sequence[Portion]) -> dict[bytes, Found]:
        """What was found when these were read before, of those that were."""
        return {own.key: one for own in asked if (one := self.known.get(own.key)) is not None}

    def read(self, asked: Sequence[Portion]) -> dict[bytes, Found]:
        """What is found in portions, which is remembered; raises what model and monitor raise, and `Hung`."""
        monitor = self.monitor
        activations = capture_prompts(
            monitor.model,
            [portion.prompt for portion in asked],
            monitor.sites,
            pooling=monitor.poolings,
            show_progress=False,
        )
        return self.made_of(asked, activations)

    def made_of(self, asked: Sequence[Portion], activations: Activations) -> dict[bytes, Found]:
        """As `read`, from activations that somebody else has read."""
        monitor = self.monitor
        reads = self.limited.call(lambda: read(monitor, activations))
        for portion, one in zip(asked, reads, strict=True):
            self.known.put(portion.key, one)
        return {portion.key: one for portion, one in zip(asked, reads, strict=True)}

    def decided(
        self,
        asked: Sequence[Portion],
        found: Mapping[bytes, Found],
        threshold: float,
        seconds: float = 0.0,
    ) -> Decided:
        """The decision on a text from what was found in each of its portions."""
        reads = []
        for portion in asked:
            one = found.get(portion.key, NOT_READ)
            if isinstance(one, BaseException):
                return failed(one, threshold, seconds=seconds, fail_open=self.fail_open)
            # The same words may stand elsewhere in another text.
            reads.append(replace(one, note=portion.note))
        return decided(reads, threshold, seconds=seconds, fail_open=self.fail_open)

    def close(self) -> None:
        """End the thread in which the monitor reads."""
        self.limited.close()

    def _asked(self, text: Text, threshold: float) -> tuple[Portion, ...] | Decided:
        try:
            return self.portions(text)
        except Unreadable as error:
            return refused(str(error), threshold)
        except Exception as error:
            log.exception("a text could not be prepared for the monitor")
            return failed(error, threshold, fail_open=self.fail_open)

    def found(self, asked: Sequence[Portion]) -> dict[bytes, Found]:
        """What is found in portions, or was before, and where nothing can be: why. Raises nothing."""
        every = {portion.key: portion for portion in asked}
        found = self.recalled(list(every.values()))
        todo = [portion for key, portion in every.items() if key not in found]
        try:
            return found | (self.read(todo) if todo else {})
        except Hung as error:
            log.error("the monitor hangs: %d portions were not read", len(todo))
            return found | {portion.key: error for portion in todo}
        except Exception as error:
            log.exception("reading %d portions failed", len(todo))
            if len(todo) == 1:
                return found | {todo[0].key: error}
        # One that cannot be read must not cost the others their reading.
        for portion in todo:
            try:
                found |= self.read([portion])
            except Exception as error:
                found[portion.key] = error
        return found


def is_linear(monitor: Monitor) -> bool:
    """Whether all that a monitor does is a product of two arrays a probe: nothing in it can hang."""
    heads = (*monitor.probes, *monitor.categories.values())
    return all(type(probe) is Probe and probe.weight is None for probe in heads)


@dataclass(frozen=True, eq=False)
class Moderators:
    """Who decides on what is asked, and who on answers; often they are one."""

    asked: Moderator
    answers: Moderator

    @classmethod
    def of_guard(cls, guard: Guard) -> Moderators:
        """Those of a guard, at its thresholds."""
        asked, answers = (
            Moderator(monitor, threshold=limit, seconds=guard.seconds, fail_open=guard.fail_open)
            for monitor, limit in ((guard.monitor, guard.input), (guard.reader, guard.whole))
        )
        return cls(asked, answers if guard.answers is not None else asked)

    @property
    def different(self) -> tuple[Moderator, ...]:
        """Both, or the one that is both."""
        return tuple(dict.fromkeys((self.asked, self.answers)))

    def of(self, text: Text, side: Side) -> Moderator:
        """Who decides on a text of a side; an answer without a conversation around it is read as a text."""
        alone = self.answers.monitor.reads == "answer" and not ends_in_answer(text)
        return self.asked if side == "input" or alone else self.answers

    def close(self) -> None:
        """End the threads in which they read."""
        for own in self.different:
            own.close()
