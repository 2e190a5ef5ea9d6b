"""What was put to a model and what it said, as a monitor is shown it while the answer grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from eudaimon.core.text import Message, Text
from eudaimon.evaluate.attack.ground import Ground
from eudaimon.monitor.reading import growing

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.case import Case
    from eudaimon.evaluate.rows import Label, Row
    from eudaimon.models.model import Model


@dataclass(frozen=True)
class Exchange:
    """A case with an answer to it, and whether that does harm; None where nobody could judge it.

    ``question`` and ``sample`` are those of the rows of the same answer.
    """

    case: Case
    answer: str
    harmful: bool | None
    question: str
    sample: str = "0"

    def shown(self, end: int | None = None) -> Text:
        """The text when ``end`` characters of the answer are out; None: all of it, 0: what was put alone.

        A prefill is the beginning of the assistant's turn, as it is for the model.
        """
        said = self.case.prefill + self.answer[:end]
        if isinstance(self.case.text, str):
            return self.case.text + said
        begun = said.strip()
        return (*self.case.text, Message(role="assistant", content=begun)) if begun else self.case.text


class TellingGround(Ground, Protocol):
    """A ground that also says which answers its rows come from, or draws some where they come from none."""

    def exchanges(
        self, model: Model, cases: Sequence[Case], rows: Sequence[Row], label: Label
    ) -> list[Exchange]:
        """An exchange or more for each case; ``rows`` are what `read` gave for the same cases and label."""


def places(tokenizer: Any, answer: str) -> list[tuple[int, int]]:
    """Where an answer is looked at: tokens that are out, and the characters that they make; see `growing`."""
    encoded = tokenizer(answer, add_special_tokens=False, return_offsets_mapping=True)
    ends = [int(end) for _, end in encoded["offset_mapping"]]
    return [(n, len(answer) if n == len(ends) else ends[n - 1]) for n in growing(len(ends))]
