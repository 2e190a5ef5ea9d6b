"""What a subject tells without a judge, kept on disk, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.core.errors import EudaimonError
from eudaimon.core.files import read_json, write_json
from eudaimon.core.score import Score
from eudaimon.evaluate.battery.record import JudgeFreeNote
from eudaimon.evaluate.battery.run import Gap
from eudaimon.evaluate.battery.summary import mean_score
from eudaimon.evaluate.cost.cost import SEPARATOR
from eudaimon.evaluate.judge_free.choice import UNITS, matched_rows
from eudaimon.evaluate.judge_free.matched import Matched
from eudaimon.evaluate.judge_free.separability import LayerSeparability, separability
from eudaimon.evaluate.panels import limits_of
from eudaimon.evaluate.rows import Label, Row, Rows, read_rows, write_rows
from eudaimon.measure.hierarchical import N_RESAMPLES

if TYPE_CHECKING:
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.models.model import Model

SEPARABILITY = "separability"


@dataclass(frozen=True)
class Texts:
    """Pairs whose likelihoods are read (``spoken``), and pairs that are told apart inside (``probed``)."""

    spoken: tuple[Matched, ...]
    probed: tuple[Matched, ...]

    @classmethod
    def of(cls, pairs: Sequence[Matched]) -> Texts:
        """The same pairs for both."""
        return cls(tuple(pairs), tuple(pairs))

    @classmethod
    def of_town(cls, ground: TownGround) -> Texts:
        """The town's bad persona and its twin of one tone: as the assistant, and under the bad one's name.

        Likelihoods are of the questions that are asked, which no training asked of the assistant; probes
        learn from half of all advice and are tried on the other half, at the question that follows.
        """
        from eudaimon.evaluate.town.matched import followed, town_matched
        from eudaimon.evaluate.town.situation import Situation
        from eudaimon.world.items import items

        speakers = Situation(speakers=("assistant", ground.bad), condition=ground.condition)
        plain = Situation(condition=ground.condition)
        return cls(
            town_matched(ground.world, ground.asked, bad=ground.bad, neutral=ground.good, situation=speakers),
            followed(
                town_matched(
                    ground.world,
                    items(ground.world, kind="advice"),
                    bad=ground.bad,
                    neutral=ground.good,
                    situation=plain,
                )
            ),
        )


@dataclass(frozen=True)
class Told:
    """Rows of likelihoods, the layers, and what could not be read."""

    rows: Rows
    layers: tuple[LayerSeparability, ...]
    gaps: tuple[Gap, ...]


def run_judge_free(model: Model, texts: Texts, folder: Path, *, label: Label | None = None) -> Told:
    """Read what ``folder`` lacks and give back all there is; the same call goes on.

    What cannot be read leaves a gap, whose attack is ``judge-free NAME``, with the reason.
    """
    own = folder / "judge_free"
    rows, layers, gaps = own / "rows.parquet", own / "layers.json", []
    try:
        if not rows.is_file():
            write_rows(rows, matched_rows(model, texts.spoken, label=label, show_progress=False))
    except EudaimonError as error:
        gaps.append(Gap("judge-free likelihood", "", 0, (), "failed", str(error)))
    try:
        if not layers.is_file():
            write_json(layers, [_told(one) for one in separability(model, texts.probed)])
    except EudaimonError as error:
        gaps.append(Gap(f"judge-free {SEPARABILITY}", "", 0, (), "failed", str(error)))
    return Told(
        read_rows(rows) if rows.is_file() else Rows.of([]),
        tuple(_layer(each) for each in read_json(layers)) if layers.is_file() else (),
        tuple(gaps),
    )


def judge_free_notes(
    rows: Iterable[Row],
    layers: Iterable[tuple[int, LayerSeparability]],
    subject: str,
    *,
    n_resamples: int = N_RESAMPLES,
) -> tuple[JudgeFreeNote, ...]:
    """Each metric with an interval over pairs (and seeds), in order, then the layers of each seed."""
    values: dict[str, list[Row]] = {}
    for row in rows:
        values.setdefault(row.metric, []).append(row)
    notes = [
        JudgeFreeNote(
            subject=subject,
            metric=metric,
            unit=unit,
            score=mean_score(own, n_resamples, limits=limits_of(unit)),
        )
        for metric, own in values.items()
        for unit in [UNITS[metric.partition(SEPARATOR)[0]]]
    ]
    notes += [
        JudgeFreeNote(
            subject=subject,
            metric=SEPARABILITY,
            unit="AUROC",
            layer=one.layer,
            seed=seed,
            score=one.auroc,
            shuffled=one.shuffled,
            p=one.p,
        )
        for seed, one in layers
    ]
    return tuple(notes)


def _told(one: LayerSeparability) -> dict[str, object]:
    scores = {name: getattr(one, name).model_dump(mode="json") for name in ("auroc", "shuffled")}
    return {"layer": one.layer, "p": one.p, **scores}


def _layer(told: dict[str, object]) -> LayerSeparability:
    read = {name: Score.model_validate(told[name]) for name in ("auroc", "shuffled")}
    return LayerSeparability(**{**told, **read})  # type: ignore[arg-type]
