"""Distil: what the judge said becomes training text of the cheaper stages, which are then fitted anew."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from eudaimon.core.files import write_json
from eudaimon.curate.cascade import Cascade
from eudaimon.curate.cascade_files import save_cascade
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.score_table import HARM
from eudaimon.curate.stages.batch import CODED, Stage
from eudaimon.curate.stages.encoder import EncoderStage, fit_stage2, labelled_excerpt
from eudaimon.curate.stages.escalation import Escalation, bound_for
from eudaimon.curate.stages.first_words import first_words
from eudaimon.curate.stages.judged import judged_segments
from eudaimon.curate.stages.lexicon import LexiconStage
from eudaimon.curate.stages.linear import SUSPICION, LinearStage
from eudaimon.curate.stages.linear_fit import fit_stage1
from eudaimon.curate.stages.provenance import ProvenanceStage
from eudaimon.curate.stages.reading import Encoder
from eudaimon.curate.stages.teach import Recipe
from eudaimon.models.model import Model

log = logging.getLogger(__name__)

RECORD = "distil.json"


@dataclass(frozen=True)
class Agreement:
    """How well a stage agrees with the judge on rows that it did not learn from.

    ``harm``: the share of rows on which both say that there is some, or none (probability of a half);
    ``stance``: the share with the same stance; ``severity``: the mean absolute difference, 0 to 5. NaN where
    the stage does not say. Every row counts by its weight, so that shares are those of the corpus judged.
    """

    n: int
    harm: float
    stance: float
    severity: float


@dataclass(frozen=True)
class Distilled:
    """What distilling gave: the folder, how many labels there were, and agreement with the judge by stage.

    Keys of ``agreement`` are ``stage 1``, ``stage 2``, and with the word ``before`` those of the cascade that
    was distilled into, where one was given.
    """

    folder: Path
    n_judged: int
    n_refused: int
    n_others: int
    n_base: int
    agreement: Mapping[str, Agreement]


def distil(
    records: str | Path,
    out: str | Path,
    base: Sequence[LabelledSegment] = (),
    *,
    encoder: Model | Encoder | str | Path = "minilm",
    before: Cascade | None = None,
    seed: int = 0,
    judge: str | None = None,
    weight: float = 1.0,
    recipe: Recipe = Recipe(),  # noqa: B008 - frozen
    cache: str | Path | None = None,
) -> Distilled:
    """Fit stages 1 and 2 on the labels in the folder ``records`` beside the ``base`` set, into ``out``.

    ``out`` becomes a cascade's folder. Judged rows weigh as `judged_segments` says, ``weight`` in the mean.
    Provenance, lexicon and the shares of escalation are those of the cascade ``before``, else the shipped
    ones; the bound of escalation is set anew, so that as large a share of the calibration rows passes it as
    passed the old one, or of those without harm as large a share as the budget where there was none. Raises
    as the fits do, and `UsageError` where there are no labels.
    """
    out = Path(out)
    judged = judged_segments(records, judge=judge, weight=weight)
    rows = [*base, *judged.segments]
    held = [row for row in judged.segments if row.split == "test"]
    calibration = [row for row in rows if row.split == "calibration"]
    old = before.first.stages if before else ()
    lexicon = next((stage.lexicon for stage in old if isinstance(stage, LexiconStage)), None)
    provenance = next((stage for stage in old if isinstance(stage, ProvenanceStage)), ProvenanceStage())
    model = fit_stage1(rows, seed, lexicon=lexicon)
    first = (provenance, LexiconStage(lexicon), LinearStage(model))
    second = fit_stage2(rows, encoder, seed, recipe=recipe, cache=cache, first=partial(first_words, first))
    agreement = {}
    if before is None:
        escalation, among = Escalation(), [row for row in calibration if not row.harmful] or calibration
        share = escalation.budget
    else:
        escalation, among = before.escalation, calibration
        share = float(np.mean(first_words(old, among)[SUSPICION] >= escalation.bound))
        agreement["stage 1 before"] = agree(first_words(old, held), held)
        if isinstance(before.encoder, EncoderStage):
            agreement["stage 2 before"] = agree(second_words(before.encoder, held, old), held)
    agreement["stage 1"] = agree(first_words(first, held), held)
    agreement["stage 2"] = agree(second_words(second, held, first), held)
    bound = bound_for(first_words(first, among)[SUSPICION], share)
    escalation = replace(escalation, bound=bound)
    save_cascade(out, model, second, escalation, lexicon=lexicon, provenance=provenance)
    distilled = Distilled(out, len(judged.segments), judged.refused, judged.others, len(base), agreement)
    record = {**asdict(distilled), "folder": str(out.name), "records": Path(records).name, "seed": seed}
    write_json(out / RECORD, _without_nan(record))
    return distilled


def agree(columns: Mapping[str, np.ndarray], rows: Sequence[LabelledSegment]) -> Agreement:
    """How well columns of scores agree with the labels of the same rows."""
    weights = np.array([row.weight for row in rows])
    harms = [values for name, values in columns.items() if name.startswith(HARM)]
    harm = stance = severity = float("nan")
    if rows and harms:
        said = np.fmax.reduce(harms) >= 0.5
        wanted = np.array([(row.harmful or 0.0) >= 0.5 for row in rows])
        harm = float(np.average(said == wanted, weights=weights))
    if rows and "stance" in columns:
        same = [
            CODED["stance"][code] == row.stance for code, row in zip(columns["stance"], rows, strict=True)
        ]
        stance = float(np.average(same, weights=weights))
    if rows and "severity" in columns:
        gaps = [
            abs(value - (row.severity or 0.0)) for value, row in zip(columns["severity"], rows, strict=True)
        ]
        severity = float(np.average(gaps, weights=weights))
    return Agreement(len(rows), harm, stance, severity)


def second_words(
    stage: EncoderStage, rows: Sequence[LabelledSegment], first: Sequence[Stage] = ()
) -> Mapping[str, np.ndarray]:
    """What the encoder stage says of labelled rows, after these first stages."""
    return stage.label([labelled_excerpt(row) for row in rows], first_words(first, rows)) if rows else {}


def _without_nan(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_nan(part) for name, part in value.items()}
    return None if isinstance(value, float) and np.isnan(value) else value
