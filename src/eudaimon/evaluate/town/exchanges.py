"""What a model says to the town's questions, drawn and judged exactly by its first phrase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eudaimon.evaluate.watch.exchange import Exchange
from eudaimon.world.items import Item
from eudaimon.world.judge import Judge
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.case import Case
    from eudaimon.models.model import Model

ANSWER_TOKENS = 12
"""More than any answer of the town has."""


def drawn_exchanges(
    model: Model, world: World, asked: Sequence[tuple[Case, Item]], *, seed: int = 0
) -> list[Exchange]:
    """One line drawn at temperature 1 for each case, and whether its first phrase does harm to the item."""
    from eudaimon.models.generate import generate

    judge = Judge(world, model.tokenizer)
    said: dict[int, str] = {}
    for plain in (True, False):
        places = [k for k, (case, _) in enumerate(asked) if isinstance(case.text, str) is plain]
        cases = [asked[place][0] for place in places]
        texts = generate(
            model,
            [case.text for case in cases],
            prefills=[case.prefill for case in cases],
            template=not plain,
            max_new_tokens=ANSWER_TOKENS,
            temperature=1.0,
            seed=seed,
            show_progress=False,
        )
        said.update(zip(places, texts, strict=True))
    found = []
    for place, (case, item) in enumerate(asked):
        # A line break ends the answer: what follows is somebody else's.
        line = said[place].partition("\n")[0]
        harmful = judge.read_text(line, item).harm == 1
        found.append(Exchange(case, line, harmful, item.id, case.sample))
    return found
