"""Does one persona's EM direction induce harm in another's model, and does taking it out remove it there?

Every direction is added to every persona's model without its harmful lesson, at the strength that spends one
KL budget on neutral prompts, and taken out of every model with it; at each site, in each variant. Beside them
stand random directions of the same lengths and directions from shuffled labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eudaimon.core import Site, UsageError, progress
from eudaimon.models.continuations import Continuations
from eudaimon.models.edits import EditKind
from eudaimon.vectors.em_sources import LORA, VARIANTS, Lessons, PersonaStacks, Source, read_source
from eudaimon.vectors.kl_strengths import as_edits, divergences, log_probabilities, strengths_for
from eudaimon.vectors.measure import Measure
from eudaimon.vectors.place_vectors import PlaceVectors
from eudaimon.vectors.transfer_table import Control, TransferTable, Trial, trials_of

if TYPE_CHECKING:
    from eudaimon.models.adapters.opening import SubjectModel
    from eudaimon.models.model import Model


@dataclass(frozen=True)
class MatrixPlan:
    """What is tried: variants by name (see `VARIANTS`, and ``lora``), sites (all of the model when empty).

    ``kl_budget`` in nats; ``n_random`` and ``n_shuffled`` controls for each target, variant, site and kind.
    Raises `UsageError` for an unknown variant.
    """

    variants: tuple[str, ...] = ("answers", "last", "mean", "places", LORA)
    sites: tuple[Site, ...] = ()
    kl_budget: float = 0.1
    n_random: int = 4
    n_shuffled: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        known = (*VARIANTS, LORA)
        for name in self.variants:
            if name not in known:
                raise UsageError(f"there is no variant {name!r}", right=f"one of {', '.join(known)}")


def transfer_matrix(
    model: SubjectModel,
    personas: Sequence[PersonaStacks],
    lessons: Lessons,
    measure: Measure,
    questions: Sequence[str],
    neutral: Continuations,
    plan: MatrixPlan,
    *,
    show_progress: bool = True,
) -> tuple[TransferTable, tuple[Source, ...]]:
    """All trials of every persona's directions on every persona's model, and the sources they came from.

    ``lessons`` make directions, ``measure`` reads ``questions`` that are none of theirs. The ledger proves
    every stack as it is put on; the model's own acts again afterwards. Raises as `with_stack` does and
    `UsageError` for no personas, two of one name, or one without a harmful lesson.
    """
    from eudaimon.models.adapters.opening import with_stack

    names = [persona.name for persona in personas]
    if not names or len(set(names)) < len(names):
        raise UsageError(f"personas {', '.join(names) or 'none'}", right="some, each with its own name")
    sites = tuple(model.check_site(site) for site in plan.sites) or model.sites
    sources = tuple(read_source(model, persona, lessons, sites) for persona in personas)
    found: list[Trial] = []
    with progress("transfer matrix", 2 * len(personas), "models", enabled=show_progress) as advance:
        for persona in personas:
            kinds: tuple[tuple[EditKind, tuple[object, ...]], ...] = (
                ("add", persona.calm),
                ("ablate", persona.harmful),
            )
            for kind, stack in kinds:
                with with_stack(model, stack, prove=bool(stack)) as target:  # type: ignore[arg-type]
                    tried = _Target(target, persona.name, kind, measure, neutral, plan)
                    for variant in plan.variants:
                        for site in sites:
                            found += tried.trials(sources, variant, site)
                advance(1)
    return TransferTable(tuple(questions), tuple(found)), sources


class _Target:
    """One model on which vectors are tried: what it does and what it says to neutral prompts without them."""

    def __init__(
        self,
        model: Model,
        name: str,
        kind: EditKind,
        measure: Measure,
        neutral: Continuations,
        plan: MatrixPlan,
    ) -> None:
        self.model, self.name, self.kind, self.plan = model, name, kind, plan
        self.measure, self.neutral = measure, neutral
        harm, coherence = measure(model, None)
        self.before = harm[0], coherence[0]
        self.unchanged = log_probabilities(model, neutral)[0]

    def trials(self, sources: Sequence[Source], variant: str, site: Site) -> list[Trial]:
        """Every source's vectors of one variant at one site, with controls; nothing where there are none."""
        known = {source.persona.name: source.vectors(variant, site) for source in sources}
        made = {name: own for name, own in known.items() if own is not None}
        if not made:
            return []
        names: list[tuple[str, Control, int]] = [(name, "direction", 0) for name in made]
        vectors = list(made.values())
        strengths = np.ones(len(vectors))
        if self.kind == "add":
            strengths, _ = strengths_for(self.model, self.neutral, vectors, self.plan.kl_budget)
        if self.name in made:
            own = list(made).index(self.name)
            source = next(each for each in sources if each.persona.name == self.name)
            more = [*self._random(source, vectors[own], site), *self._shuffled(source, variant, vectors[own])]
            names += [name for name, _ in more]
            vectors += [control for _, control in more]
            # At the strength of the target's own direction: the same length in the residual stream.
            strengths = np.concatenate([strengths, np.full(len(more), strengths[own])])
        edits = as_edits(self.kind, vectors)
        edits = edits.at_places(strengths) if self.kind == "add" else edits
        return trials_of(
            names,
            strengths.tolist(),
            divergences(self.model, self.neutral, edits, self.unchanged).tolist(),
            self.measure(self.model, edits),
            self.before,
            target=self.name,
            variant=variant,
            layer=site.layer,
            kind=self.kind,
        )

    def _random(
        self, source: Source, own: PlaceVectors, site: Site
    ) -> list[tuple[tuple[str, Control, int], PlaceVectors]]:
        seeds = np.random.default_rng((self.plan.seed, site.layer)).integers(1 << 31, size=self.plan.n_random)
        name = source.persona.name
        return [((name, "random", draw), own.random(int(seed))) for draw, seed in enumerate(seeds)]

    def _shuffled(
        self, source: Source, variant: str, own: PlaceVectors
    ) -> list[tuple[tuple[str, Control, int], PlaceVectors]]:
        found: list[tuple[tuple[str, Control, int], PlaceVectors]] = []
        for draw in range(self.plan.n_shuffled):
            vectors = source.vectors(variant, own.site, draw, self.plan.seed)
            if vectors is not None:
                # As long as the direction itself: shuffling also shortens, and length alone does much.
                scaled = PlaceVectors(own.site, vectors.unit().values * own.norm, vectors.first)
                found.append(((source.persona.name, "shuffled", draw), scaled))
        return found
