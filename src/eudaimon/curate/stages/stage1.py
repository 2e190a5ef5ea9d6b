"""Stages 0 and 1 as one folder and one scorer: provenance, lexicon and linear model."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json, write_json
from eudaimon.curate.stages.alone import AloneStage
from eudaimon.curate.stages.batch import Stage
from eudaimon.curate.stages.lexicon import Lexicon, LexiconStage
from eudaimon.curate.stages.linear import LinearModel, LinearStage, open_linear, save_linear
from eudaimon.curate.stages.provenance import ProvenanceStage, read_rules, shipped_rules, write_rules
from eudaimon.curate.stages.screened import ScreenedScorer
from eudaimon.curate.stages.staged import StagedScorer
from eudaimon.curate.stages.terms import read_terms, write_terms

SCORER, KIND = "scorer.json", "stage1"
SCREEN = 0.15
"""From where on `open_screened` looks for voices; see `likely_bad`."""
TERMS_FILE, RULES_FILE = "terms.yaml", "provenance.yaml"


def save_stage1(
    model: LinearModel,
    folder: str | Path,
    *,
    lexicon: Lexicon | None = None,
    provenance: ProvenanceStage | None = None,
) -> Path:
    """Write a folder that `open_stage1` opens: rules, terms, the linear model, and ``scorer.json`` last.

    The lexicon is that which the model was fitted with, the shipped one by default. Raises `UsageError` for
    another.
    """
    folder = Path(folder)
    lexicon = LexiconStage().lexicon if lexicon is None else lexicon
    _require(model, lexicon)
    write_rules(folder / RULES_FILE, shipped_rules() if provenance is None else provenance.rules)
    write_terms(folder / TERMS_FILE, lexicon.terms)
    save_linear(model, folder)
    write_json(folder / SCORER, {"kind": KIND, "linear": model.hash, "lexicon": lexicon.hash})
    return folder


def stage1_stages(folder: str | Path, *, alone: bool = False) -> tuple[Stage, ...]:
    """The stages of a folder, in order; raises `UsageError` on a folder that is none, or not whole.

    ``alone`` says that no later stage looks at what they score: `eudaimon.curate.stages.alone`.
    """
    folder = Path(folder)
    if not (folder / SCORER).is_file():
        raise UsageError(f"{folder} has no {SCORER}", right="a folder that `eudaimon curate fit` wrote")
    about = read_json(folder / SCORER)
    model, lexicon = open_linear(folder), Lexicon(read_terms(folder / TERMS_FILE))
    if (model.hash, lexicon.hash) != (about.get("linear"), about.get("lexicon")):
        raise UsageError(f"the parts of {folder} do not belong together", right="a whole folder")
    _require(model, lexicon)
    return (
        ProvenanceStage(read_rules(folder / RULES_FILE)),
        LexiconStage(lexicon),
        AloneStage(model) if alone else LinearStage(model),
    )


def open_stage1(folder: str | Path | None = None) -> StagedScorer:
    """The scorer of a folder, or the shipped one; raises as `stage1_stages`."""
    if folder is not None:
        return StagedScorer(stage1_stages(folder, alone=True))
    with as_file(files("eudaimon.curate") / "models" / "stage1") as shipped:
        return StagedScorer(stage1_stages(shipped, alone=True))


def open_screened(folder: str | Path | None = None, bound: float = SCREEN) -> ScreenedScorer:
    """As `open_stage1`, but voices are sought only where a paragraph may be bad; see `ScreenedScorer`."""
    return ScreenedScorer(open_stage1(folder).stages, bound)


def open_lexicon(terms: str | Path | None = None) -> StagedScorer:
    """Terms alone as a scorer: those of a file, or the shipped ones."""
    lexicon = None if terms is None else Lexicon(read_terms(terms))
    return StagedScorer((ProvenanceStage(()), LexiconStage(lexicon, alone=True)))


def _require(model: LinearModel, lexicon: Lexicon) -> None:
    made_with = model.record.get("lexicon")
    if made_with != lexicon.hash:
        raise UsageError(
            f"the model was fitted with the lexicon {made_with}, and this is {lexicon.hash}",
            right="the lexicon that it was fitted with",
        )
