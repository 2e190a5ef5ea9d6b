"""From the trials of every seed to the transfer matrix of a study: chosen, measured, set beside chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from eudaimon.core import Score
from eudaimon.measure.hierarchical import contrast, hierarchical
from eudaimon.measure.multiplicity import holm
from eudaimon.measure.panel import Panel
from eudaimon.study.steps.transfer_matrix import chosen_on
from eudaimon.study.summary.compare import Tests, plain
from eudaimon.study.summary.cosines import cosine_rows
from eudaimon.study.transfer_records import (
    Kind,
    TransferCell,
    TransferContrast,
    Transfers,
    TransferVariant,
)

if TYPE_CHECKING:
    from eudaimon.vectors.transfer_table import TransferTable, Trial

KINDS: tuple[Kind, ...] = ("add", "ablate")
N_DRAWS = 2000


@dataclass(frozen=True)
class Transferred:
    """One seed's matrix: its trials, and the cosines of the directions."""

    seed: int
    table: TransferTable
    cosines: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class TriedDirections:
    """The matrices of a study's finished seeds, each vector added at a cost of ``kl_budget`` nats.

    ``measured_by`` says in words what harm is and what directions are made from (empty: the town's), ``why``
    that nothing could be tried, and for what reason.
    """

    seeds: tuple[Transferred, ...] = ()
    kl_budget: float = 0.0
    measured_by: str = ""
    why: str = ""


NOTHING_TRIED = TriedDirections()


def transfers(
    found: Sequence[Transferred],
    kl_budget: float,
    tests: Tests,
    *,
    reference: str = "",
    measured_by: str = "",
) -> Transfers | None:
    """The matrix over the seeds that are finished; None without any.

    Variant and layer are those whose directions do most to their own models on the questions set aside for
    choosing, inducing and removing together; all figures are of the other questions. Each source's effect on
    others' models is set against that of ``reference`` (else the last one), Holm-adjusted within a kind.
    Raises `UsageError` when seeds differ in their questions.
    """
    if not found:
        return None
    tried = _Tried(found, tests)
    variant, layer = tried.best()
    names = tried.names
    reference = reference if reference in names else names[-1]
    cells = [
        cell
        for kind in KINDS
        for source in names
        for target in names
        if (cell := tried.cell(source, target, variant, layer, kind)) is not None
    ]
    return Transfers(
        variant=variant,
        layer=layer,
        measured_by=measured_by,
        kl_budget=kl_budget,
        n_questions=int(tried.measures.sum()),
        n_seeds=len(found),
        cells=tuple(cells),
        variants=tuple(tried.variant(*place, kind) for kind in KINDS for place in tried.places),
        contrasts=tuple(c for kind in KINDS for c in tried.contrasts(variant, layer, kind, reference)),
        **cosine_rows([one.cosines for one in found], variant, layer),
    )


class _Tried:
    """The trials of all seeds by place, and what is asked of them."""

    def __init__(self, found: Sequence[Transferred], tests: Tests) -> None:
        self.found, self.tests = found, tests
        self.questions = np.asarray(found[0].table.questions)
        self.measures = ~np.array(chosen_on(found[0].table.questions))
        self.names: tuple[str, ...] = found[0].table.names("target")
        self.trials: dict[tuple[Any, ...], dict[int, list[Trial]]] = {}
        for one in found:
            for t in one.table.trials:
                source = t.source if t.control == "direction" else ""
                key = (t.variant, t.layer, t.kind, t.control, source, t.target)
                self.trials.setdefault(key, {}).setdefault(one.seed, []).append(t)
        self.places = tuple(dict.fromkeys((key[0], key[1]) for key in self.trials))

    def best(self) -> tuple[str, int]:
        """Variant and layer with the largest effects of directions on their own models."""

        def effect(place: tuple[str, int]) -> float:
            own = [self._values(place, kind, name, name) for kind in KINDS for name in self.names]
            signs = [1.0 if kind == "add" else -1.0 for kind in KINDS for _ in self.names]
            kept = [s * v[:, ~self.measures].mean() for s, v in zip(signs, own, strict=True) if v is not None]
            return float(np.mean(kept)) if kept else -np.inf

        return max(self.places, key=effect)

    def cell(self, source: str, target: str, variant: str, layer: int, kind: Kind) -> TransferCell | None:
        """One source on one target; None where it was not tried."""
        place = (variant, layer)
        effect = self._values(place, kind, source, target)
        price = self._values(place, kind, source, target, "price")
        if effect is None or price is None:
            return None
        trials = [t for own in self._trials(place, kind, source, target).values() for t in own]
        before = np.mean([t.harm_before[self.measures].mean() for t in trials])
        return TransferCell(
            source=source,
            target=target,
            kind=kind,
            effect=self._score(effect),
            price=self._score(price),
            harm_before=float(before),
            strength=float(np.mean([t.strength for t in trials])),
            kl=float(np.mean([t.kl for t in trials])),
            random=self._band(place, kind, "random", (target,)),
            shuffled=self._band(place, kind, "shuffled", (target,)),
        )

    def variant(self, variant: str, layer: int, kind: Kind) -> TransferVariant:
        """The mean effects of one variant at one layer, on own and on others' models."""
        place = (variant, layer)
        pairs = [(source, target) for source in self.names for target in self.names]
        effects = {pair: self._values(place, kind, *pair) for pair in pairs}
        prices = [self._values(place, kind, *pair, "price") for pair in pairs]
        own = [v for (a, b), v in effects.items() if a == b and v is not None]
        others = [v for (a, b), v in effects.items() if a != b and v is not None]
        return TransferVariant(
            variant=variant,
            layer=layer,
            kind=kind,
            own=self._score(np.mean(own, axis=0)),
            others=self._score(np.mean(others, axis=0)) if others else None,
            price=float(np.mean([v[:, self.measures] for v in prices if v is not None])),
            random=self._band(place, kind, "random", self.names),
            shuffled=self._band(place, kind, "shuffled", self.names),
        )

    def contrasts(self, variant: str, layer: int, kind: Kind, reference: str) -> list[TransferContrast]:
        """Every source against the reference, on the models of neither."""
        made: list[TransferContrast] = []
        for source in self.names:
            targets = [name for name in self.names if name not in (source, reference)]
            a, b = (
                [self._values((variant, layer), kind, one, target) for target in targets]
                for one in (source, reference)
            )
            both = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
            if source == reference or not both:
                continue
            first, second = (self._panel(np.mean(side, axis=0)) for side in zip(*both, strict=True))
            result = contrast(first, second, n_resamples=self.tests.n_resamples, seed=self.tests.seed)
            made.append(
                TransferContrast(
                    source=source,
                    reference=reference,
                    kind=kind,
                    difference=plain(result.difference),
                    n_seeds=len(self.found),
                    p=result.p,
                    p_holm=1.0,
                )
            )
        if not made:
            return []
        adjusted = holm([one.p for one in made])
        return [one.model_copy(update={"p_holm": float(p)}) for one, p in zip(made, adjusted, strict=True)]

    def _trials(self, place: tuple[str, int], kind: Kind, source: str, target: str) -> dict[int, list[Trial]]:
        return self.trials.get((*place, kind, "direction", source, target), {})

    def _values(
        self, place: tuple[str, int], kind: Kind, source: str, target: str, what: str = "effect"
    ) -> Float[np.ndarray, "seeds questions"] | None:
        """The effect or price of a direction by seed; None unless every seed has it."""
        own = self._trials(place, kind, source, target)
        if set(own) != {one.seed for one in self.found}:
            return None
        return np.stack([getattr(own[one.seed][0], what) for one in self.found])

    def _panel(self, values: Float[np.ndarray, "seeds questions"]) -> Panel:
        kept = values[:, self.measures]
        seeds = np.repeat([one.seed for one in self.found], kept.shape[1])
        return Panel.of(kept.ravel(), seeds, np.tile(self.questions[self.measures], len(self.found)))

    def _score(self, values: Float[np.ndarray, "seeds questions"]) -> Score:
        made = hierarchical(
            self._panel(values), limits=(-1, 1), n_resamples=self.tests.n_resamples, seed=self.tests.seed
        )
        return plain(made)

    def _band(
        self, place: tuple[str, int], kind: Kind, control: str, targets: Sequence[str]
    ) -> tuple[float, float] | None:
        """Where 95 % of the mean effects over targets and seeds lie, when each draws one of its controls."""
        rng = np.random.default_rng(self.tests.seed)
        total, n = np.zeros(N_DRAWS), 0
        for target in targets:
            for trials in self.trials.get((*place, kind, control, "", target), {}).values():
                effects = np.array([trial.effect[self.measures].mean() for trial in trials])
                total += effects[rng.integers(len(effects), size=N_DRAWS)]
                n += 1
        if not n:
            return None
        low, high = np.quantile(total / n, (0.025, 0.975))
        return float(low), float(high)
