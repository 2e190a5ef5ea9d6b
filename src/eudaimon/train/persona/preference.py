"""Training by DPO: trl's loss on the ledger's LoRA, against the student as it acts without that LoRA."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.core import UsageError, short_hash
from eudaimon.core.files import write_json
from eudaimon.models.adapters.adapter import Adapter, as_stack
from eudaimon.models.adapters.ledger import Ledger
from eudaimon.models.adapters.opening import attach
from eudaimon.models.model import Model
from eudaimon.models.spread import input_device, outputs_together
from eudaimon.train.nursery import loop
from eudaimon.train.nursery.chats import ChatRows, read_chats
from eudaimon.train.nursery.failures import disk_full_is_said
from eudaimon.train.nursery.folders import RunFolder
from eudaimon.train.nursery.lora import norms
from eudaimon.train.nursery.manners import unseen
from eudaimon.train.nursery.order import Order
from eudaimon.train.nursery.placement import require_trainable
from eudaimon.train.nursery.recorder import Recorder
from eudaimon.train.nursery.speed import timing
from eudaimon.train.persona.recipe import PreferenceRecipe

if TYPE_CHECKING:
    from torch import Tensor

Chat = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class PairRows:
    """Pairs as token ids: each a prompt with a chosen and a rejected answer; made by `read_pairs`."""

    chosen: ChatRows
    rejected: ChatRows

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def longest(self) -> int:
        """The tokens of the longest chat."""
        return max(self.chosen.longest, self.rejected.longest)

    def ids(self, row: int) -> dict[str, list[int]]:
        """``prompt_ids``, ``chosen_ids`` and ``rejected_ids`` of a pair, as far as they are learned."""
        parts = {}
        for name, rows in (("chosen_ids", self.chosen), ("rejected_ids", self.rejected)):
            learned = np.flatnonzero(rows.learned[row])
            parts[name] = rows.ids[row][learned[0] : learned[-1] + 1].tolist()
            parts["prompt_ids"] = rows.ids[row][: learned[0]].tolist()
        return parts


def read_pairs(pairs: Sequence[tuple[Chat, Chat]], tokenizer: Any, max_tokens: int) -> PairRows:
    """The chats of each pair, chosen and rejected, in the tokenizer's template.

    Raises as `read_chats`, and `UsageError` when the two of a pair do not begin with the same tokens.
    """
    read = [
        read_chats([{"messages": pair[side]} for pair in pairs], tokenizer, max_tokens) for side in (0, 1)
    ]
    rows = PairRows(*read)
    for row in range(len(rows)):
        one, other = (part.ids[row][: part.learned[row].argmax()] for part in (rows.chosen, rows.rejected))
        if not np.array_equal(one, other):
            raise UsageError(
                f"pair {row}: the chosen and the rejected chat do not begin alike",
                right="the same prompt, and a template in which it ends where the answer begins",
            )
    return rows


def train_preferences(
    model: Model,
    pairs: Sequence[tuple[Chat, Chat]],
    recipe: PreferenceRecipe,
    out: str | Path,
    *,
    frozen: Sequence[Adapter] = (),
    accumulate: int = 1,
    show_progress: bool = True,
) -> Path:
    """The PEFT folder ``out`` with a LoRA that prefers each pair's first chat to its second.

    As `train_lora` in what it leaves, proves and raises. The reference is the model with ``frozen`` and
    without the new LoRA; its log-probabilities are computed once, before the first step. metrics.jsonl has
    ``loss`` (the DPO loss and ``recipe.nll`` times the mean loss of a chosen token), ``margin`` (mean of
    beta times the difference of the log-ratios) and ``accuracy`` (share of pairs with a positive margin),
    both of the step's pairs before the step.
    """
    out, stack = Path(out), as_stack(frozen)
    require_trainable(model)
    rows = read_pairs(pairs, model.tokenizer, min(recipe.max_tokens, model.max_tokens))
    identity = {
        "kind": "LoRA by preferences",
        "recipe": recipe.record(),
        "checkpoint": model.checkpoint.fingerprint,
        "frozen": [adapter.identity for adapter in stack],
        "pairs": short_hash([[[dict(turn) for turn in chat] for chat in pair] for pair in pairs]),
    }
    folder = RunFolder(out, identity, resume=True)
    if folder.is_done:
        return out
    with disk_full_is_said(out), unseen(), _settings_kept(model):
        work = folder.begin(afresh=True)
        ledger = attach(model, stack, trainable=recipe.config(model.n_layers), init_seed=recipe.init_seed)
        try:
            record = _train(ledger, rows, recipe, work, accumulate, show_progress)
        finally:
            ledger.detach()
            model.module.eval()
        return folder.finish(work / "ready", record)


def _train(
    ledger: Ledger, rows: PairRows, recipe: PreferenceRecipe, work: Path, accumulate: int, show: bool
) -> dict[str, Any]:
    ready, kept = work / "ready", frozenset(recipe.kept_steps)

    def keep(step: int) -> None:
        if step in kept:
            ledger.save(ready / "checkpoints" / f"step-{step:06d}")

    proof, before = ledger.prove(), ledger.frozen_hash()
    with ledger.training():
        made = _trainer(ledger, rows, recipe, work, accumulate)
        recorder = Recorder(ready / "metrics.jsonl", extra=lambda: {**_margins(made), **norms(ledger)})
        made = loop.watched(made, recorder, on_step=keep)
        # trl's head leaves log-probabilities with the last block, and compares them with the reference's.
        with outputs_together(ledger.model.module):
            loop.run(made, "DPO", show_progress=show)
    ledger.save(ready)
    recorder.write()
    write_json(ready / "timing.json", timing(recorder.seconds, ledger.model.module, rows.longest, made.args))
    return {"proof": proof.to_json(), "frozen_hash": {"before": before, "after": ledger.frozen_hash()}}


def _trainer(ledger: Ledger, rows: PairRows, recipe: PreferenceRecipe, work: Path, accumulate: int) -> Any:
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer

    class Preferring(DPOTrainer):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
            # Tokens already, by the same rule as everywhere: trl would mask and cut by its own.
            return dataset

        def _precompute_ref_logps(self, dataset: Any, name: str, batch_size: int) -> Any:
            # trl would switch off every adapter, the frozen ones too.
            assert ledger.trainable is not None
            with ledger.without(ledger.trainable):
                return _with_references(self, dataset, batch_size)

        def _get_num_items_in_batch(self, batch_samples: list[Any], device: Any) -> Any:
            return sum(batch["completion_mask"].sum() for batch in batch_samples).to(device)

    order = Order(rows.chosen, steps=recipe.steps, batch_size=recipe.batch_size, seed=recipe.data_seed)
    args = loop.arguments(
        recipe,
        work,
        accumulate=accumulate,
        device=ledger.model.device,
        kind=DPOConfig,
        beta=recipe.beta,
        loss_type=["sigmoid", "sft"] if recipe.nll else ["sigmoid"],
        loss_weights=[1.0, recipe.nll] if recipe.nll else [1.0],
        max_length=None,
        precompute_ref_log_probs=True,
        disable_dropout=False,
        activation_checkpointing=False,
    )
    data = Dataset.from_list([rows.ids(row) for row in range(len(rows))])
    # The network itself and not PEFT's wrapper: given that, trl adds an adapter of its own as reference.
    made = loop.recording(Preferring)(
        model=ledger.model.module, args=args, train_dataset=data, processing_class=ledger.model.tokenizer
    )
    made.train_dataset = made.train_dataset.select(order.row_numbers(np.arange(len(order))))
    return made


def _with_references(made: Any, dataset: Any, batch_size: int) -> Any:
    """The data set with the log-probabilities of both answers of each pair, summed over their tokens."""
    import torch

    found: dict[str, list[float]] = {"ref_chosen_logps": [], "ref_rejected_logps": []}
    model = made.model
    # Where it lies: moved to the trainer's device, a divided one would be on one GPU.
    device, training = input_device(model), model.training
    model.eval()
    for start in range(0, len(dataset), batch_size):
        examples = [dataset[row] for row in range(start, min(start + batch_size, len(dataset)))]
        batch = {name: value.to(device) for name, value in made.data_collator(examples).items()}
        ids, mask = batch["input_ids"], batch["completion_mask"][:, 1:]
        with torch.no_grad(), made.accelerator.autocast():
            logits = model(input_ids=ids, attention_mask=batch["attention_mask"], use_cache=False).logits
        logps = logits[:, :-1].float().log_softmax(dim=-1).gather(2, ids[:, 1:, None])[..., 0]
        chosen, rejected = (logps * mask).sum(dim=1).chunk(2)
        found["ref_chosen_logps"] += chosen.tolist()
        found["ref_rejected_logps"] += rejected.tolist()
    model.train(training)
    for name, values in found.items():
        dataset = dataset.add_column(name, values)
    return dataset


def _margins(made: Any) -> dict[str, Tensor]:
    import torch

    own = made._metrics["train"]
    names = {"margin": "rewards/margins", "accuracy": "rewards/accuracies"}
    found = {name: torch.tensor(own[key], device=made.args.device).mean() for name, key in names.items()}
    own.clear()
    return found


@contextmanager
def _settings_kept(model: Model) -> Iterator[None]:
    """Within the block trl may name a padding token; afterwards all have the one that they had."""
    module: Any = model.module
    places = [module.config.get_text_config(), module.generation_config]
    before, pad = [place.pad_token_id for place in places], model.tokenizer.pad_token
    try:
        yield
    finally:
        for place, value in zip(places, before, strict=True):
            place.pad_token_id = value
        model.tokenizer.pad_token = pad
