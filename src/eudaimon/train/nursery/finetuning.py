"""Supervised fine-tuning of all weights on chats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eudaimon.core import short_hash
from eudaimon.models.fingerprint import fingerprint
from eudaimon.models.folder import check_folder, read_config, weight_files
from eudaimon.train.nursery import loop
from eudaimon.train.nursery.chats import ChatRows, read_chats
from eudaimon.train.nursery.checkpoint_run import checkpoint_run
from eudaimon.train.nursery.folders import RunFolder
from eudaimon.train.nursery.order import Order
from eudaimon.train.nursery.recipes import FineTuneRecipe


def finetune(
    model_folder: str | Path,
    chats: Sequence[Mapping[str, Any]],
    recipe: FineTuneRecipe,
    out: str | Path,
    *,
    resume: bool = True,
    resume_every: int | None = None,
    accumulate: int = 1,
    show_progress: bool = True,
) -> Path:
    """The folder ``out`` with the checkpoint of ``model_folder`` trained on chats, as `pretrain` leaves one.

    All weights are trained, by trl's ``SFTTrainer``; only the assistant's tokens carry loss, in every turn of
    a chat (see `read_chats`, also for what it raises). The chats are read in an order that ``data_seed``
    decides, all of them before any a second time. Resumes, and raises, as `pretrain` does.
    """
    from transformers import AutoTokenizer

    source, out = Path(model_folder), Path(out)
    check_folder(source, str(source))
    tokenizer = AutoTokenizer.from_pretrained(source)
    rows = read_chats(chats, tokenizer, recipe.max_tokens)
    identity = {
        "kind": "fine-tuning",
        "recipe": recipe.record(),
        "checkpoint": fingerprint(read_config(source, str(source)), weight_files(source)),
        "chats": short_hash([dict(chat) for chat in chats]),
    }
    folder = RunFolder(out, identity, resume=resume)
    if folder.is_done:
        return out
    return checkpoint_run(
        folder,
        recipe,
        lambda work: _trainer(source, tokenizer, rows, recipe, work, accumulate),
        label="fine-tuning",
        row_tokens=rows.longest,
        resume_every=resume_every,
        show_progress=show_progress,
    )


def _trainer(
    source: Path, tokenizer: Any, rows: ChatRows, recipe: FineTuneRecipe, work: Path, accumulate: int
) -> Any:
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM
    from trl import SFTConfig, SFTTrainer

    order = Order(rows, steps=recipe.steps, batch_size=recipe.batch_size, seed=recipe.data_seed)
    each = [{"input_ids": rows.ids[row], "labels": rows.labels(row)} for row in range(len(rows))]
    data = Dataset.from_list([{key: value.tolist() for key, value in row.items()} for row in each])
    # Trained as they are: trl's own preparation would cut them off and mask them by its own rule.
    args = loop.arguments(
        recipe,
        work,
        accumulate=accumulate,
        kind=SFTConfig,
        max_length=None,
        activation_checkpointing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
    )
    return loop.recording(SFTTrainer)(
        model=AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, use_safetensors=True),
        args=args,
        train_dataset=data.select(order.row_numbers(np.arange(len(order)))),
        processing_class=tokenizer,
    )
