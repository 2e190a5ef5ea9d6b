"""System-prompt personas: the model is told who it is, in ever more sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eudaimon.evaluate.attack.attack import Attack, Attacked, Target, Variant


def _told(target: Target, variant: str, budgets: Sequence[float], seed: int) -> Iterator[Attacked]:
    del seed
    for budget in budgets:
        system = target.ground.system(harmful=variant == "harmful", n=int(budget))
        yield Attacked(budget, target.model, tuple(case.under(system) for case in target.ground.cases()))


ATTACK = Attack(
    name="persona_prompt",
    title="persona in the system prompt",
    models="Somebody who writes the system prompt and describes the persona in it.",
    unit="sentences",
    budgets=(0, 1, 2, 4, 8),
    town_budgets=(0, 1, 2, 4),
    source="Shah et al. 2023 (persona modulation); Chen et al. 2025 (persona vectors)",
    variants=(
        Variant("harmful", "Sentences that describe the bad persona."),
        Variant("benign", "As many that describe a good persona of the same manner.", control=True),
    ),
    carry_out=_told,
)
