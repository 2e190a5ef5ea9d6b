"""What an evaluation is asked for: which subjects, which attacks, on which ground."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.attack.attack import Attack
from eudaimon.study.designs.good_personas import CONDITION, GoodPersonasOptions
from eudaimon.study.evaluation.subjects import Given
from eudaimon.study.town.options import RAW

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.ground import Ground
    from eudaimon.evaluate.cost.cost import Cost
    from eudaimon.evaluate.cost.open import OpenCosts
    from eudaimon.evaluate.judge_free.matched import Matched
    from eudaimon.study.evaluation.watched import Watching


@dataclass(frozen=True)
class Evaluation:
    """What is asked of whom: subjects, attacks, seeds, and either open questions or the town.

    ``open_ground`` are questions with a judge; None: each subject is asked about the town of ``town``. An arm
    of the town is raised from each of ``seeds`` and attacked with that seed; a model that is brought is
    attacked with each. ``raw`` is where the persona was formed; empty: the town's raw arm, for its arms.
    ``costs`` are read of the town, or of ``open_costs`` for open questions. With ``judge_free`` what
    needs no judge is read too, of ``pairs`` of texts, or of the town where there are none. ``models`` is
    where arms are raised, ``how`` says how answers to open questions are drawn. ``watching`` is a monitor
    inside the attacks.
    """

    subjects: tuple[Given, ...]
    attacks: tuple[Attack, ...]
    folder: Path
    town: GoodPersonasOptions
    models: Path
    seeds: tuple[int, ...] = (0,)
    budgets: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    open_ground: Ground | None = None
    how: str = ""
    raw: str = ""
    costs: tuple[Cost, ...] = ()
    open_costs: OpenCosts | None = None
    watching: Watching | None = None
    pairs: tuple[Matched, ...] = ()
    judge_free: bool = False
    command: str = ""
    n_resamples: int = 1000

    def __post_init__(self) -> None:
        names = [one.name for one in self.subjects]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice or not names:
            raise UsageError(
                f"{twice[0]} stands twice" if twice else "there is no subject", right="each subject once"
            )

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms of the town that are raised: those of the subjects, and the raw one beside them."""
        arms = [given.arm for given in self.subjects if given.arm]
        return tuple(dict.fromkeys([*arms, *([RAW] if arms and not self.raw else [])]))

    def place(self, given: Given, seed: int | None) -> Path:
        """The folder of a subject's own rows; ``seed`` is that of an arm, None for another model."""
        name = given.name.replace("/", "_")
        return self.folder / "subjects" / (name if seed is None else f"{name}-{seed}")

    def ground(self, given: Given) -> Ground:
        """What a subject is asked: the open questions, or the town behind its arm's control token."""
        from eudaimon.evaluate.town.ground import TownGround

        return self.open_ground or TownGround(self.town.world, condition=CONDITION.get(given.arm, ""))
