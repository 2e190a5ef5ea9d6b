"""From what heads say to scores: likeliest answers that agree with each other, and how unsure they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int, Shaped

from eudaimon.curate.score_table import HARM, TRAIT
from eudaimon.curate.stages.heads import ANY, Head, Outputs
from eudaimon.curate.taxonomy import STANCES, SUBJECTS

DOUBT = "doubt"
"""A column for later stages: how unsure stage 2 is, in [0, 1]; see `doubt`."""
DIGITS = 5
"""Decimals of scores: what lies below depends on which texts went through the encoder together."""
ACTS = tuple(STANCES.index(name) for name in ("enacts", "advocates", "instructs"))
DISTANT = tuple(STANCES.index(name) for name in ("depicts", "condemns"))
NONE = STANCES.index("none")


def answers(heads: Sequence[Head], said: Outputs) -> dict[str, Shaped[np.ndarray, " n"]]:
    """The columns of scores, as in `Batch`, of what these heads said; ``doubt`` is among them.

    - **harm**: the likeliest category is as probable as any harm is, the others in proportion. Categories
      share out what is certain to be harm of some kind, and none of them need then reach one half.
    - **severity** is that of the harm, if there is one, and fades out as harm gets less probable than one
      half: see `faded`.
    - **stance**: see `stances`; **frame** likewise, where nothing is said of whether there is harm.

    A row of which nothing is known (NaN) gets NaN and -1 throughout.
    """
    found: dict[str, np.ndarray] = {}
    unknown = np.isnan(next(iter(said.values()))[:, 0])
    by_name = {head.name: head for head in heads}
    for name, head in by_name.items():
        values = np.where(unknown[:, None], 0.0, said[name])
        if head.kind == "traits":
            found |= {TRAIT + each: np.round(values[:, k], DIGITS) for k, each in enumerate(head.outputs)}
        elif name == "harm":
            shares = lifted(values, said[ANY][:, 0]) if ANY in by_name else values
            found |= {HARM + each: np.round(shares[:, k], DIGITS) for k, each in enumerate(head.outputs)}
        elif name == "severity":
            found[name] = values.sum(axis=1)
        elif name == "hazard":
            found[name] = np.round(values[:, 0], DIGITS)
        elif name == "subject":
            found[name] = _codes(head, SUBJECTS)[values.argmax(axis=1)]
    highest = highest_harm(found)
    if "severity" in found and highest is not None:
        found["severity"] = np.round(faded(found["severity"], highest), DIGITS)
    sure = None
    if "stance" in by_name:
        found["stance"], sure = stances(np.nan_to_num(said["stance"]), highest)
    if "frame" in by_name:
        found["frame"], _ = stances(np.nan_to_num(said["frame"]), None)
    found[DOUBT] = doubt(np.zeros(len(unknown)) if highest is None else highest, sure)
    for name, column in found.items():
        found[name] = np.where(unknown, -1 if column.dtype == np.int32 else np.nan, column)
    return found


def lifted(
    categories: Float[np.ndarray, "n categories"], harm: Float[np.ndarray, " n"]
) -> Float[np.ndarray, "n categories"]:
    """Probabilities of categories in their proportions, the highest of each row being ``harm``."""
    highest = np.maximum(categories.max(axis=1), 1e-12)
    return np.asarray(categories * (np.nan_to_num(harm) / highest)[:, None])


def faded(severity: Float[np.ndarray, " n"], harm: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The severity of a harm that is there with probability ``harm``: the whole of it from one half on.

    Severity is how bad the harm is, and bounds on it stand beside bounds on harm: an expectation that counts
    "no harm" as 0 would ask twice how probable harm is. Below one half it falls to 0 in proportion.
    """
    return np.asarray(severity * np.minimum(1.0, 2 * harm))


def stances(
    shares: Float[np.ndarray, "n stances"], harm: Float[np.ndarray, " n"] | None
) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """The code of the stance of each row, and the probability of its group.

    First the likeliest group (acts: enacts, advocates, instructs; distant: depicts, condemns; none), then
    the likeliest within it: three ways to act would otherwise lose to one way not to. Where harm is as
    probable as not, "none" is no answer, because whoever speaks of harm does something with it.
    """
    groups = np.stack([shares[:, list(part)].sum(axis=1) for part in (ACTS, DISTANT, (NONE,))], axis=1)
    if harm is not None:
        groups[:, 2] = np.where(harm >= 0.5, 0.0, groups[:, 2])
    groups /= np.maximum(groups.sum(axis=1, keepdims=True), 1e-12)
    best = groups.argmax(axis=1)
    inside = np.stack(
        [np.take(part, shares[:, list(part)].argmax(axis=1)) for part in (ACTS, DISTANT, (NONE,))], axis=1
    )
    rows = np.arange(len(shares))
    return inside[rows, best].astype(np.int32), np.asarray(groups[rows, best])


def doubt(harm: Float[np.ndarray, " n"], stance: Float[np.ndarray, " n"] | None) -> Float[np.ndarray, " n"]:
    """How unsure the answers are, in [0, 1]: that of the highest harm, or of the stance where there is harm.

    A harm of probability p is unsure by ``1 - |2 p - 1|``: 1 at one half, 0 at nothing and at certainty. A
    group of stances with probability q is unsure by ``1 - q``, which counts in proportion to the harm.
    """
    unsure = 1 - np.abs(2 * harm - 1)
    return np.asarray(unsure if stance is None else np.maximum(unsure, harm * (1 - stance)))


def highest_harm(columns: Mapping[str, np.ndarray]) -> Float[np.ndarray, " n"] | None:
    """The probability of the likeliest category of each row; None where there is no such column."""
    harms = [values for name, values in columns.items() if name.startswith(HARM)]
    return np.asarray(np.max(harms, axis=0)) if harms else None


def _codes(head: Head, every: Sequence[str]) -> Int[np.ndarray, " outputs"]:
    return np.array([every.index(output) for output in head.outputs], dtype=np.int32)
