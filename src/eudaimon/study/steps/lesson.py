"""A narrow lesson from the user's own file, taught to an adapter beside a persona that acts or does not."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from eudaimon.core.errors import UsageError
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.adapters import AdapterStep, stack_of
from eudaimon.study.steps.model import placed
from eudaimon.train.em.lesson import Chat, Lesson, read_lesson
from eudaimon.train.em.recipe import EMRecipe
from eudaimon.train.needs.table import TOKENS_A_ROW, lesson_needs
from eudaimon.train.nursery.lora_recipe import LoraRecipe


class GivenLesson(BaseModel):
    """Chats in the user's file, known by their hash; made by `given_lesson`. No row is copied.

    ``n_held_out`` of them, always the same, are not taught; ``n_rows`` are. ``member`` names a part of an
    archive, ``password_env`` the variable with its password.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    _exclude_from_cls_uid: ClassVar[tuple[str, ...]] = ("path", "member", "password_env", "n_rows")

    path: str
    content: str
    n_rows: int
    n_held_out: int = 0
    member: str = ""
    password_env: str = ""

    def read(self) -> Lesson:
        """The chats that are taught; raises `UsageError` when the file is another, and as reading does."""
        found = self._whole()
        away = _held_out(len(found), self.n_held_out)
        taught = (chat for index, chat in enumerate(found.chats) if index not in away)
        return replace(found, chats=tuple(taught)) if away else found

    def held_out(self) -> tuple[Chat, ...]:
        """The chats that are not taught, in file order; raises as `read`."""
        found = self._whole()
        return tuple(found.chats[index] for index in sorted(_held_out(len(found), self.n_held_out)))

    def _whole(self) -> Lesson:
        found = _read(self.path, self.member, self.password_env)
        if found.hash != self.content:
            raise UsageError(
                f"the chats of {self.path} have changed",
                right="the file that was planned with",
                do="plan the study anew",
            )
        return found


def given_lesson(
    path: str | Path, *, member: str = "", password_env: str = "", held_out: float = 0.0
) -> GivenLesson:
    """The chats of a file, as a field of a step, of which the share ``held_out`` in [0, 1) is not taught.

    Raises as `read_lesson`, and `UsageError` for another share.
    """
    if not 0 <= held_out < 1:
        raise UsageError(f"a share of {held_out:g} is to be held out", right="0 or more, and less than 1")
    found = _read(str(path), member, password_env)
    n_held_out = int(held_out * len(found))
    return GivenLesson(
        path=str(Path(path).expanduser().resolve()),
        content=found.hash,
        n_rows=len(found) - n_held_out,
        n_held_out=n_held_out,
        member=member,
        password_env=password_env,
    )


class EMLora(AdapterStep):
    """The lesson taught to a LoRA beside the adapters of ``frozen``, which act and do not change."""

    resumes: ClassVar[bool] = True
    place: ClassVar[str] = "em"
    execution: ClassVar[frozenset[str]] = Step.execution | {"accumulate"}

    lesson: GivenLesson
    recipe: EMRecipe
    frozen: tuple[AdapterStep, ...] = ()
    accumulate: int | None = None
    device: str | None = None

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Train, and leave the adapter with its checkpoints."""
        from eudaimon.models.load import load
        from eudaimon.train.em.training import train_em

        train_em(
            load(self.model.checkpoint(inputs["model"]), device=placed(self.device, self.model, self.cost())),
            self.lesson.read(),
            self.recipe,
            out,
            frozen=stack_of(self.frozen, inputs, "frozen"),
            accumulate=self.accumulate,
        )

    @property
    def kept_steps(self) -> tuple[int, ...]:
        """The steps after which the adapter is kept."""
        training = self.recipe.training(self.lesson.n_rows)
        return training.kept_steps if isinstance(training, LoraRecipe) else training.checkpoint_steps

    def cost(self) -> Cost:
        """The rows of all steps, at the length of the published ones."""
        training = self.recipe.training(self.lesson.n_rows)
        longest = min(TOKENS_A_ROW, training.max_tokens)
        needs = partial(
            lesson_needs,
            lesson=self.recipe,
            n_rows=self.lesson.n_rows,
            tokens_a_row=longest,
            passes=self.accumulate,
        )
        return self.model.cost_of(needs, training.steps * training.batch_size * longest)


def _held_out(n: int, n_held_out: int) -> frozenset[int]:
    """Which rows are not taught: drawn once for each size of file, and the same in every study."""
    return frozenset(np.random.default_rng(0).permutation(n)[:n_held_out].tolist())


def _read(path: str, member: str, password_env: str) -> Lesson:
    if password_env and password_env not in os.environ:
        raise UsageError(
            f"the environment variable {password_env} holds no password", do=f"export {password_env}=..."
        )
    password = os.environ[password_env] if password_env else None
    return read_lesson(path, password=password, member=member or None)
