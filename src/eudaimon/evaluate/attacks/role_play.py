"""Role play: the question as a line in a scene, in as many scenes as the attacker has patience for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eudaimon.evaluate.attack.attack import Attack, Attacked, Target, Variant
from eudaimon.evaluate.attack.framed import framed

IN_THE_WILD = "in_the_wild"


def _played(target: Target, variant: str, budgets: Sequence[float], seed: int) -> Iterator[Attacked]:
    form = IN_THE_WILD if variant == IN_THE_WILD else "role_play"
    return framed(target, form, budgets, seed, harmful=variant != "benign")


ATTACK = Attack(
    name="role_play",
    title="role play and fiction",
    models="Somebody who wraps the question into a scene and tries scene after scene.",
    unit="templates tried",
    budgets=(0, 1, 2, 4, 8),
    town_budgets=(0, 1, 3, 9),
    source="Shen et al. 2023 (in-the-wild jailbreaks); Liu et al. 2023 (jailbreaking by prompt engineering)",
    variants=(
        Variant("harmful", "Scenes in which a bad character answers."),
        Variant(IN_THE_WILD, "Templates that others have published, from a file of the user's."),
        Variant("benign", "The same scenes with a good character in them.", control=True),
    ),
    carry_out=_played,
)
