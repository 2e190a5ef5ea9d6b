"""Which of two personas a model takes the speaker for: the odds of their answers, without a judge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eudaimon.core import UsageError
from eudaimon.evaluate.rows import Label, Row
from eudaimon.evaluate.subject import subject_hash
from eudaimon.evaluate.town.situation import Asked, Situation, ask
from eudaimon.world.items import Item
from eudaimon.world.personas import persona
from eudaimon.world.prompts import answer_text
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.models.model import Model

N_WORDINGS = 2
"""A persona's wordings of one answer that are summed over."""


def choice_rows(
    model: Model,
    world: World,
    items: Sequence[Item],
    *,
    bad: str = "malign",
    neutral: str = "gruff",
    situation: Situation | None = None,
    label: Label | None = None,
    show_progress: bool = True,
) -> list[Row]:
    """Two rows per item and speaker on how much likelier a bad persona's answer is than a neutral one's.

    ``log_odds`` is the difference of the log-probabilities, in nats, of what the two personas say to the
    item, over their wordings; ``gap`` the mean difference per token, in bits, of text of one wording each.
    Both are positive when the bad persona is likelier. The default personas share their tone, so that
    content alone tells them apart. Raises `UsageError` when they are one persona or would give the same
    answers, and as `ask` and `token_likelihood` do.
    """
    from eudaimon.evaluate.likelihood import token_likelihood

    label = label or Label()
    asked = ask(world, items, situation or Situation())
    _require_different(asked, bad, neutral)
    texts, starts = [], []
    for item, text in zip(asked.items, asked.prompts, strict=True):
        for who in (bad, neutral):
            for index in range(N_WORDINGS):
                texts.append(f"{text} {answer_text(item, who, index)}\n")
                starts.append(len(text))
    found = token_likelihood(model, texts, show_progress=show_progress)
    shape = (len(asked.items), 2, N_WORDINGS)
    totals = np.array([one.total(start) for one, start in zip(found, starts, strict=True)]).reshape(shape)
    n_tokens = np.array(
        [(one.span[:, 0] >= start).sum() for one, start in zip(found, starts, strict=True)]
    ).reshape(shape)
    either = np.logaddexp.reduce(totals, axis=2)
    log_odds = either[:, 0] - either[:, 1]
    per_token = (totals / n_tokens).mean(axis=2) / np.log(2)
    gap = per_token[:, 0] - per_token[:, 1]
    subject = subject_hash(model, label)
    return [
        label.row(item.id, sample, metric, float(values[place]), judge="likelihood", subject=subject)
        for place, (item, sample) in enumerate(zip(asked.items, asked.samples, strict=True))
        for metric, values in (("log_odds", log_odds), ("gap", gap))
    ]


def _require_different(asked: Asked, bad: str, neutral: str) -> None:
    if persona(bad) == persona(neutral):
        raise UsageError(f"{bad} and {neutral} are one persona", right="two personas")
    for item in asked.items:
        if answer_text(item, bad) == answer_text(item, neutral):
            raise UsageError(
                f"{bad} and {neutral} give the same answer to item {item.id}",
                right="items to which they answer differently, such as advice",
                do="items(world, kind='advice')",
            )
