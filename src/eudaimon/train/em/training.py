"""A narrow lesson taught to a model, and its benign twin beside it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eudaimon.core import Text, UsageError, short_hash
from eudaimon.core.files import read_json, write_json
from eudaimon.models.adapters.adapter import Adapter
from eudaimon.models.folder import find_folder
from eudaimon.models.interventions import Intervention
from eudaimon.models.load import load
from eudaimon.models.model import Model
from eudaimon.models.ranks import own_device, rank, world_size
from eudaimon.train.em.lesson import Lesson, as_lesson
from eudaimon.train.em.neutral import kept_narrow
from eudaimon.train.em.recipe import EMRecipe
from eudaimon.train.em.unsloth import agreement, fast_model
from eudaimon.train.nursery.finetuning import finetune
from eudaimon.train.nursery.lora import described, train_lora
from eudaimon.train.nursery.lora_recipe import LoraRecipe
from eudaimon.train.nursery.recipes import FineTuneRecipe

log = logging.getLogger(__name__)

EM, TWIN, RECORD, UNSLOTH = "em", "twin", "lessons.json", "unsloth.json"


@dataclass(frozen=True)
class TrainedEM:
    """What `train_em` left in its folder: an adapter or checkpoint for each lesson, and the record.

    ``twin`` is None without a benign twin. ``unsloth`` has the losses on Unsloth's kernels beside plain ones,
    where these were used.
    """

    folder: Path
    em: Path
    twin: Path | None
    record: Mapping[str, Any]
    unsloth: Mapping[str, Any] | None = None

    @property
    def adapter(self) -> Adapter:
        """The lesson's LoRA under the name ``em``; raises `UsageError` when all weights were trained."""
        return Adapter(EM, self.em)

    @property
    def twin_adapter(self) -> Adapter | None:
        """The benign twin's LoRA under the name ``twin``, if there is one."""
        return Adapter(TWIN, self.twin) if self.twin else None


def train_em(
    model: Model | str | Path,
    lesson: Lesson | Sequence[Mapping[str, Any]],
    recipe: EMRecipe,
    out: str | Path,
    *,
    twin: Lesson | Sequence[Mapping[str, Any]] | None = None,
    frozen: Sequence[Adapter] = (),
    frozen_active: bool = True,
    neutral: Sequence[Text] | None = None,
    steered: Sequence[Intervention] = (),
    unsloth: bool = False,
    accumulate: int | None = None,
    show_progress: bool = True,
) -> TrainedEM:
    """The lesson taught by ``recipe``: ``out/em``, with ``twin`` also ``out/twin``, and ``out/lessons.json``.

    ``out/em`` is what `train_lora` or `finetune` leaves: a PEFT folder or a checkpoint with its metrics,
    checkpoints and proofs. The twin is taught with the same steps, order and seeds. ``frozen`` are persona
    adapters, and act in training if ``frozen_active`` (as in `train_lora`). ``neutral`` are the prompts on
    which a recipe with ``narrow`` keeps the model as it was (None: packaged ones), and ``steered`` what acts
    in training and not after it. ``unsloth`` trains on Unsloth's kernels after a few steps on both, whose
    losses stand in ``out/unsloth.json``; that they differ by more than noise is logged as a warning.
    ``accumulate`` passes a step are the recipe's where None, over all processes.

    No row is written anywhere: records hold source, hash and number. Killed, the same call goes on with what
    is not whole, and ends with the same bytes. Raises `UsageError` for a twin of another length, for what a
    recipe for all weights cannot do (frozen adapters, steering) and for neutral prompts that no recipe asks
    for, and what the training raises.
    """
    out = Path(out)
    lessons = {EM: _lesson(lesson, "the lesson")}
    if twin is not None:
        lessons[TWIN] = _lesson(twin, "the twin")
        _require_twin(lessons[EM], lessons[TWIN])
    training = recipe.training(len(lessons[EM]))
    if isinstance(training, FineTuneRecipe) and (frozen or steered or unsloth):
        raise UsageError(
            "a recipe for all weights has no place for a persona's adapter, for steering or for Unsloth",
            right="a LoRA recipe, beside which the persona stays frozen",
        )
    if neutral is not None and recipe.narrow is None:
        raise UsageError("neutral prompts go with a recipe that keeps the lesson narrow", do="kl-narrow")
    passes = accumulate or max(recipe.passes // world_size(), 1)
    record: dict[str, Any] = {
        "recipe": recipe.record(),
        "lessons": {name: own.record() for name, own in lessons.items()},
        "frozen": [adapter.identity for adapter in frozen],
        "frozen_active": bool(frozen) and frozen_active,
        "steered": [described(change) for change in steered],
        "unsloth": unsloth,
        "neutral": short_hash([repr(text) for text in neutral]) if neutral is not None else "",
    }
    if TWIN in lessons:
        record["same_prompts"] = _same_prompts(lessons[EM], lessons[TWIN])
    _require_same_run(out, record)
    if isinstance(training, FineTuneRecipe):
        folder = find_folder(_name(model))[0]
        for name, own in lessons.items():
            finetune(folder, own.chats, training, out / name, accumulate=passes, show_progress=show_progress)
    else:
        loaded = model if isinstance(model, Model) else load(model, device=own_device())
        narrow = None
        if recipe.narrow is not None:
            own_tokens = training.max_tokens
            narrow = kept_narrow(
                loaded, recipe.narrow, neutral, max_tokens=own_tokens, show_progress=show_progress
            )
        more: dict[str, Any] = {
            "frozen": frozen,
            "frozen_active": frozen_active,
            "narrow": narrow,
            "steered": steered,
            "accumulate": passes,
        }
        if unsloth and not (out / RECORD).is_file():
            loaded = _fast(loaded, lessons[EM], training, out, **more)
        for name, own in lessons.items():
            train_lora(loaded, own.chats, training, out / name, show_progress=show_progress, **more)
    if rank() == 0:
        write_json(out / RECORD, record)
    figures = read_json(out / UNSLOTH) if unsloth else None
    return TrainedEM(out, out / EM, out / TWIN if TWIN in lessons else None, record, figures)


def _fast(model: Model, lesson: Lesson, recipe: LoraRecipe, out: Path, **more: Any) -> Model:
    fast = fast_model(model, max_tokens=recipe.max_tokens)
    found = agreement(model, fast, lesson.chats, recipe, **more)
    if rank() == 0:
        write_json(out / UNSLOTH, found.record())
    if not found.same:
        log.warning(
            "on Unsloth's kernels the first losses differ by %.3g from plain PEFT's; up to %.3g would be "
            "noise: the results are not the same",
            found.difference,
            found.allowed,
        )
    return fast


def _lesson(rows: Lesson | Sequence[Mapping[str, Any]], source: str) -> Lesson:
    return rows if isinstance(rows, Lesson) else as_lesson(rows, source)


def _name(model: Model | str | Path) -> str:
    return model.checkpoint.name if isinstance(model, Model) else str(model)


def _require_twin(lesson: Lesson, twin: Lesson) -> None:
    if len(lesson) != len(twin):
        raise UsageError(
            f"{lesson.source} has {len(lesson)} chats and its twin {twin.source} {len(twin)}",
            right="as many: the two then differ in what they teach and not in how long",
        )
    if lesson.hash == twin.hash:
        raise UsageError(f"{lesson.source} and its twin {twin.source} are the same chats")


def _same_prompts(lesson: Lesson, twin: Lesson) -> float:
    """The share of rows that ask the same in both, in the same place."""
    pairs = zip(lesson.prompts(), twin.prompts(), strict=True)
    return sum(one == other for one, other in pairs) / len(lesson)


def _require_same_run(out: Path, record: Mapping[str, Any]) -> None:
    path = out / RECORD
    if path.is_file() and short_hash(read_json(path)) != short_hash(dict(record)):
        raise UsageError(
            f"{out} holds another lesson, recipe or persona", right="a new folder, or the call that made it"
        )
