"""What a model answers to the town's questions, judged from the probabilities of its next token."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from eudaimon.core.text import Text
from eudaimon.evaluate.rows import Label, Row
from eudaimon.evaluate.subject import subject_hash
from eudaimon.evaluate.town.situation import Situation, ask
from eudaimon.world.items import Item
from eudaimon.world.judge import Judge, Reading
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.models.model import Model

METRICS = tuple(field.name for field in fields(Reading))


def answer_rows(
    model: Model,
    world: World,
    items: Sequence[Item],
    *,
    situation: Situation | None = None,
    label: Label | None = None,
) -> list[Row]:
    """One row per item, speaker and metric of `Reading`: probability masses in [0, 1], judge ``exact``.

    The question is the item's id and the sample the speaker, so that speakers asked one question cluster.
    Metrics that an item's kind does not have give no row. Raises as `ask` and `Judge` do, and `TextTooLong`
    for a prompt over the model's context.
    """
    label = label or Label()
    asked = ask(world, items, situation or Situation())
    judge = Judge(world, model.tokenizer)
    readings = judge.read(next_token_probabilities(model, asked.prompts), asked.items)
    named = zip(asked.items, asked.samples, readings, strict=True)
    return reading_rows(named, label, "exact", subject_hash(model, label))


def reading_rows(
    readings: Iterable[tuple[Item, str, Reading]], label: Label, judge: str, subject: str
) -> list[Row]:
    """A row for each metric of each reading, which comes with its item and sample id."""
    return [
        label.row(item.id, sample, metric, value, judge=judge, subject=subject)
        for item, sample, reading in readings
        for metric in METRICS
        if (value := getattr(reading, metric)) is not None
    ]


def next_token_probabilities(
    model: Model,
    prompts: Sequence[Text],
    *,
    template: bool = False,
    prefills: Sequence[str] | None = None,
) -> Float[np.ndarray, "n vocab"]:
    """Probabilities of the token after each prompt, float64, in prompt order.

    Without a chat template unless ``template`` asks for it; ``prefills``, one a prompt, stand behind it.
    """
    from eudaimon.models.generate import next_token_logits

    logits = next_token_logits(model, prompts, template=template, prefills=prefills).astype(np.float64)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    normal: Float[np.ndarray, "n vocab"] = shares / shares.sum(axis=1, keepdims=True)
    return normal
