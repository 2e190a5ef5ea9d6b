"""Fitting the cascade on labelled segments: stages, bound of escalation and record, in one folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json, write_json
from eudaimon.core.identity import short_hash
from eudaimon.curate.cascade_files import STAGE1, STAGE2, save_cascade
from eudaimon.curate.labelled.lines import as_row
from eudaimon.curate.labelled.segment import LabelledSegment, Split
from eudaimon.curate.labelled.sets import SETS
from eudaimon.curate.labelled.splits import of_split, sampled
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.stages.escalation import (
    Escalation,
    bound_for,
    open_escalation,
    save_escalation,
    suspicions,
)
from eudaimon.curate.stages.lexicon import LexiconStage
from eudaimon.curate.stages.linear import LinearModel, LinearStage, open_linear
from eudaimon.curate.stages.linear_fit import fit_stage1
from eudaimon.curate.stages.stage1 import save_stage1

if TYPE_CHECKING:
    from eudaimon.models.model import Model

StageName: TypeAlias = Literal["stage1", "stage2"]
STAGES: tuple[StageName, ...] = get_args(StageName)
RECORD = "fit.json"
FORMAT, FORMAT_VERSION = "eudaimon-curate-fit", 1

MOST: Mapping[StageName, Mapping[str, int]] = {
    "stage1": {"frames": 30_000},
    "stage2": {
        "books": 1200,
        "chats": 600,
        "comments": 7000,
        "dialogues": 800,
        "ethics": 3000,
        "frames": 15_000,
        "textbooks": 800,
    },
}
"""Rows of a source that a stage learns from, drawn by hash; all of those of other sources."""
DERIVED = {"frames": "that of what is framed", "told": "that of the requests"}
"""Sources that are made of others, and their licence."""
NEUTRAL = ("books", "textbooks", "chats")
"""Sources that stand for a corpus when the bound of escalation is set."""


def fit_scorer(
    segments: Sequence[LabelledSegment],
    out: str | Path,
    *,
    stages: Sequence[StageName] = STAGES,
    encoder: Model | str | Path = "minilm",
    seed: int = 0,
    budget: float = 0.15,
    cache: str | Path | None = None,
) -> Path:
    """The folder of a scorer fitted on labelled segments, for `eudaimon.curate.open_scorer`.

    It gets ``stage1/``, which is a scorer of its own, ``stage2/``, the escalation and, last, ``fit.json``:
    how many rows of which source and licence taught and calibrated, seeds, and a hash of the rows. Stage 2
    can be fitted later, beside the stage 1 that is there. Rows of the split ``test`` are not looked at. The
    escalation's bound lets a share ``budget`` of the neutral sources' rows go on to stage 2, or of all rows
    without harm where there are no such sources. ``encoder`` is what stage 2 reads by, ``cache`` a folder for
    its features. The same rows and seed give the same bytes on one machine. Raises `UsageError` for no stage,
    stage 2 without stage 1, and where the rows teach nothing.
    """
    if not stages or set(stages) - set(STAGES):
        raise UsageError(f"{', '.join(stages) or 'nothing'} is to be fitted", right=" or ".join(STAGES))
    out = Path(out)
    record: dict[str, Any] = {"format": FORMAT, "format_version": FORMAT_VERSION, "seed": seed}
    if (out / RECORD).is_file():
        record = {**read_json(out / RECORD), **record}
    if "stage1" in stages:
        rows = rows_for("stage1", segments, seed)
        model = fit_stage1(rows, seed)
        save_stage1(model, out / STAGE1)
        escalation = escalation_of(model, segments, budget)
        save_escalation(escalation, out)
        record[STAGE1] = {"hash": model.hash, "bound": escalation.bound, "budget": budget, **_counts(rows)}
    if "stage2" in stages:
        from eudaimon.curate.stages.encoder import fit_stage2
        from eudaimon.curate.stages.first_words import first_words

        if not (out / STAGE1).is_dir():
            raise UsageError(f"{out} has no stage 1 yet", right="both stages", do="--stage stage1")
        rows = rows_for("stage2", segments, seed)
        model = open_linear(out / STAGE1)
        first = partial(first_words, (LexiconStage(), LinearStage(model)))
        stage = fit_stage2(rows, encoder, seed, cache=cache, first=first)
        save_cascade(out, model, stage, open_escalation(out))
        record[STAGE2] = {"hash": stage.hash, **_counts(rows)}
    write_json(out / RECORD, record)
    return out


def rows_for(stage: StageName, segments: Sequence[LabelledSegment], seed: int) -> list[LabelledSegment]:
    """The rows that a stage learns from: at most so many of each source, and no test rows.

    Their order is that of sources' names and of hashes, whatever order they came in.
    """
    used = [each for each in of_split(segments, "train", "calibration") if each.weight > 0]
    found: list[LabelledSegment] = []
    for source in sorted({each.source for each in used}):
        here = [each for each in used if each.source == source]
        most = MOST[stage].get(source, len(here))
        found += sampled(here, most, lambda each: f"{each.text}\0{each.kind}\0{each.group}", seed)
    return found


def escalation_of(model: LinearModel, segments: Sequence[LabelledSegment], budget: float) -> Escalation:
    """The escalation whose bound lets a share ``budget`` of neutral calibration rows through.

    Training rows stand in where nothing neutral calibrates.
    """
    splits: tuple[Split, ...] = ("calibration", "train")
    for split in splits:
        held = of_split(segments, split)
        neutral = [each for each in held if each.source in NEUTRAL] or [
            each for each in held if each.harmful is not None and each.harmful < 0.5
        ]
        if neutral:
            break
    else:
        return Escalation(budget=budget)
    documents = [Document(str(number), each.text) for number, each in enumerate(neutral)]
    scored = LinearStage(model).run(LexiconStage().run(Batch.of(documents)))
    highest = np.zeros(len(documents))
    # Each row is one voice: what it quotes is looked at with it.
    np.maximum.at(highest, scored.spans.document, suspicions(scored))
    return Escalation(bound=bound_for(highest, budget), budget=budget)


def _counts(rows: Sequence[LabelledSegment]) -> dict[str, Any]:
    counts = Counter((each.source, each.split) for each in rows)
    licences = {**{name: each.licence for name, each in SETS.items()}, **DERIVED}
    sources = {
        source: {
            "train": counts[source, "train"],
            "calibration": counts[source, "calibration"],
            "licence": licences.get(source, "not stated"),
        }
        for source in sorted({source for source, _ in counts})
    }
    return {"rows": len(rows), "data": short_hash([as_row(each) for each in rows]), "sources": sources}
