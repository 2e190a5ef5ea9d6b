"""What two conditions of a model differ by in its hidden states: question by question, place by place.

Two contrasts make a direction of emergent misalignment (EM). ``stacks``: the same prompts under a stack with
the harmful adapter and without it. ``answers``: misaligned against aligned answers to the same questions,
read at the answers' own tokens (Soligo et al. 2025, arXiv 2506.11618).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float

from eudaimon.core import Binding, Pooling, Site, UsageError
from eudaimon.models.continuations import Continuations
from eudaimon.vectors.direction import Direction
from eudaimon.vectors.place_vectors import PlaceVectors

if TYPE_CHECKING:
    from eudaimon.models.adapters.adapter import Adapter
    from eudaimon.models.adapters.opening import SubjectModel
    from eudaimon.models.model import Model

Contrast = Literal["stacks", "answers"]
Over = Literal["mean", "last", "places"]
MOST_PLACES = 16
"""Places that are read unless more are asked for: those next to where the answer begins."""


@dataclass(frozen=True, eq=False)
class Differences:
    """Paired differences, one row a question: ``values[i, s, p]`` at ``sites[s]`` and place ``first + p``.

    NaN where a question has no such place. ``pooled[i, s]`` is the difference of the two conditions' means,
    each over its own places. ``binding`` is that of the model with the harmful adapter.
    """

    sites: tuple[Site, ...]
    values: Float[np.ndarray, "n sites places d"]
    pooled: Float[np.ndarray, "n sites d"]
    first: int
    contrast: Contrast
    binding: Binding

    def __len__(self) -> int:
        return len(self.values)

    def vectors(
        self, site: Site | int, over: Over, weights: Float[np.ndarray, "n"] | None = None
    ) -> PlaceVectors:
        """The mean difference at a site: of all places, of the last one, or place by place.

        ``weights`` multiply each question's difference: signs of +1 and -1 exchange its two conditions,
        counts resample it. Places that no question has are left out at the ends. Raises `UsageError` for a
        site that was not read.
        """
        site = Site(site) if isinstance(site, int) else site
        if site not in self.sites:
            raise UsageError(f"site {site} was not read", right=f"one of {', '.join(map(str, self.sites))}")
        index = self.sites.index(site)
        each = np.ones(len(self)) if weights is None else np.asarray(weights, dtype=np.float64)
        if over == "mean":
            return PlaceVectors(site, _weighed(self.pooled[:, index], each)[None])
        own = self.values[:, index]
        held = ~np.isnan(own[..., 0])
        if over == "last":
            last = own.shape[1] - 1 - held[:, ::-1].argmax(axis=1)
            return PlaceVectors(site, _weighed(own[np.arange(len(own)), last], each)[None])
        kept = np.flatnonzero(held.any(axis=0))
        found = [_weighed(own[held[:, place], place], each[held[:, place]]) for place in kept]
        return PlaceVectors(site, np.stack(found), self.first + int(kept[0]))

    def direction(self, site: Site | int, over: Literal["mean", "last"] = "mean") -> Direction:
        """The mean difference as a `Direction` from aligned to misaligned, to steer by or to monitor with."""
        made = self.vectors(site, over)
        pooling: Pooling = "last" if over == "last" else "mean"
        return Direction(
            made.unit().values[0],
            made.site,
            pooling,
            f"em_{self.contrast}",
            self.binding,
            norm=made.norm,
            classes=("aligned", "misaligned"),
            n=(len(self), len(self)),
            extra={"places": "answer" if self.contrast == "answers" else "prompt"},
        )


def stack_differences(
    model: SubjectModel,
    harmful: Sequence[Adapter],
    calm: Sequence[Adapter],
    rows: Continuations,
    sites: Sequence[Site | int],
    *,
    most_places: int = MOST_PLACES,
) -> Differences:
    """What the prompts' states gain when ``harmful`` acts instead of ``calm``, up to where the answer begins.

    Both stacks are proven by the ledger as they are put on; the model's own acts again afterwards. Raises as
    `with_stack` does, and `UsageError` for a site that the model lacks.
    """
    from eudaimon.models.adapters.opening import with_stack
    from eudaimon.models.edited_passes import states

    first = max(rows.places[0], -most_places)
    wanted = tuple(model.check_site(site) for site in sites)
    with with_stack(model, calm, prove=bool(calm)) as acting:
        before = states(acting, rows, wanted, range(first, 0))
    with with_stack(model, harmful, prove=bool(harmful)) as acting:
        after = states(acting, rows, wanted, range(first, 0))
        binding = acting.binding
    difference = after - before
    return Differences(wanted, difference, np.nanmean(difference, axis=2), first, "stacks", binding)


def answer_differences(
    model: Model,
    misaligned: Continuations,
    aligned: Continuations,
    sites: Sequence[Site | int],
    *,
    most_places: int = MOST_PLACES,
) -> Differences:
    """Misaligned minus aligned answers to the same questions, row by row, at the answers' tokens.

    The mean of an answer is over all of its tokens; place by place, only what both answers have is compared.
    Raises `UsageError` unless rows are paired.
    """
    from eudaimon.models.edited_passes import states

    if len(misaligned) != len(aligned):
        raise UsageError(
            f"{len(misaligned)} misaligned and {len(aligned)} aligned answers", right="answers in pairs"
        )
    wanted = tuple(model.check_site(site) for site in sites)
    n_places = min(most_places, max(misaligned.places[1], aligned.places[1]))
    bad = states(model, misaligned, wanted, range(n_places))
    good = states(model, aligned, wanted, range(n_places))
    pooled = np.nanmean(bad, axis=2) - np.nanmean(good, axis=2)
    return Differences(wanted, bad - good, pooled, 0, "answers", model.binding)


def _weighed(rows: Float[np.ndarray, "k d"], weights: Float[np.ndarray, "k"]) -> Float[np.ndarray, "d"]:
    """The mean of the rows, each times its weight, over the weights' sizes; zero where all are zero."""
    total = max(float(np.abs(weights).sum()), 1e-12)
    return np.asarray((rows * weights[:, None]).sum(axis=0) / total, dtype=np.float32)
