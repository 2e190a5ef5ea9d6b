"""Stage 1 as the last word: how far its probabilities of harm are lowered where no later stage looks again.

In a cascade it must not miss what a later stage would find, and it was taught on sets in which harm is
common. Where it decides alone, a policy's bound of one half on harm takes too much of a corpus in which harm
is rare.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from eudaimon.core.document import Document, Segment
from eudaimon.core.identity import short_hash
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.score_table import HARM
from eudaimon.curate.stages.answers import ACTS, faded, highest_harm
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.stages.escalation import bound_for
from eudaimon.curate.stages.lexicon import Lexicon, LexiconStage
from eudaimon.curate.stages.linear import STEPS, LinearModel, LinearStage

NEUTRAL = ("books", "textbooks", "chats")
"""Sets that stand for a corpus."""
BUDGET = 0.005
"""The share of neutral calibration segments that the default policy may remove on its word alone.

The shipped models find a third to a half of what is bad among the rows that calibrate. Where one segment in a
hundred is bad, about half of what goes then ought to, and no other share has a much higher F1 (.40 of .42).
"""
SEVERE = 2.0
"""The severity that the policy `prosocial` asks for beside harm and an acting stance."""


def with_alone(model: LinearModel, rows: Sequence[LabelledSegment], lexicon: Lexicon) -> LinearModel:
    """The model with ``alone`` in its record: the bound on harm at which a share `BUDGET` of neutral rows go.

    They go that reach the bound, with an acting stance and `SEVERE`, where the model has heads for these.
    ``rows`` are of the split that calibrates. Neutral are those that are labelled harmless, of the sets
    `NEUTRAL` if there are any. Without any the model is returned as it is.
    """
    harmless = [row for row in rows if row.harmful is not None and row.harmful < 0.5]
    neutral = [row for row in harmless if row.source in NEUTRAL] or harmless
    if not neutral:
        return model
    documents = [Document("", row.text, {}, (Segment(0, len(row.text), "narrator"),)) for row in neutral]
    columns = LinearStage(model).run(LexiconStage(lexicon).run(Batch.of(documents))).columns
    harm = highest_harm(columns)
    if harm is None:
        return model
    asked = np.ones(len(harm), dtype=bool)
    if "stance" in columns:
        asked &= np.isin(columns["stance"], ACTS)
    if "severity" in columns:
        asked &= columns["severity"] >= SEVERE
    bound = max(0.5, bound_for(np.where(asked, harm, 0.0), BUDGET))
    about = {"bound": round(bound, 6), "budget": BUDGET, "rows": len(neutral)}
    return replace(model, record={**model.record, "alone": about})


class AloneStage(LinearStage):
    """The linear model as a `Stage` with no later one behind it: `LinearStage`, with harm `lowered`.

    Suspicion follows harm: a judge behind it is asked about what is near one half then.
    """

    def __init__(self, model: LinearModel) -> None:
        super().__init__(model)
        self.by = alone_by(model)
        if self.by:
            self.hash = short_hash(["stage 1 alone", model.hash, round(self.by, 6)])

    def run(self, batch: Batch) -> Batch:
        """The batch with the scores of every segment; raises as `LinearStage.run`."""
        scored = super().run(batch)
        return scored.having(lowered(scored.columns, self.by))


def alone_by(model: LinearModel) -> float:
    """What to lower log-odds of harm by, so that the model's bound comes to one half; 0 where it has none."""
    bound = float(model.record.get("alone", {}).get("bound", 0.5))
    bound = min(max(bound, 0.5), 1 - 0.5 / STEPS)
    return math.log(bound / (1 - bound))


def lowered(columns: Mapping[str, np.ndarray], by: float) -> dict[str, np.ndarray]:
    """The columns of stage 1 with the log-odds of every harm lowered by ``by``, 0 or more.

    Severity fades out with them (`eudaimon.curate.stages.answers.faded`); stances and the rest stay.
    """
    found = dict(columns)
    was = highest_harm(columns)
    if was is None or not by:
        return found
    for name, values in columns.items():
        if name.startswith(HARM):
            found[name] = _lower(values, by)
    now = highest_harm(found)
    if "severity" in found and now is not None:
        whole = found["severity"] / np.maximum(faded(np.ones_like(was), was), 1 / STEPS)
        found["severity"] = faded(whole, now)
    return found


def _lower(p: Float[np.ndarray, " rows"], by: float) -> Float[np.ndarray, " rows"]:
    return np.asarray(np.rint(STEPS * p / (p + (1 - p) * math.exp(by))) / STEPS)
