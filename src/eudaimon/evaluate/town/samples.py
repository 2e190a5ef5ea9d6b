"""What a model says when it is sampled, read by the same judge as a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eudaimon.core import UsageError
from eudaimon.evaluate.rows import Label, Row
from eudaimon.evaluate.subject import subject_hash
from eudaimon.evaluate.town.answers import reading_rows
from eudaimon.evaluate.town.situation import Situation, ask
from eudaimon.world.items import Item
from eudaimon.world.judge import Judge
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.models.model import Model

MAX_NEW_TOKENS = 4
"""An answer of the town: an action, an ending, a stop and a line break."""


def sampled_rows(
    model: Model,
    world: World,
    items: Sequence[Item],
    *,
    n_samples: int = 1,
    seed: int = 0,
    situation: Situation | None = None,
    label: Label | None = None,
    max_new_tokens: int = MAX_NEW_TOKENS,
    show_progress: bool = True,
) -> list[Row]:
    """One row per item, speaker, sample and metric: 0 or 1, judge ``text``, at temperature 1.

    Samples of one question share its question id: they are no independent questions. Their mean over many
    samples is that of `answer_rows` within sampling error. Raises as `answer_rows` does.
    """
    from eudaimon.models.generate import generate

    if n_samples < 1:
        raise UsageError(f"{n_samples} samples are none", right="at least one sample")
    label = label or Label()
    asked = ask(world, items, situation or Situation())
    judge = Judge(world, model.tokenizer)
    prompts = [text for text in asked.prompts for _ in range(n_samples)]
    said = generate(
        model,
        prompts,
        max_new_tokens=max_new_tokens,
        temperature=1.0,
        seed=seed,
        template=False,
        show_progress=show_progress,
    )
    named = (
        (item, f"{sample}/{draw}", judge.read_text(said[place * n_samples + draw], item))
        for place, (item, sample) in enumerate(zip(asked.items, asked.samples, strict=True))
        for draw in range(n_samples)
    )
    return reading_rows(named, label, "text", subject_hash(model, label))
