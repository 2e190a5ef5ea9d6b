"""Finished steps as rows, proofs and costs of a study."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from eudaimon.core.files import read_json
from eudaimon.evaluate.attack.run import ATTACK, VARIANT
from eudaimon.evaluate.rows import Row, read_rows
from eudaimon.models.adapters.errors import MergedAdapter
from eudaimon.study.graph import Graph
from eudaimon.study.manifest import RUN
from eudaimon.study.records import Proof, StepCost, TurnRow
from eudaimon.study.step import Step
from eudaimon.study.steps.given_subject import GivenSubject
from eudaimon.study.steps.grid_answers import PROOFS
from eudaimon.study.steps.judged import PROOF, ROWS, SITUATION
from eudaimon.study.steps.planted import FAULTS
from eudaimon.study.steps.turned import TURNS
from eudaimon.study.store import StepStore
from eudaimon.study.summary.known import PLANTED

ASKED = "@situation"
"""A field's value in `Labelled.cell` that stands for the situation in which a row was asked."""
ROUTE = "@route"
"""One that stands for the attack and its variant under which a row was read; see `route_key`."""

STACK = "stack"
"""The field of a row's cell that names the stack of adapters that answered, in a grid of many."""
ATTACK_SEED = "attack_seed"
"""The field of a row's cell that holds the attacker's seed, where the model has no training seed."""
PERSONA_SEED = "persona_seed"
"""A field that says which of a seed's persona adapters acted; the table averages over them."""


@dataclass(frozen=True)
class Labelled:
    """A step that makes rows, and where they belong in the study: fields of the cell, and the seed.

    One step may belong to several cells: an attack trained without any persona is the same for all of them.
    """

    step: Step
    cell: Mapping[str, str]
    seed: int
    stack: str = ""
    """Which of the step's stacks, where it judged many."""
    at: int | None = None
    """The training step at which its rows stand, where the step that made them does not know it."""


def collect(store: StepStore, study: str, cells: Iterable[Labelled], file: str = ROWS) -> Iterator[Row]:
    """The rows of the finished cells under the study's name; what is not finished is left out.

    ``file`` is that of a step's files which holds them; one other than `ROWS` may be missing.
    """
    by_step: dict[str, list[Labelled]] = {}
    for labelled in cells:
        by_step.setdefault(labelled.step.key, []).append(labelled)
    for key, labels in by_step.items():
        path = store.path(key) / file
        if not store.done(key) or (file != ROWS and not path.is_file()):
            continue
        of_stack: dict[str, list[Labelled]] = {}
        for labelled in labels:
            of_stack.setdefault(labelled.stack, []).append(labelled)
        fields: dict[tuple[int, int], dict[str, Any]] = {}
        for row in read_rows(path):
            for place, labelled in enumerate((*of_stack.get("", ()), *_of(of_stack, row.cell))):
                cell = fields.setdefault((id(row.cell), place), _cell(row.cell, labelled.cell))
                at = row.step if labelled.at is None else labelled.at
                yield replace(row, study=study, cell=cell, seed=labelled.seed, step=at)


def _of(of_stack: Mapping[str, list[Labelled]], cell: Mapping[str, Any]) -> Sequence[Labelled]:
    return of_stack.get(str(cell[STACK]), ()) if cell.get(STACK) else ()


def route_key(attack: str, variant: str) -> str:
    """What a variant of an attack is called among a study's columns."""
    return f"{attack}_{variant}"


def _cell(own: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a row's cell in the study."""
    return {**own, **{name: _field(own, value) for name, value in given.items()}}


def _field(own: Mapping[str, Any], value: str) -> str:
    if value == ROUTE:
        return route_key(own[ATTACK], own[VARIANT])
    return str(own[SITUATION]) if value == ASKED else value


def turns(
    store: StepStore, cells: Iterable[Labelled], row_field: str, column_field: str
) -> tuple[TurnRow, ...]:
    """How the weights of every finished training turned, in the rows and columns that it belongs to."""
    found = []
    for labelled in cells:
        path = store.path(labelled.step) / TURNS
        if not path.is_file():
            continue
        row, column = (labelled.cell.get(name, "") for name in (row_field, column_field))
        place = {"row": row, "column": column, "seed": labelled.seed}
        found += [TurnRow.model_validate({**one, **place}) for one in read_json(path)]
    return tuple(found)


def proofs(store: StepStore, cells: Iterable[Labelled]) -> tuple[Proof, ...]:
    """The ledger's proof of every finished cell that has adapters, each step once."""
    found: dict[str, Proof] = {}
    for labelled in cells:
        key = f"{labelled.step.key} {labelled.stack}"
        proof = None if key in found else proof_of(store, labelled)
        if proof is not None and proof["names"]:
            moved = ", ".join(f"{name} by {change:.2g}" for name, change in proof["changes"].items())
            name = where(labelled)
            found[key] = Proof(
                cell=name,
                stack=tuple(proof["names"]),
                accepted=True,
                finding=f"changes the logits: {moved}; noise {proof['noise']:.2g}",
            )
    return tuple(found.values())


def proof_of(store: StepStore, labelled: Labelled) -> dict[str, Any] | None:
    """The ledger's proof of a cell's stack, None where the step is not finished or proves nothing."""
    path = store.path(labelled.step) / (PROOFS if labelled.stack else PROOF)
    if not path.is_file():
        return None
    found: dict[str, Any] = read_json(path)
    return found[labelled.stack] if labelled.stack else found


def where(labelled: Labelled) -> str:
    """A cell in words: its fields' values and seed, a persona adapter's number where it is not the first."""
    values = [
        f"persona seed {value}" if name == PERSONA_SEED else value
        for name, value in labelled.cell.items()
        if (name, value) != (PERSONA_SEED, "0")
    ]
    return ", ".join((*values, f"seed {labelled.seed}"))


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


def require_unmixed(store: StepStore, cells: Iterable[Labelled], field: str, merged: Collection[str]) -> None:
    """Nothing when the cells whose weights have adapters merged into them stand in ``merged`` columns alone.

    ``field`` names the column of a cell. Raises `MergedAdapter` for a merged cell in another column, and for
    an unmerged one in these: two pipelines in one column are not the same comparison.
    """
    for labelled in cells:
        if isinstance(getattr(labelled.step, "model", None), GivenSubject):
            continue  # what is inside of its checkpoint is its own affair, and the same in every column
        proof = proof_of(store, labelled)
        if proof is not None:
            column, inside = labelled.cell[field], proof.get("merged", [])
            if bool(inside) != (column in merged):
                what = f"has {', '.join(inside)} merged into its weights" if inside else "has nothing merged"
                raise MergedAdapter(
                    f"the cell {where(labelled)} {what}",
                    right=f"merged cells in {', '.join(sorted(merged)) or 'no column'} and nowhere else",
                )


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
