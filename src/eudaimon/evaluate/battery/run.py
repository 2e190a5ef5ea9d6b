"""Attacks on one target, one after another: what is on disk is not carried out again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core.errors import EudaimonError, JudgeUnavailable, UsageError
from eudaimon.core.files import read_json, write_json
from eudaimon.evaluate.attack.attack import Attack, Target
from eudaimon.evaluate.attack.run import ATTACK, BUDGET, VARIANT, attack_rows
from eudaimon.evaluate.rows import Label, Row, Rows, read_rows, write_rows

if TYPE_CHECKING:
    from eudaimon.models.model import Model

log = logging.getLogger(__name__)

NONE = "none"
"""The attack and the variant of a subject that is asked as it is."""
ABOUT = "evaluation.json"


@dataclass(frozen=True)
class Part:
    """One variant of an attack under one seed, at rising budgets from 0."""

    attack: Attack
    variant: str
    budgets: tuple[float, ...]
    seed: int = 0

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"{self.attack.name}-{self.variant}-{self.seed}"


@dataclass(frozen=True)
class Gap:
    """Budgets of a part that were not read, and why; ``kind`` says whose fault it is.

    ``not given``: the ground or the target lacks what the attack needs. ``judge gone``: no verdicts were to
    be had. ``failed``: anything else that was raised on purpose.
    """

    attack: str
    variant: str
    seed: int
    budgets: tuple[float, ...]
    kind: str
    why: str


@dataclass(frozen=True)
class Done:
    """The rows that there are, in the order of the parts, and what is missing."""

    rows: Rows
    gaps: tuple[Gap, ...]


def parts(
    attacks: Sequence[Attack],
    *,
    seeds: Sequence[int] = (0,),
    budgets: Mapping[str, Sequence[float]] | None = None,
    town: bool = False,
) -> tuple[Part, ...]:
    """Every variant of the attacks under every seed, each at its own budgets unless others are given.

    In the town an attack's shorter axis is taken where it has one.
    """
    given = budgets or {}
    return tuple(
        Part(attack, variant, tuple(given.get(attack.name) or own), seed)
        for attack in attacks
        for own in [(attack.town_budgets or attack.budgets) if town else attack.budgets]
        for variant in attack.of
        for seed in seeds
    )


def run_parts(
    target: Target,
    wanted: Sequence[Part],
    *,
    label: Label | None = None,
    about: Mapping[str, Any] | None = None,
    watch: Callable[[str], None] = log.info,
) -> Done:
    """Carry out what ``target.folder`` lacks, and give back all there is; the same call goes on.

    Budget 0 is read once, for all parts. An attack that lacks something, or fails on purpose, leaves a gap
    and the next one begins; once the judge is gone nothing more is asked. Rows are under ``rows``, what
    attacks keep under ``attacks``. ``about`` says what is evaluated and how: raises `UsageError` when the
    folder holds rows of something else.
    """
    label = label or Label()
    folder = target.folder
    _same(folder / ABOUT, dict(about or {}))
    kept = replace(target, folder=folder / "attacks")
    gaps: list[Gap] = []
    gone = ""
    plain: list[Row] | None = None
    for part in (None, *wanted):
        missing = _missing(folder, part)
        try:
            if gone and missing:
                raise JudgeUnavailable(gone)
            if part is None:
                plain = list(_plain(kept.ground, kept.model, folder, label))
                continue
            for budget in missing:
                if budget == 0 and plain is not None:
                    write_rows(_file(folder, part, 0.0), [_as(row, part) for row in plain])
            missing = _missing(folder, part)
            read = _carried_out(kept, part, missing, label)
            for budget, rows in zip(missing, read, strict=False):
                write_rows(_file(folder, part, budget), rows)
                watch(f"{part.name} {budget:g}")
        except EudaimonError as error:
            if isinstance(error, JudgeUnavailable):
                gone = gone or str(error)
            if part is not None:
                gaps.append(_gap(part, _missing(folder, part), error))
    found = [path for part in wanted for path in _there(folder, part)]
    return Done(read_rows(*found) if found else Rows.of([]), tuple(gaps))


def _carried_out(target: Target, part: Part, budgets: tuple[float, ...], label: Label) -> Iterator[list[Row]]:
    if not budgets:
        return iter(())
    return attack_rows(
        target, part.attack, variant=part.variant, budgets=budgets, seed=part.seed, label=_seeded(label, part)
    )


def _plain(ground: Any, model: Model, folder: Path, label: Label) -> Sequence[Row]:
    path = folder / "rows" / f"{NONE}.parquet"
    if not path.is_file():
        cell = {**label.cell, ATTACK: NONE, VARIANT: NONE, BUDGET: 0.0}
        write_rows(path, ground.read(model, ground.cases(), replace(label, cell=cell)))
    return read_rows(path)


def _as(row: Row, part: Part) -> Row:
    cell = {**row.cell, ATTACK: part.attack.name, VARIANT: part.variant, "attack_seed": part.seed}
    return replace(row, cell=cell)


def _seeded(label: Label, part: Part) -> Label:
    return replace(label, cell={**label.cell, "attack_seed": part.seed})


def _file(folder: Path, part: Part, budget: float) -> Path:
    return folder / "rows" / part.name / f"{budget:g}.parquet"


def _missing(folder: Path, part: Part | None) -> tuple[float, ...]:
    if part is None:
        return () if (folder / "rows" / f"{NONE}.parquet").is_file() else (0.0,)
    return tuple(budget for budget in part.budgets if not _file(folder, part, budget).is_file())


def _there(folder: Path, part: Part) -> list[Path]:
    files = [_file(folder, part, budget) for budget in part.budgets]
    return [path for path in files if path.is_file()]


def _gap(part: Part, budgets: tuple[float, ...], error: EudaimonError) -> Gap:
    from eudaimon.evaluate.attack.ground import NotGiven

    kinds = {JudgeUnavailable: "judge gone", NotGiven: "not given"}
    kind = next((name for known, name in kinds.items() if isinstance(error, known)), "failed")
    return Gap(part.attack.name, part.variant, part.seed, budgets, kind, str(error))


def _same(path: Path, about: dict[str, Any]) -> None:
    if not path.is_file():
        write_json(path, about)
        return
    held = read_json(path)
    differing = sorted(name for name in {*held, *about} if held.get(name) != about.get(name))
    if differing:
        name = differing[0]
        raise UsageError(
            f"{path.parent} holds an evaluation with {name} {held.get(name)!r}, not {about.get(name)!r}",
            right="a folder of its own for another subject or another way of asking",
            do="--folder FOLDER",
        )
