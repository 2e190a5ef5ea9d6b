"""Cascades in folders: the stages with their escalation, and a scorer with a judge behind it."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import as_file, files
from pathlib import Path

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json, write_json
from eudaimon.curate.cascade import Cascade
from eudaimon.curate.scorer import SCORER_FILE, Scorer, open_scorer
from eudaimon.curate.stages.encoder import EncoderStage
from eudaimon.curate.stages.encoder_files import open_stage2, save_stage2
from eudaimon.curate.stages.escalation import Escalation, open_escalation, save_escalation
from eudaimon.curate.stages.judge import JudgeOptions, JudgeStage
from eudaimon.curate.stages.lexicon import Lexicon
from eudaimon.curate.stages.linear import LinearModel
from eudaimon.curate.stages.provenance import ProvenanceStage
from eudaimon.curate.stages.stage1 import save_stage1, stage1_stages
from eudaimon.curate.stages.staged import StagedScorer
from eudaimon.models.model import Model

STAGE1, STAGE2 = "stage1", "stage2"
KIND, JUDGED = "cascade", "judged"


def save_cascade(
    folder: str | Path,
    model: LinearModel,
    stage2: EncoderStage,
    escalation: Escalation,
    *,
    lexicon: Lexicon | None = None,
    provenance: ProvenanceStage | None = None,
) -> Path:
    """Write a folder that `open_cascade` opens: ``stage1/``, ``stage2/``, the escalation, ``scorer.json``."""
    folder = Path(folder)
    save_stage1(model, folder / STAGE1, lexicon=lexicon, provenance=provenance)
    save_stage2(stage2, folder / STAGE2)
    save_escalation(escalation, folder)
    write_json(folder / SCORER_FILE, {"kind": KIND})
    return folder


def open_cascade(folder: str | Path, encoder: Model | str | Path | None = None) -> Cascade:
    """The cascade in a folder; ``encoder`` as in `open_stage2`. Raises as the parts do."""
    folder = Path(folder)
    return Cascade(
        stage1_stages(folder / STAGE1),
        open_stage2(folder / STAGE2, encoder),
        None,
        open_escalation(folder),
    )


def open_shipped() -> Cascade:
    """The shipped cascade: provenance, lexicon, linear model and encoder."""
    with as_file(files("eudaimon.curate") / "models") as shipped:
        return open_cascade(shipped)


def with_judge(scorer: Scorer, judge: JudgeStage, escalation: Escalation | None = None) -> Cascade:
    """The scorer with a judge behind it; raises `UsageError` for one that is not made of stages.

    ``escalation`` is that of the scorer, where it is a cascade, and else the default.
    """
    if isinstance(scorer, Cascade):
        return Cascade(scorer.first, scorer.encoder, judge, escalation or scorer.escalation)
    if isinstance(scorer, StagedScorer):
        return Cascade(scorer, None, judge, escalation)
    raise UsageError("this scorer has no stages for a judge to stand behind", right="stage1, or a cascade")


def save_judged(folder: str | Path, scorer: str | Path, options: JudgeOptions) -> Path:
    """Write a folder that opens as the named scorer with a judge behind it, for every process of a run.

    The name of the variable with the key is written, never the key. ``options.max_calls`` counts for each
    process: see `JudgeOptions.shared_by`.
    """
    name = str(Path(scorer).resolve()) if Path(scorer).exists() else str(scorer)
    about = asdict(options)
    if options.records is not None:
        about["records"] = str(Path(options.records).resolve())
    return write_json(Path(folder) / SCORER_FILE, {"kind": JUDGED, "scorer": name, "judge": about}).parent


def open_judged(folder: str | Path) -> Cascade:
    """The scorer with a judge in a folder that `save_judged` wrote; raises `UsageError` when it is none."""
    path = Path(folder) / SCORER_FILE
    try:
        about = read_json(path)
        name, options = about["scorer"], JudgeOptions(**about["judge"])
    except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise UsageError(
            f"{path} names no scorer and judge: {error}", right="a folder of `save_judged`"
        ) from error
    return with_judge(open_scorer(name), JudgeStage(options))
