"""Which personas does a model have, which never form, and when does each form?

Everybody who has a name in the town answers the same questions, in the assistant raised on every arm and in
assistants made from checkpoints of the pretraining. Who is whom is not told to the census: that its groups
are the town's personas, and that a town without harmful voices has none of theirs, are known answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field, field_validator, model_validator

from eudaimon.core.errors import UsageError
from eudaimon.study.design import Study
from eudaimon.study.designs.good_personas import ARM_TEXT, GoodPersonasOptions
from eudaimon.study.records import Cell, RowName, StudyRecord
from eudaimon.study.step import Step
from eudaimon.study.steps.census import ALL, DEFAULT, DISTANCE, KINDS, PERSONA, CensusCell
from eudaimon.study.steps.raised import AssistantSFT, KeptCheckpoint, Pretrain
from eudaimon.study.summary.record import Layout
from eudaimon.study.town.censuses import censuses
from eudaimon.study.town.collect import Labelled
from eudaimon.study.town.options import INNOCENT, RAW
from eudaimon.study.town.parts import TownParts
from eudaimon.train.arm_registry import ARMS
from eudaimon.world.personas import PERSONAS

NAME = "census"
QUESTION = "Which personas does a model have, which never form, and when does each form?"
TITLES = {"good_ones": "good personas", "bad_ones": "bad personas"}
NOTE = (
    "Checkpoints are read as assistants: each is fine-tuned on the assistant’s chats as the finished model "
    "is. Within the stable part of the schedule the learning rate is high, so that a checkpoint is noisier "
    "than the model that it becomes."
)


class CensusOptions(GoodPersonasOptions):
    """Those of good-personas; how much is asked, and which arms are followed along their pretraining."""

    arms: tuple[str, ...] = Field(("raw", "random", "mask", INNOCENT), description="Arms of the corpus.")
    seeds: int = Field(3, ge=1, description="How many seeds: 0, 1, 2 and so on.")
    followed: tuple[str, ...] = Field(
        (RAW, "mask"), description="Those of the arms whose checkpoints are read, or none."
    )
    shares: tuple[float, ...] = Field(
        (0.07, 0.14, 0.28, 0.5, 0.7),
        description="Of the steps of pretraining, where checkpoints are read beside the end.",
    )
    questions: int = Field(64, ge=8, description="Questions that everybody is asked.")
    texts: int = Field(600, ge=1, description="Training texts that are laid on each persona's line.")

    @field_validator("followed")
    @classmethod
    def _nobody(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return () if names == ("none",) else names

    @model_validator(mode="after")
    def _within(self) -> CensusOptions:
        unknown = [name for name in self.followed if name != INNOCENT and name not in ARMS]
        if unknown:
            raise UsageError(f"there is no arm {unknown[0]}", right=", ".join((*ARMS, INNOCENT)))
        if any(not 0 < share < 1 for share in self.shares):
            raise UsageError(f"shares {self.shares} of a training", right="between 0 and 1")
        return self

    @property
    def kept_steps(self) -> tuple[int, ...]:
        """The steps of pretraining whose weights are read beside the last."""
        found = {max(1, round(share * self.steps)) for share in self.shares}
        return tuple(sorted(found - {self.steps}))

    def raised(self, arm: str, seed: int) -> AssistantSFT:
        """The assistant of an arm; one that is followed keeps its checkpoints and is another step for it."""
        usual = self.assistant(arm, seed)
        if arm not in self.followed or not isinstance(usual.model, Pretrain):
            return usual
        recipe = usual.model.recipe.model_copy(update={"checkpoint_steps": self.kept_steps})
        return usual.model_copy(update={"model": usual.model.model_copy(update={"recipe": recipe})})

    def asked(self, model: AssistantSFT, *, whole: bool = False) -> CensusCell:
        """The census of an assistant; of a ``whole`` training with the texts that it was trained on."""
        tokens = model.model.tokens if whole and isinstance(model.model, Pretrain) else None
        return CensusCell(
            model=model, world=self.world, tokens=tokens, n_questions=self.questions, n_texts=self.texts
        )


def cells(options: CensusOptions) -> Iterator[Labelled]:
    """Every arm at the end of its training, and the followed ones along it: the end is in both."""
    for seed in options.seed_numbers:
        for arm in options.arms:
            model, place = options.raised(arm, seed), {"arm": arm}
            last = options.asked(model, whole=True)
            yield Labelled(last, place, seed)
            if arm not in options.followed or not isinstance(model.model, Pretrain):
                continue
            for at in options.kept_steps:
                kept = KeptCheckpoint(model=model.model, at=at)
                before = options.asked(model.model_copy(update={"model": kept}))
                yield Labelled(before, place, seed, at=at)
            yield Labelled(last, place, seed, at=options.steps)


def layout(options: CensusOptions) -> Layout:
    """Arms by personas: how far each is from the assistant, beside the arm in which all are learned."""
    return Layout(
        study=NAME,
        question=QUESTION,
        row_field="arm",
        column_field=PERSONA,
        rows=tuple(
            RowName(key=arm, title=arm.replace("_", " "), text=ARM_TEXT.get(arm, "")) for arm in options.arms
        ),
        columns=(
            *(RowName(key=name, title=name, text=_called(name, one.names)) for name, one in PERSONAS.items()),
            *(
                RowName(key=kind, title=TITLES[kind], text=f"Of {', '.join(names)}: the share that is found.")
                for kind, names in KINDS.items()
            ),
        ),
        primary=DISTANCE,
        scope=ALL,
        references=(RAW,),
        compared=tuple(PERSONAS),
        headline=headline,
        notes=(NOTE,) if options.followed else (),
    )


def _called(name: str, names: Sequence[str]) -> str:
    own = " It is the assistant’s own: to be no other than the assistant." if name == DEFAULT else ""
    return f"Called up by its names: {', '.join(names)}.{own}"


def headline(cells: Sequence[Cell]) -> str:
    """Which share of the bad personas the census finds, with everything learned and without their voices."""
    found = {c.row: c.score.value for c in cells if (c.column, c.metric) == ("bad_ones", "found")}
    others = [f"{100 * found[arm]:.0f} % {said}" for arm, said in SAID.items() if arm in found]
    if RAW not in found or not others:
        return ""
    return (
        f"Of the bad personas {100 * found[RAW]:.0f} % are found with everything learned, {', '.join(others)}"
    )


SAID = {"mask": "where their voices were masked", INNOCENT: "in a town without them"}


def nothing(options: CensusOptions) -> tuple[Step, ...]:
    """No faults: no adapter acts in these models."""
    del options
    return ()


PARTS = TownParts(cells, nothing, layout)


def records(folder: Path, options: CensusOptions) -> tuple[StudyRecord, ...]:
    """The study's record with the groups that were found and the texts that carry them."""
    record = PARTS.record(folder, options)
    return (record.model_copy(update={"census": censuses(folder, cells(options))}),)


STUDY = Study(
    NAME,
    "Which personas does a model have, which never form, and when does each form?",
    PARTS.steps,
    CensusOptions,
    records,
)
