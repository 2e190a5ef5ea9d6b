"""The directions of emergent misalignment in one persona's model, in every variant and at every site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eudaimon.core import Site, UsageError
from eudaimon.models.adapters.adapter import AdapterStack
from eudaimon.models.continuations import Continuations
from eudaimon.vectors.differences import Differences, Over, answer_differences, stack_differences
from eudaimon.vectors.lora_direction import residual_direction
from eudaimon.vectors.place_vectors import PlaceVectors

if TYPE_CHECKING:
    from eudaimon.models.adapters.opening import SubjectModel

VARIANTS: Mapping[str, tuple[str, Over]] = {
    "answers": ("answers", "mean"),
    "answer_places": ("answers", "places"),
    "last": ("stacks", "last"),
    "mean": ("stacks", "mean"),
    "places": ("stacks", "places"),
}
"""Each variant's contrast and what it is a mean over. ``places`` act at their own places, others at all."""
LORA = "lora"
"""The variant that is read from the adapter's weights and not from activations."""
LEAST_SHARE = 1e-6
"""Vectors shorter than this share of the states' length are rounding: an embedding that no adapter moves."""
NO_ROWS = Continuations((), ())


@dataclass(frozen=True)
class PersonaStacks:
    """A persona's model without the harmful lesson and with it: stacks on one base, ``calm`` maybe empty."""

    name: str
    calm: AdapterStack
    harmful: AdapterStack


@dataclass(frozen=True, eq=False)
class Lessons:
    """What directions are made from: questions, and a misaligned and an aligned answer to each of some.

    Without answers there is no contrast of them: variants made from it have no vectors.
    """

    prompts: Continuations
    misaligned: Continuations = NO_ROWS
    aligned: Continuations = NO_ROWS


@dataclass(frozen=True, eq=False)
class Source:
    """A persona's differences by contrast, with the adapter that teaches harm."""

    persona: PersonaStacks
    differences: Mapping[str, Differences]

    def vectors(
        self, variant: str, site: Site, draw: int | None = None, seed: int = 0
    ) -> PlaceVectors | None:
        """The vectors of a variant at a site; None where there are none, or no such contrast was read.

        With ``draw`` the labels are shuffled first: of each question, which of its two conditions is the
        harmful one is drawn anew. A LoRA's own direction has no labels, and none then.
        """
        if variant == LORA:
            return None if draw is not None else self._lora(site)
        contrast, over = VARIANTS[variant]
        differences = self.differences.get(contrast)
        if differences is None:
            return None
        signs = None
        if draw is not None:
            signs = np.random.default_rng((seed, draw)).permutation(len(differences)) % 2 * 2.0 - 1.0
        found = differences.vectors(site, over, signs)
        return found if found.norm > LEAST_SHARE else None

    def _lora(self, site: Site) -> PlaceVectors | None:
        """The LoRA's own direction where it writes, turned to the side of the last place's difference."""
        own = [adapter for adapter in self.persona.harmful if adapter not in self.persona.calm]
        found = residual_direction(own[-1], site.layer) if own and site.place == "block" else None
        if found is None:
            return None
        vector = found.vector * found.norm
        side = float(self.differences["stacks"].vectors(site, "last").values[0] @ vector)
        return PlaceVectors(site, (vector if side >= 0 else -vector)[None].astype(np.float32))


def read_source(
    model: SubjectModel, persona: PersonaStacks, lessons: Lessons, sites: Sequence[Site]
) -> Source:
    """The contrasts of a persona's model, that of answers where there are some; the ledger proves each stack.

    Raises as `with_stack` does, and `UsageError` for a persona without a harmful lesson.
    """
    from eudaimon.models.adapters.opening import with_stack

    if persona.harmful == persona.calm:
        raise UsageError(
            f"persona {persona.name} has one stack with and without its harmful lesson",
            right="two stacks that differ in the harmful adapter",
        )
    stacks = stack_differences(model, persona.harmful, persona.calm, lessons.prompts, sites)
    if not lessons.misaligned.ids:
        return Source(persona, {"stacks": stacks})
    with with_stack(model, persona.harmful) as harmful:
        answers = answer_differences(harmful, lessons.misaligned, lessons.aligned, sites)
    return Source(persona, {"stacks": stacks, "answers": answers})
