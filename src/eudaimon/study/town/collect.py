"""Finished steps as rows, proofs and costs of a study."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from eudaimon.core.files import read_json
from eudaimon.evaluate.rows import Row, read_rows
from eudaimon.study.graph import Graph
from eudaimon.study.manifest import RUN
from eudaimon.study.records import Proof, StepCost
from eudaimon.study.step import Step
from eudaimon.study.steps.judged import PROOF, ROWS, SITUATION
from eudaimon.study.steps.planted import FAULTS
from eudaimon.study.store import StepStore
from eudaimon.study.summary.known import PLANTED

ASKED = "@situation"
"""A field's value in `Labelled.cell` that stands for the situation in which a row was asked."""


@dataclass(frozen=True)
class Labelled:
    """A step that makes rows, and where they belong in the study: fields of the cell, and the seed.

    One step may belong to several cells: an attack trained without any persona is the same for all of them.
    """

    step: Step
    cell: Mapping[str, str]
    seed: int


def collect(store: StepStore, study: str, cells: Iterable[Labelled]) -> Iterator[Row]:
    """The rows of the finished cells under the study's name; what is not finished is left out."""
    for labelled in cells:
        if store.done(labelled.step):
            fields: dict[int, dict[str, Any]] = {}
            for row in read_rows(store.path(labelled.step) / ROWS):
                cell = fields.setdefault(id(row.cell), _cell(row.cell, labelled.cell))
                yield replace(row, study=study, cell=cell, seed=labelled.seed)


def _cell(own: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a row's cell in the study."""
    return {**own, **{name: own[SITUATION] if value == ASKED else value for name, value in given.items()}}


def proofs(store: StepStore, cells: Iterable[Labelled]) -> tuple[Proof, ...]:
    """The ledger's proof of every finished cell that has adapters, each step once."""
    found: dict[str, Proof] = {}
    for labelled in cells:
        path = store.path(labelled.step) / PROOF
        if labelled.step.key in found or not path.is_file():
            continue
        proof = read_json(path)
        if proof["names"]:
            moved = ", ".join(f"{name} by {change:.2g}" for name, change in proof["changes"].items())
            name = ", ".join((*labelled.cell.values(), f"seed {labelled.seed}"))
            found[labelled.step.key] = Proof(
                cell=name,
                stack=tuple(proof["names"]),
                accepted=True,
                finding=f"changes the logits: {moved}; noise {proof['noise']:.2g}",
            )
    return tuple(found.values())


def faults(store: StepStore, steps: Iterable[Step]) -> tuple[Proof, ...]:
    """What came of the faults that were planted."""
    found = []
    for step in steps:
        if store.done(step):
            for fault in read_json(store.path(step) / FAULTS):
                found.append(
                    Proof(
                        cell=f"{PLANTED}: {fault['fault']}",
                        stack=(),
                        accepted=fault["accepted"],
                        finding=fault["finding"],
                    )
                )
    return tuple(found)


def began(store: StepStore, targets: Iterable[Step]) -> str:
    """When the first of the finished steps began, in UTC and ISO 8601; empty when none is finished."""
    times = [
        float(read_json(store.path(key) / RUN)["started"])
        for key in Graph(targets).steps
        if (store.path(key) / RUN).is_file()
    ]
    return datetime.fromtimestamp(min(times), UTC).isoformat(timespec="seconds") if times else ""


def costs(store: StepStore, targets: Iterable[Step]) -> tuple[StepCost, ...]:
    """Count, seconds and tokens of the finished steps, by kind, the costliest first."""
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    tokens: defaultdict[str, int] = defaultdict(int)
    for key, step in Graph(targets).steps.items():
        if store.done(key):
            kind = type(step).__name__
            seconds[kind].append(store.seconds(key) or 0.0)
            tokens[kind] += step.cost().n_tokens
    rows = [
        StepCost(name=kind, n=len(found), seconds=round(sum(found), 1), n_tokens=tokens[kind])
        for kind, found in seconds.items()
    ]
    return tuple(sorted(rows, key=lambda row: -row.seconds))
