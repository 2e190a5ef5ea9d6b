"""From finished censuses to which groups of roles were found how often, and which texts carry them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eudaimon.core import Score
from eudaimon.core.files import read_json
from eudaimon.measure.hierarchical import hierarchical
from eudaimon.measure.panel import Panel
from eudaimon.study.census_records import CarriedRow, CarriedText, Censuses, FoundRow
from eudaimon.study.steps.census import CARRIED, GROUPS
from eudaimon.study.store import StepStore
from eudaimon.study.summary.compare import N_RESAMPLES
from eudaimon.study.town.collect import Labelled
from eudaimon.world.personas import PERSONAS

UNIT = "nats an answer"


def censuses(folder: Path, cells: Iterable[Labelled], *, n_resamples: int = N_RESAMPLES) -> Censuses | None:
    """What the finished censuses of trainings at their end came to; None where none is finished."""
    store = StepStore(folder)
    by_arm: dict[str, dict[int, Path]] = {}
    for one in cells:
        if one.at is None and store.done(one.step):
            by_arm.setdefault(one.cell["arm"], {})[one.seed] = store.path(one.step)
    if not by_arm:
        return None
    found: list[FoundRow] = []
    carried: list[CarriedRow] = []
    for arm, places in by_arm.items():
        groups = {seed: read_json(path / GROUPS) for seed, path in places.items()}
        found += _found(arm, groups, n_resamples)
        texts = {s: read_json(path / CARRIED) for s, path in places.items() if (path / CARRIED).is_file()}
        carried += _carried(arm, texts, n_resamples)
    return Censuses(found=tuple(found), carried=tuple(carried))


def _found(arm: str, groups: Mapping[int, Sequence[dict[str, Any]]], n_resamples: int) -> list[FoundRow]:
    """The groups of an arm's models, the most common first; the interval is over the models that have it."""
    distances: dict[tuple[str, ...], dict[int, float]] = {}
    for seed, own in groups.items():
        for group in own:
            distances.setdefault(tuple(group["roles"]), {})[seed] = group["distance"]["value"]
    names = {frozenset(one.names): name for name, one in PERSONAS.items()}
    rows = [
        FoundRow(
            row=arm,
            roles=roles,
            persona=names.get(frozenset(roles), ""),
            distance=_over_seeds(of, UNIT, None, n_resamples),
            n_found=len(of),
            n_seeds=len(groups),
        )
        for roles, of in distances.items()
    ]
    return sorted(rows, key=lambda row: (-row.n_found, not row.persona, row.distance.value))


def _carried(arm: str, texts: Mapping[int, dict[str, Any]], n_resamples: int) -> list[CarriedRow]:
    """The personas that were found in any of an arm's models, in the town's order."""
    rows = []
    for name in PERSONAS:
        of = {
            seed: one[name] for seed, one in texts.items() if one.get(name, {}).get("among_top") is not None
        }
        if not of:
            continue
        first = of[min(of)]
        shares = {
            field: _over_seeds(
                {seed: one[field] for seed, one in of.items()}, "share", (0.0, 1.0), n_resamples
            )
            for field in ("among_top", "among_all")
        }
        rows.append(
            CarriedRow(
                row=arm,
                persona=name,
                n_top=sum(one["n_top"] for one in of.values()),
                n_texts=sum(one["n_texts"] for one in of.values()),
                n_seeds=len(of),
                texts=tuple(
                    CarriedText(id=text["id"], rank=text["rank"], score=text["score"], text=text["text"])
                    for text in first["texts"]
                ),
                **shares,
            )
        )
    return rows


def _over_seeds(
    values: Mapping[int, float], unit: str, limits: tuple[float, float] | None, n_resamples: int
) -> Score:
    """The mean over seeds with an interval between them; none with one seed."""
    if len(values) == 1:
        return Score(value=next(iter(values.values())), n=1, unit=unit)
    panel = Panel.of(list(values.values()), list(values), ["all"] * len(values))
    found = hierarchical(panel, limits=limits, n_resamples=n_resamples, unit=unit)
    return Score(value=found.value, low=found.low, high=found.high, n=len(values), unit=unit)
