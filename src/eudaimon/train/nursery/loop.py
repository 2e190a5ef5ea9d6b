"""The training loop: transformers' Trainer on accelerate, and what a run records of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core import UsageError, progress
from eudaimon.train.nursery.order import Order, ready
from eudaimon.train.nursery.recipes import Recipe
from eudaimon.train.nursery.recorder import Recorder
from eudaimon.train.nursery.resuming import ResumePoints

if TYPE_CHECKING:
    import torch
    from transformers import TrainingArguments

SCHEDULES = {
    "cosine": "cosine",
    "linear": "linear",
    "constant": "constant_with_warmup",
    "wsd": "warmup_stable_decay",
}


def arguments(
    recipe: Recipe,
    folder: Path,
    *,
    accumulate: int = 1,
    device: torch.device | None = None,
    kind: Any = None,
    **more: Any,
) -> Any:
    """The recipe as transformers' ``TrainingArguments`` (or ``kind``), less all that only costs time.

    ``accumulate`` splits a step's batch into that many passes: less memory, the same step. ``device`` is
    where the model lies: one on a CPU is trained there, also beside a GPU (None: on a GPU if any). Raises
    `UsageError` when the batch does not divide by devices and passes, and for bfloat16 on a device that does
    not have it.
    """
    import torch
    from transformers import TrainingArguments

    cuda = torch.cuda.is_available() and (device is None or device.type != "cpu")
    capable = cuda and torch.cuda.is_bf16_supported()
    if recipe.dtype == "bfloat16" and not capable:
        raise UsageError(
            "this device does not compute bfloat16 (on CPUs it is some 18 times slower than float32)",
            right="dtype `auto` takes it where it is fast",
        )
    made = (kind or TrainingArguments)(
        output_dir=str(folder),
        max_steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=SCHEDULES[recipe.schedule],
        lr_scheduler_kwargs=_more(recipe),
        warmup_steps=recipe.warmup_steps,
        weight_decay=recipe.weight_decay,
        adam_beta1=recipe.betas[0],
        adam_beta2=recipe.betas[1],
        max_grad_norm=recipe.max_gradient_norm,
        optim="adamw_torch_fused",
        gradient_accumulation_steps=accumulate,
        bf16=capable and recipe.dtype != "float32",
        use_cpu=not cuda,
        # The order of the rows is the data set's own, so that resuming and more devices do not change it.
        train_sampling_strategy="sequential",
        remove_unused_columns=False,
        dataloader_pin_memory=cuda,
        ddp_find_unused_parameters=False,
        logging_strategy="no",
        logging_nan_inf_filter=False,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        **more,
    )
    # Trainer would spread a batch over all devices of one process by itself, which is slower than DDP.
    made._n_gpu = min(made.n_gpu, 1)
    shares = made.world_size * accumulate
    if recipe.batch_size % shares:
        raise UsageError(
            f"a batch of {recipe.batch_size} does not divide by {made.world_size} devices x {accumulate}",
            right="a batch size that does",
        )
    made.per_device_train_batch_size = recipe.batch_size // shares
    return made


def schedule(recipe: Recipe, optimizer: Any) -> Any:
    """The recipe's learning rates, as a scheduler of torch, for an optimiser that steps without a trainer."""
    from transformers import get_scheduler

    return get_scheduler(
        SCHEDULES[recipe.schedule],
        optimizer,
        recipe.warmup_steps,
        recipe.steps,
        scheduler_specific_kwargs=_more(recipe),
    )


def _more(recipe: Recipe) -> dict[str, Any]:
    if recipe.schedule != "wsd":
        return {}
    return {"num_decay_steps": recipe.decay_steps, "decay_type": "linear"}


def trainer(model: Any, order: Order, args: TrainingArguments, *, tokenizer: Any = None) -> Any:
    """A transformers ``Trainer`` that reads ``order``; it records once it is `watched`."""
    from transformers import Trainer

    return recording(Trainer)(
        model=model, args=args, train_dataset=order, data_collator=ready, processing_class=tokenizer
    )


def recording(base: Any) -> Any:
    """The trainer class ``base``, which tells a `Recorder` each loss, count and gradient norm."""

    class Recording(base):  # type: ignore[misc]
        recorder: Recorder

        def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
            # A batch that is masked from end to end has loss zero, and not zero divided by zero.
            counted = num_items_in_batch.clamp(min=1)
            n_read = inputs["input_ids"].numel()
            # Nothing is generated: keys and values need not be kept.
            loss = super().training_step(model, {**inputs, "use_cache": False}, counted)
            self.recorder.passed(loss, num_items_in_batch, n_read)
            return loss

        def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
            norm = super()._get_grad_norm(model, grad_norm)
            self.recorder.clipped(norm)
            return norm

        def floating_point_ops(self, inputs: Any) -> int:
            # Trainer's own walks over all modules at each step.
            return 0

        def create_model_card(self, *args: Any, **kwargs: Any) -> None:
            # trl writes one beside every resume point.
            return

    return Recording


def watched(
    made: Any,
    recorder: Recorder,
    points: ResumePoints | None = None,
    on_step: Callable[[int], None] = lambda step: None,
) -> Any:
    """The trainer with its recorder and resume points, and ``on_step`` called with each step's number."""
    from transformers import PrinterCallback, TrainerCallback

    reduce = _mean_over_devices(made)

    class Watch(TrainerCallback):  # type: ignore[misc]
        rate = 0.0

        def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.rate = kwargs["optimizer"].param_groups[0]["lr"]

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            step = state.global_step
            recorder.stepped(step, self.rate, reduce, args.device)
            if points and points.due(step):
                recorder.flush(reduce)
                control.should_save = True
            on_step(step)

        def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if points:
                made.accelerator.wait_for_everyone()
                if made.is_world_process_zero():
                    points.seal(state.global_step, recorder)
                made.accelerator.wait_for_everyone()

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            recorder.flush(reduce)

    made.recorder = recorder
    made.remove_callback(PrinterCallback)
    made.add_callback(Watch())
    return made


def run(made: Any, label: str, *, resume_from: Path | None = None, show_progress: bool = True) -> None:
    """Train to the last step, from ``resume_from`` where there is one, with progress in steps."""
    from transformers import TrainerCallback

    total = made.args.max_steps
    with progress(label, total, "steps", enabled=show_progress and made.is_world_process_zero()) as advance:

        class Advance(TrainerCallback):  # type: ignore[misc]
            def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                advance(state.global_step)

            def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                advance()

        made.add_callback(Advance())
        made.train(resume_from_checkpoint=str(resume_from) if resume_from else None)


def _mean_over_devices(made: Any) -> Callable[[Any], Any]:
    def reduce(table: Any) -> Any:
        return made.accelerator.reduce(table, reduction="mean")

    return reduce
