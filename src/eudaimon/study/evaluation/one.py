"""One subject under one seed of an evaluation: opened, attacked, priced, and read without a judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from eudaimon.core.identity import short_hash
from eudaimon.core.text import plain_text
from eudaimon.evaluate.attack.attack import Target
from eudaimon.evaluate.battery.costs import run_costs
from eudaimon.evaluate.battery.judge_free import Texts, Told, run_judge_free
from eudaimon.evaluate.battery.run import Done, parts, run_parts
from eudaimon.evaluate.rows import Label, Rows
from eudaimon.evaluate.watch.ground import identity, watched
from eudaimon.study.evaluation.subjects import Given
from eudaimon.study.town.options import RAW

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.ground import Ground
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.evaluate.watch.watcher import Watcher
    from eudaimon.models.adapters.opening import SubjectModel
    from eudaimon.models.model import Model
    from eudaimon.study.evaluation.plan import Evaluation


@dataclass(frozen=True)
class One:
    """A subject in memory, on its ground; ``seed`` is that of its arm, None for a model that is brought."""

    plan: Evaluation
    given: Given
    seed: int | None
    model: SubjectModel
    ground: Ground
    raw: Model | None

    @classmethod
    def opened(
        cls, plan: Evaluation, given: Given, seed: int | None, raised: Mapping[tuple[str, int], str]
    ) -> One:
        """Open it; ``raised`` are the checkpoints of arms. Raises as opening a model does."""
        from eudaimon.evaluate.provider.opening import open_words

        checkpoint = given.checkpoint if seed is None else raised[given.arm, seed]
        model = open_words(checkpoint, given.adapters)
        return cls(plan, given, seed, model, plan.ground(given), _raw(plan, given, seed, raised))

    @property
    def hash(self) -> str:
        """The subject's hash."""
        return self.model.subject.hash if self.model.subject else ""

    def attacked(self, watcher: Watcher | None, said: Callable[[str], None]) -> Done:
        """All attacks of the plan, watched where there is a monitor; goes on where it was stopped."""
        plan, ground = self.plan, self.ground
        seeds = plan.seeds if self.seed is None else (self.seed,)
        wanted = parts(plan.attacks, seeds=seeds, budgets=plan.budgets, town=plan.open_ground is None)
        about = {"subject": self.hash, "ground": _asked(ground, plan.how)}
        if watcher is not None:
            about["monitor"] = identity(watcher)
            ground = watched(ground, watcher)
        return run_parts(
            Target(self.model, ground, plan.place(self.given, self.seed), self.raw),
            wanted,
            label=self._label,
            about=about,
            watch=lambda what: said(f"{self.given.name} {what}"),
        )

    def paid(self) -> Done:
        """Its costs; of open questions none without `open_costs`."""
        plan = self.plan
        where = cast("TownGround", self.ground) if plan.open_ground is None else plan.open_costs
        if where is None:
            return Done(Rows.of([]), ())
        return run_costs(self.model, where, plan.costs, plan.place(self.given, self.seed), label=self._label)

    def without_judge(self) -> Told:
        """Likelihoods and separability; of open questions none without pairs of texts."""
        plan = self.plan
        if not plan.judge_free or (plan.open_ground is not None and not plan.pairs):
            return Told(Rows.of([]), (), ())
        texts = Texts.of(plan.pairs) if plan.pairs else Texts.of_town(cast("TownGround", self.ground))
        return run_judge_free(self.model, texts, plan.place(self.given, self.seed), label=self._label)

    @property
    def _label(self) -> Label:
        return Label(study="evaluate", cell={"subject": self.given.name}, seed=self.seed or 0)


def _raw(
    plan: Evaluation, given: Given, seed: int | None, raised: Mapping[tuple[str, int], str]
) -> Model | None:
    from eudaimon.models.load import load

    if plan.raw:
        return load(plan.raw)
    return load(raised[RAW, seed]) if given.arm and seed is not None else None


def _asked(ground: Ground, how: str) -> str:
    """What the answers depend on beside the subject: what is asked, by whom it is judged, how it is drawn."""
    asked = [[case.question, plain_text(case.text)] for case in ground.cases()]
    return f"{ground.name} {short_hash(asked)} {how}".strip()
