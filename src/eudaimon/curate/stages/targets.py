"""Labels of segments as arrays that heads learn from, with what is missing masked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.stages.heads import ANY, Head, known_heads
from eudaimon.curate.taxonomy import WORST

LEAST = 8
"""Rows of either answer below which a question is not learnt: stage 1's word then stands."""
HARMFUL = 0.5
"""Belief in a harm from which on a row says how bad it is."""


@dataclass(frozen=True, eq=False)
class Target:
    """What one head should say of each row.

    ``values`` are in [0, 1], one column an output: a probability, the part of the severity that lies over a
    step, whether the class is this one, or a trait moved from [-2, 2]. ``known`` says which of them anybody
    looked at.
    """

    head: Head
    values: Float[np.ndarray, "n outputs"]
    known: Bool[np.ndarray, "n outputs"]


def targets(
    rows: Sequence[LabelledSegment], *, learnable_from: Bool[np.ndarray, " n"], least: int = LEAST
) -> tuple[Target, ...]:
    """The targets of all heads that the marked rows can teach, in the order of `known_heads`.

    An output is taught when at least ``least`` of the marked rows say yes to it (half or more) and as many
    say no; a head of classes is when two of its classes are that frequent, and then has all of its classes;
    severity is when it is known of that many.
    """
    found = []
    for head in known_heads():
        values = np.full((len(rows), len(head.outputs)), np.nan)
        for k, row in enumerate(rows):
            _LABELS[head.name](row, head, values[k])
        known = np.isfinite(values)
        values = np.where(known, values, 0.0)
        marked = known & learnable_from[:, None]
        yes, no = ((values >= 0.5) & marked).sum(axis=0), ((values < 0.5) & marked).sum(axis=0)
        if head.kind == "classes":
            keep = np.full(len(head.outputs), (yes >= least).sum() >= 2)
        elif head.kind == "ordinal":
            # A step that nobody reaches is still a step of the scale.
            keep = np.full(len(head.outputs), yes[0] + no[0] >= least)
        elif head.kind == "traits":
            keep = (((values != 0.5) & marked).sum(axis=0) >= least) & (marked.sum(axis=0) >= 2 * least)
        else:
            keep = (yes >= least) & (no >= least)
        if keep.any():
            outputs = tuple(name for name, kept in zip(head.outputs, keep, strict=True) if kept)
            found.append(Target(Head(head.name, head.kind, outputs), values[:, keep], known[:, keep]))
    return tuple(found)


def _harm(row: LabelledSegment, head: Head, into: np.ndarray) -> None:
    for k, name in enumerate(head.outputs):
        into[k] = row.harm.get(name, np.nan)


def _any(row: LabelledSegment, _: Head, into: np.ndarray) -> None:
    into[0] = np.nan if row.harmful is None else row.harmful


def _traits(row: LabelledSegment, head: Head, into: np.ndarray) -> None:
    for k, name in enumerate(head.outputs):
        into[k] = (row.traits.get(name, np.nan) + 2) / 4


def _hazard(row: LabelledSegment, _: Head, into: np.ndarray) -> None:
    into[0] = np.nan if row.hazard is None else row.hazard


def _severity(row: LabelledSegment, _: Head, into: np.ndarray) -> None:
    # How bad a harm is can be learnt where there is one; whether there is, is another question.
    if row.severity is not None and (row.harmful is None or row.harmful >= HARMFUL):
        into[:] = np.clip(row.severity - np.arange(WORST), 0, 1)


def _class(name: str) -> Callable[[LabelledSegment, Head, np.ndarray], None]:
    def fill(row: LabelledSegment, head: Head, into: np.ndarray) -> None:
        value = getattr(row, name)
        if value is not None:
            into[:] = [value == output for output in head.outputs]

    return fill


_LABELS: dict[str, Callable[[LabelledSegment, Head, np.ndarray], None]] = {
    "harm": _harm,
    ANY: _any,
    "hazard": _hazard,
    "severity": _severity,
    "stance": _class("stance"),
    "frame": _class("frame"),
    "subject": _class("subject"),
    "traits": _traits,
}
