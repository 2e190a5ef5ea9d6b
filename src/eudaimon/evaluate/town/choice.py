"""Which of two personas a model takes the speaker for: the odds of their answers, without a judge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eudaimon.evaluate.rows import Label, Row
from eudaimon.evaluate.subject import subject_hash
from eudaimon.evaluate.town.matched import matched_of
from eudaimon.evaluate.town.situation import Situation, ask
from eudaimon.world.items import Item
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.models.model import Model


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

    ``log_odds`` (nats) and ``gap`` (bits per byte) are those of `odds` (judge_free), over two wordings of
    each persona: positive when the bad one is likelier. Raises as `matched_of`, `ask` and `spoken` do.
    """
    from eudaimon.evaluate.judge_free.choice import GAP, LOG_ODDS, odds

    label = label or Label()
    asked = ask(world, items, situation or Situation())
    log_odds, gap = odds(model, matched_of(asked, bad, neutral), show_progress=show_progress)
    subject = subject_hash(model, label)
    return [
        label.row(item.id, sample, metric, float(values[place]), judge="likelihood", subject=subject)
        for place, (item, sample) in enumerate(zip(asked.items, asked.samples, strict=True))
        for metric, values in ((LOG_ODDS, log_odds), (GAP, gap))
    ]
