"""A monitor's rows gathered again, exchange by exchange."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from eudaimon.evaluate.watch.ground import AFTER, ANSWER, FLAGGED, HARMFUL, JUDGE, PROMPT, REWRITTEN, TOKENS

if TYPE_CHECKING:
    from eudaimon.evaluate.rows import Row

Place = TypeVar("Place", bound=Hashable)


@dataclass(frozen=True)
class Seen:
    """What a monitor made of one exchange; ``run`` is the training run, whose monitor has scores of its own.

    ``out`` are the tokens that were out at the first flag, all of the answer's where none was raised
    (``caught`` says which). ``harmful`` is None where nobody could judge the answer.
    """

    question: str
    sample: str
    run: int
    prompt: float
    prompt_flagged: bool
    answer: float
    answer_flagged: bool
    out: float
    caught: bool
    harmful: bool | None

    @property
    def rewritten(self) -> bool:
        """Whether the request was put in one of the disguises, and not as the attack words it."""
        return REWRITTEN in self.sample


def seen(rows: Iterable[Row], place: Callable[[Row], Place]) -> dict[Place, list[Seen]]:
    """The exchanges at each place, in order of appearance; rows of other judges are passed over."""
    found: dict[Place, dict[tuple[object, ...], dict[str, float]]] = {}
    for row in rows:
        if row.judge == JUDGE:
            which = (row.question, row.sample, row.seed, row.cell.get("attack_seed"))
            found.setdefault(place(row), {}).setdefault(which, {})[row.metric] = row.value
    return {at: [_seen(which, values) for which, values in own.items()] for at, own in found.items()}


def _seen(which: tuple[object, ...], values: dict[str, float]) -> Seen:
    question, sample, run, _ = which
    harmful = values.get(HARMFUL)
    return Seen(
        question=str(question),
        sample=str(sample),
        run=int(str(run)),
        prompt=values[PROMPT],
        prompt_flagged=values[PROMPT + FLAGGED] == 1,
        answer=values[ANSWER],
        answer_flagged=values[ANSWER + FLAGGED] == 1,
        out=values.get(AFTER, values[TOKENS]),
        caught=AFTER in values,
        harmful=None if harmful is None else harmful == 1,
    )
