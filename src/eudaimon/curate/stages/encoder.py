"""Stage 2: a frozen encoder and small heads, on the segments that a cheaper stage was not sure of."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Int

from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.stages.answers import DOUBT, answers
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.stages.blend import Blend, fit_blend
from eudaimon.curate.stages.escalated import ESCALATED, apply_to_rows, excerpts_of
from eudaimon.curate.stages.excerpt import Excerpt, framed
from eudaimon.curate.stages.features import cached_features
from eudaimon.curate.stages.heads import Heads, Outputs
from eudaimon.curate.stages.reading import Encoder
from eudaimon.curate.stages.teach import Recipe, teach
from eudaimon.curate.taxonomy import STANCES
from eudaimon.models.load import load
from eudaimon.models.model import Model

FirstWord: TypeAlias = Callable[[Sequence[LabelledSegment]], Mapping[str, np.ndarray]]
"""Columns of scores, as in `Batch`, on labelled segments in their order."""
log = logging.getLogger(__name__)


class EncoderStage:
    """The heads on their encoder, as a `Stage`; ``record`` says how they were made.

    It reads the rows that the column `ESCALATED` marks, all voices where there is none, and gives those
    its scores in place of what stood there; columns that it has no head for stay. With a ``blend`` the
    scores that stood there count too. Documents of which it cannot score a segment get an error.
    """

    name = "encoder"
    number = 2

    def __init__(
        self,
        encoder: Encoder,
        heads: Heads,
        record: Mapping[str, Any] | None = None,
        blend: Blend | None = None,
    ) -> None:
        self.encoder, self.heads, self.record = encoder, heads, dict(record or {})
        self.blend = blend or Blend()
        self.hash = short_hash(["stage 2", encoder.hash, heads.hash, asdict(self.blend)])

    def label(
        self, excerpts: Sequence[Excerpt], first: Mapping[str, np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        """The columns of scores of these excerpts, in order, and an ``error`` where there is no number.

        ``first`` are the columns of the first stages on the same segments, which count by the blend. A voice
        that nobody quotes has the frame "none": words beside it could otherwise talk it free.
        """
        said = self.heads.outputs(self.encoder.features(excerpts))
        columns = answers(self.heads.heads, said if first is None else self._blended(said, first, excerpts))
        if "frame" in columns:
            quoted = np.array([item.quoted for item in excerpts], dtype=bool)
            none = np.int32(STANCES.index("none"))
            columns["frame"] = np.where(quoted | (columns["frame"] < 0), columns["frame"], none)
        reason = np.where(np.isnan(columns[DOUBT]), "the encoder gave no number", "").astype(object)
        return {**columns, "error": reason}

    def _blended(
        self, said: Outputs, first: Mapping[str, np.ndarray], excerpts: Sequence[Excerpt]
    ) -> Outputs:
        return self.blend(said, first, [item.text for item in excerpts])

    def run(self, batch: Batch) -> Batch:
        """The batch with the marked rows scored anew."""

        def label(rows: Int[np.ndarray, " chosen"]) -> Mapping[str, np.ndarray]:
            first = {name: values[rows] for name, values in batch.columns.items()}
            return self.label(excerpts_of(batch, rows), first)

        return apply_to_rows(batch, ESCALATED, self.number, label)


def fit_stage2(
    segments: Sequence[LabelledSegment],
    encoder: Model | Encoder | str | Path = "minilm",
    seed: int = 0,
    *,
    recipe: Recipe = Recipe(),  # noqa: B008 - frozen
    cache: str | Path | None = None,
    first: FirstWord | None = None,
) -> EncoderStage:
    """Stage 2 taught by labelled segments: ``train`` rows teach, ``calibration`` rows say when to stop.

    ``first`` gives the columns of the first stages on segments: with it the calibration rows also say how
    much these count beside stage 2.

    ``encoder`` is a model, its name or folder (any encoder or language model that `eudaimon.models.load`
    opens), or an `Encoder` that says how far to read. Features are computed once and kept in the folder
    ``cache``. Deterministic on one machine. Raises as `teach` does, and `UsageError` without segments.
    """
    if not segments:
        raise UsageError("there is no labelled segment to learn from", right="a list of LabelledSegment")
    reader = as_encoder(encoder)
    used = [row for row in segments if row.split != "test" and row.weight > 0]
    features = cached_features(reader, [labelled_excerpt(row) for row in used], cache)
    taught = teach(features, used, seed=seed, recipe=recipe)
    blend = None
    if first is not None:
        held = [row.split == "calibration" for row in used]
        calibrating = [row for row, is_one in zip(used, held, strict=True) if is_one]
        blend = fit_blend(taught.heads.outputs(features[held]), first(calibrating), calibrating)
    record = {
        "recipe": asdict(recipe),
        "seed": seed,
        "n_train": taught.n_train,
        "n_calibration": taught.n_calibration,
        "epochs": taught.epochs,
        "best_epoch": taught.best_epoch,
        "calibration_losses": taught.losses,
        "sources": sorted({row.source for row in used}),
        "data": short_hash([[labelled_excerpt(row).hash, repr(row)] for row in used]),
    }
    log.info("stage 2 taught by %d segments: %s", taught.n_train, taught.losses)
    return EncoderStage(reader, taught.heads, record, blend)


def labelled_excerpt(row: LabelledSegment) -> Excerpt:
    """What the encoder reads of a labelled segment."""
    return framed(row.text, before=row.before, after=row.after, frame=row.frame_text, voice=row.voice)


def as_encoder(encoder: Model | Encoder | str | Path) -> Encoder:
    """The encoder itself, or one that reads by this model, name or folder as far as is usual."""
    if isinstance(encoder, Encoder):
        return encoder
    return Encoder(encoder if isinstance(encoder, Model) else load(encoder))
