"""Attacks on a model of Inspect: on ours in its own thread, on others as prompts only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from eudaimon.core.identity import short_hash
from eudaimon.evaluate.attack.attack import Target
from eudaimon.evaluate.attack.ground import Ground, NotGiven
from eudaimon.evaluate.attack.registry import attack_named
from eudaimon.evaluate.attack.run import BUDGET, attack_rows

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.case import Case
    from eudaimon.evaluate.provider.api import SubjectAPI
    from eudaimon.models.adapters.opening import SubjectModel
    from eudaimon.models.model import Model

Readings: TypeAlias = Mapping[tuple[float, str], Mapping[str, float]]
"""Budget and question -> metric -> mean over the question's cases."""


@dataclass(frozen=True)
class Plan:
    """One variant of an attack at rising budgets."""

    attack: str
    variant: str
    budgets: tuple[float, ...]
    seed: int = 0


class Attacker:
    """Carries out each plan once, whichever sample asks for it first.

    ``folder`` keeps what attacks make, by subject; ``raw`` is the folder of the model for `Target.raw`.
    """

    def __init__(self, ground: Ground, folder: Path, raw: str = "") -> None:
        self.ground = ground
        self.folder = folder
        self.raw = raw
        self._begun: dict[Plan, Future[Readings]] = {}
        self._written: dict[Plan, Mapping[tuple[float, str], tuple[Case, ...]]] = {}

    async def readings(self, api: SubjectAPI, plan: Plan) -> Readings:
        """What the ground reads of our model under the plan; nothing is sampled where it reads exactly.

        Raises `NotGiven` when the ground or the target lacks what the attack needs.
        """
        if plan not in self._begun:
            self._begun[plan] = api.begin(lambda model: self._read(model, plan))
        return await api.awaited(self._begun[plan])

    def prompts(self, plan: Plan) -> Mapping[tuple[float, str], tuple[Case, ...]]:
        """Budget and question -> the cases that the attack writes, without any model.

        Raises `NotGiven` for an attack that needs the model's weights.
        """
        if plan not in self._written:
            target = Target(cast("Model", NoWeights()), self.ground, self.folder)
            written: defaultdict[tuple[float, str], list[Case]] = defaultdict(list)
            attack = attack_named(plan.attack)
            for attacked in attack(target, plan.variant, plan.budgets, plan.seed):
                if attacked.model is not target.model:
                    raise no_weights()
                for case in attacked.cases:
                    written[attacked.budget, case.question].append(case)
            self._written[plan] = {place: tuple(cases) for place, cases in written.items()}
        return self._written[plan]

    def _read(self, model: SubjectModel, plan: Plan) -> Readings:
        from eudaimon.models.load import load

        subject = model.subject.hash if model.subject else short_hash(model.checkpoint.fingerprint)
        raw = load(self.raw, device=str(model.device)) if self.raw else None
        target = Target(model, self.ground, self.folder / subject, raw)
        values: defaultdict[tuple[float, str], defaultdict[str, list[float]]] = defaultdict(
            lambda: defaultdict(list)
        )
        under = attack_named(plan.attack)
        for rows in attack_rows(target, under, variant=plan.variant, budgets=plan.budgets, seed=plan.seed):
            for row in rows:
                budget = float(cast("float", row.cell[BUDGET]))
                values[budget, row.question][row.metric].append(row.value)
        return {place: {metric: mean(each) for metric, each in own.items()} for place, own in values.items()}


def no_weights() -> NotGiven:
    """What an attack on the weights is told of a model that only answers."""
    return NotGiven(
        "the attack needs the model's weights, which this provider does not show",
        right="a model that eudaimon opens",
        do="--model eudaimon/PATH",
    )


class NoWeights:
    """Stands where a model would: whatever asks it for anything is told that there are no weights."""

    def __getattr__(self, name: str) -> Any:
        raise no_weights()


def mean(values: Sequence[float]) -> float:
    """The mean of one number or more."""
    return sum(values) / len(values)
