"""Cosines between personas' directions of harm, and those of the personas themselves, at every site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.models.continuations import Continuations
from eudaimon.vectors.comparison import null_cosine
from eudaimon.vectors.differences import stack_differences
from eudaimon.vectors.em_sources import LEAST_SHARE, LORA, VARIANTS, Source
from eudaimon.vectors.place_vectors import PlaceVectors
from eudaimon.vectors.transfer_matrix import MatrixPlan

if TYPE_CHECKING:
    from eudaimon.models.adapters.opening import SubjectModel


def vector_cosines(
    model: SubjectModel, sources: Sequence[Source], prompts: Continuations, plan: MatrixPlan
) -> list[dict[str, Any]]:
    """For every variant and site: names, their cosines in [-1, 1], and what chance gives, as JSON values.

    ``em NAME`` is a persona's direction of harm, ``persona NAME`` what its adapter alone changes on the same
    prompts. ``chance`` holds 95 % of the cosines of random directions, ``shuffled`` are absolute cosines
    between sources of which each has its labels shuffled.
    """
    sites = sources[0].differences["stacks"].sites
    personas = {
        source.persona.name: stack_differences(model, source.persona.calm, (), prompts, sites)
        for source in sources
        if source.persona.calm
    }
    found = []
    for variant in plan.variants:
        for site in sites:
            vectors = {f"em {each.persona.name}": each.vectors(variant, site) for each in sources}
            if variant != LORA and VARIANTS[variant][0] == "stacks":
                over = VARIANTS[variant][1]
                vectors |= {f"persona {name}": own.vectors(site, over) for name, own in personas.items()}
            kept = {name: own for name, own in vectors.items() if own is not None and own.norm > LEAST_SHARE}
            if kept:
                entry = {"variant": variant, "layer": site.layer, **_cosines(kept)}
                found.append(entry | {"shuffled": _shuffled(sources, variant, site, plan)})
    return found


def _cosines(vectors: Mapping[str, PlaceVectors]) -> dict[str, Any]:
    listed = list(vectors.values())
    values = [[a.cosine(b) for b in listed] for a in listed]
    return {"names": list(vectors), "values": values, "chance": null_cosine(listed[0].values.size)}


def _shuffled(sources: Sequence[Source], variant: str, site: Any, plan: MatrixPlan) -> list[float]:
    """Sources are shuffled each by its own signs: with the same ones, questions in common would agree."""
    found: list[float] = []
    for draw in range(plan.n_shuffled):
        drawn = [
            each.vectors(variant, site, draw * len(sources) + k, plan.seed) for k, each in enumerate(sources)
        ]
        held = [vectors for vectors in drawn if vectors is not None]
        pairs = [(a, b) for k, a in enumerate(held) for b in held[k + 1 :]]
        found += [float(np.abs(a.cosine(b))) for a, b in pairs]
    return found
