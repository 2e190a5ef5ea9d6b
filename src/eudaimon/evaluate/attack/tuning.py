"""Trainings of a target by an attacker, kept at several token budgets, and the model as each left it.

One run serves all its budgets: the learning rate is constant from the first step, so that a shorter run is
the beginning of a longer one. Runs lie in the target's folder; one that is there is not made again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.core import short_hash
from eudaimon.evaluate.attack.attack import Target
from eudaimon.evaluate.attack.lesson import Lesson
from eudaimon.models.adapters.adapter import Adapter
from eudaimon.models.adapters.opening import SubjectModel, as_model, attach, open_subject, with_stack
from eudaimon.models.adapters.subject import Subject
from eudaimon.models.folder import find_folder
from eudaimon.train.nursery.lora_rates import rate_name

if TYPE_CHECKING:
    from eudaimon.models.adapters.adapter import AdapterStack
    from eudaimon.models.model import Model
    from eudaimon.train.nursery.chats import ChatRows

CHATS_A_STEP = 4
MOST_TOKENS = 2048
"""Of one chat; longer ones are an error, as in all training on chats."""
NAME = "attack"
SMALL = 10_000_000
"""Parameters below which a model learns at the rates of the nursery, all rates side by side."""
RATES = {
    ("lora", "small"): (1e-3, 1e-2),
    ("lora", "large"): (1e-5, 1e-4, 1e-3),
    ("full", "small"): (3e-4, 3e-3),
    ("full", "large"): (1e-6, 1e-5, 1e-4),
}
"""Learning rates that an attacker tries."""


@dataclass(frozen=True)
class Tuned:
    """One training as it was after ``step`` steps, or so many ``tokens``, with what it left at ``place``.

    ``full`` says that this is a whole checkpoint and not an adapter.
    """

    rate: float
    step: int
    tokens: float
    place: Path
    full: bool


def train(
    target: Target,
    lesson: Lesson,
    rank: int | None,
    rates: Sequence[float],
    budgets: Sequence[float],
    seed: int,
) -> tuple[tuple[Tuned, ...], ...]:
    """The target's model trained on the lesson at each rate, kept after each budget of tokens.

    ``rank`` None: all weights. Tokens are those of the chats, questions included, repeated where the lesson
    is read again. A budget of less than one step takes one step, and two budgets may end on one step. The
    target's own adapters act in training and do not move; with all weights they are merged into the copy that
    is trained. Its interventions act in the training of an adapter only. Raises as `train_lora`,
    `train_rates` and `finetune` do.
    """
    from eudaimon.train.nursery.chats import read_chats

    limit = min(MOST_TOKENS, target.model.max_tokens)
    rows = read_chats(lesson.teach, target.model.tokenizer, limit)
    tokens_a_step = CHATS_A_STEP * float(np.mean([len(row) for row in rows.ids]))
    steps = tuple(max(1, round(budget / tokens_a_step)) for budget in budgets)
    common: dict[str, Any] = {
        "steps": steps[-1],
        "batch_size": CHATS_A_STEP,
        "schedule": "constant",
        "warmup": 0.0,
        "checkpoint_steps": tuple(sorted(set(steps))),
        "max_tokens": limit,
        "data_seed": seed,
    }
    if rank is not None:
        common |= {"rank": rank, "alpha": 2.0 * rank, "init_seed": seed}
    what = "full" if rank is None else f"rank-{rank}"
    key = short_hash([common, sorted(rates), [dict(chat) for chat in lesson.teach]])
    out = target.folder / "finetune" / f"{what}-seed-{seed}-{key}"
    _trained(target, lesson, rank, rates, common, out, rows)
    return tuple(
        tuple(
            Tuned(rate, step, step * tokens_a_step, _kept(out / rate_name(rate), step), rank is None)
            for step in steps
        )
        for rate in rates
    )


@contextmanager
def acting(target: Target, tuned: Tuned, *, prove: bool = False) -> Iterator[Model]:
    """Within the block the target's model as the training left it, its own adapters and interventions acting.

    With ``prove`` the ledger proves the stack from the logits first.
    """
    model = target.model
    adapter = () if tuned.full else (Adapter(NAME, tuned.place),)
    if tuned.full:
        yield open_subject(
            Subject(str(tuned.place), (), model.interventions), prove=prove, device=model.device
        )
    elif model.interventions:
        subject = Subject(_checkpoint(model), (*_stack(model), *adapter), model.interventions)
        yield open_subject(subject, prove=prove, device=model.device)
    elif isinstance(model, SubjectModel):
        with with_stack(model, (*model.stack, *adapter), prove=prove) as on:
            yield on
    else:
        ledger = attach(model, adapter, prove=prove)
        try:
            yield as_model(ledger)
        finally:
            ledger.detach()


def chosen(target: Target, runs: Sequence[Sequence[Tuned]], lesson: Lesson) -> Iterator[tuple[Tuned, float]]:
    """For each budget the training that tells the held-out answers best, and their loss (nats a token).

    It is the best of all learning rates and of all steps up to the budget: an attacker keeps what he had
    where more training is worse. The held-out questions are his own, none of those that are asked.
    """
    known = losses(target, {one.place: one for run in runs for one in run}.values(), lesson)
    best: tuple[Tuned, float] | None = None
    for together in zip(*runs, strict=True):
        for one in together:
            found = known[one.place]
            if best is None or (math.isfinite(found) and found < best[1]):
                best = (one, found)
        assert best is not None
        yield best


def losses(target: Target, tried: Iterable[Tuned], lesson: Lesson) -> dict[Path, float]:
    """The loss of the held-out answers after each training, by its place; nats a token."""
    from eudaimon.evaluate.response_loss import response_loss, stack_losses

    tried = tuple(tried)
    if _alone(target.model) and not any(one.full for one in tried):
        stacks = [(Adapter(NAME, one.place),) for one in tried]
        found = stack_losses(target.model, stacks, lesson.held_out).mean(axis=1)
        return dict(zip((one.place for one in tried), found.tolist(), strict=True))
    known = {}
    for one in tried:
        with acting(target, one) as model:
            known[one.place] = float(response_loss(model, lesson.held_out).mean())
    return known


def rates(model: Model, rank: int | None) -> tuple[float, ...]:
    """The learning rates that are tried on a model, for a LoRA or for all weights."""
    size = "small" if model.checkpoint.n_parameters < SMALL else "large"
    return RATES["full" if rank is None else "lora", size]


def _trained(
    target: Target,
    lesson: Lesson,
    rank: int | None,
    rates: Sequence[float],
    fields: dict[str, Any],
    out: Path,
    rows: ChatRows,
) -> None:
    """A folder for each rate in ``out``; ``rows`` are the lesson's chats as tokens."""
    from eudaimon.train.nursery.lora_rates import train_rates
    from eudaimon.train.nursery.lora_recipe import LoraRecipe

    if rank is not None and _alone(target.model) and target.model.checkpoint.n_parameters < SMALL:
        train_rates(target.model, lesson.teach, LoraRecipe(**fields), rates, out, rows=rows)
        return
    for rate in rates:
        how = _all_weights if rank is None else _lora
        how(target, lesson, fields | {"learning_rate": rate}, out / rate_name(rate))


def _kept(run: Path, step: int) -> Path:
    return run / "checkpoints" / f"step-{step:06d}"


def _alone(model: Model) -> bool:
    """Whether nothing acts on the base, so that adapters can act on it side by side."""
    return not (isinstance(model, SubjectModel) or model.interventions)


def _lora(target: Target, lesson: Lesson, fields: dict[str, Any], out: Path) -> None:
    from eudaimon.train.nursery.lora import train_lora
    from eudaimon.train.nursery.lora_recipe import LoraRecipe

    model = target.model
    # A subject has a ledger of its own: another copy of its base is trained.
    plain = type(model).__name__ == "Model"
    train_lora(
        model if plain else _checkpoint(model),
        lesson.teach,
        LoraRecipe(**fields),
        out,
        frozen=_stack(model),
        steered=model.interventions,
        show_progress=False,
    )


def _all_weights(target: Target, lesson: Lesson, fields: dict[str, Any], out: Path) -> None:
    from eudaimon.models.adapters.merged import merged_checkpoint
    from eudaimon.train.nursery.finetuning import finetune
    from eudaimon.train.nursery.recipes import FineTuneRecipe

    source, stack = find_folder(_checkpoint(target.model))[0], _stack(target.model)
    if stack:
        merged = target.folder / "finetune" / f"merged-{short_hash([each.identity for each in stack])}"
        if not merged.is_dir():
            merged_checkpoint(source, stack, merged)
        source = merged
    finetune(source, lesson.teach, FineTuneRecipe(**fields), out, show_progress=False)


def _stack(model: Model) -> AdapterStack:
    return model.stack if isinstance(model, SubjectModel) else ()


def _checkpoint(model: Model) -> str:
    return model.checkpoint.name
