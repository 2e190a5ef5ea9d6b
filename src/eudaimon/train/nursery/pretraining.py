"""Pretraining of a nursery model on packed tokens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core import BindingMismatch
from eudaimon.models.fingerprint import tokenizer_hash
from eudaimon.train.nursery import loop
from eudaimon.train.nursery.batches import token_rows
from eudaimon.train.nursery.checkpoint_run import checkpoint_run
from eudaimon.train.nursery.folders import RunFolder
from eudaimon.train.nursery.order import Order
from eudaimon.train.nursery.recipes import PretrainRecipe
from eudaimon.train.nursery.sizes import llama_config

if TYPE_CHECKING:
    from eudaimon.train.tokens.token_set import TokenSet


def pretrain(
    recipe: PretrainRecipe,
    tokens: TokenSet,
    tokenizer: Any,
    out: Path,
    *,
    resume: bool = True,
    start: Path | None = None,
    resume_every: int | None = None,
    accumulate: int = 1,
    show_progress: bool = True,
) -> Path:
    """The folder ``out`` with the trained model, its tokenizer, metrics.jsonl and, last, manifest.json.

    It opens by transformers' ``AutoModelForCausalLM``; the models of ``recipe.checkpoint_steps`` lie in
    ``checkpoints/step-000100`` and so on. metrics.jsonl has loss (nats per counted token), learning rate,
    gradient norm and counted tokens of every step; seconds stand in timing.json. Killed at any instant, the
    same call goes on from the last of its resume points, one every ``resume_every`` steps (by default a tenth
    of the run, at least 50), and ends with the same bytes on the same device and threads; a run that is done
    is returned as it is. ``resume`` false starts over. ``start`` goes on from a checkpoint folder, not from
    new weights.

    Under ``accelerate launch`` it runs on as many devices as that says. Raises `BindingMismatch` when tokens
    or ``start`` were made with another tokenizer, `UsageError` when nothing carries loss or ``out`` holds
    another run, `LossNotFinite` at the step where that happens, `DiskFull`.
    """
    out = Path(out)
    rows = token_rows(tokens, recipe, tokenizer)
    identity: dict[str, Any] = {"kind": "pretraining", "recipe": recipe.record(), "tokens": tokens.hash}
    identity["tokenizer"] = tokenizer_hash(tokenizer)
    if start is not None:
        identity["start"] = _start_fingerprint(Path(start), tokenizer)
    folder = RunFolder(out, identity, resume=resume)
    if folder.is_done:
        return out

    def build(work: Path) -> Any:
        order = Order(
            rows,
            steps=recipe.steps,
            batch_size=recipe.batch_size,
            seed=recipe.data_seed,
            mask_from_step=recipe.mask_from_step,
        )
        args = loop.arguments(recipe, work, accumulate=accumulate)
        return loop.trainer(new_model(recipe, tokenizer, start), order, args, tokenizer=tokenizer)

    return checkpoint_run(
        folder,
        recipe,
        build,
        label=f"pretraining {recipe.size}",
        row_tokens=recipe.context,
        resume_every=resume_every,
        show_progress=show_progress,
    )


def new_model(recipe: PretrainRecipe, tokenizer: Any, start: Path | None = None) -> Any:
    """A model of the recipe's size with weights drawn by ``init_seed`` alone, or the one in ``start``."""
    import torch
    from transformers import AutoModelForCausalLM

    if start is not None:
        return AutoModelForCausalLM.from_pretrained(start, dtype=torch.float32, use_safetensors=True)
    config = llama_config(recipe.size, tokenizer, recipe.context, initializer_range=recipe.initializer_range)
    with torch.random.fork_rng():
        torch.manual_seed(recipe.init_seed)
        return AutoModelForCausalLM.from_config(config, dtype=torch.float32)


def _start_fingerprint(start: Path, tokenizer: Any) -> str:
    from transformers import AutoTokenizer

    from eudaimon.models.fingerprint import fingerprint
    from eudaimon.models.folder import check_folder, read_config, weight_files

    check_folder(start, str(start))
    own, other = tokenizer_hash(AutoTokenizer.from_pretrained(start)), tokenizer_hash(tokenizer)
    if own != other:
        raise BindingMismatch(
            f"the checkpoint {start} has tokenizer {own}, the tokens have {other}",
            right="a checkpoint of the tokenizer that made the tokens, or tokens made with the checkpoint's",
        )
    return fingerprint(read_config(start, str(start)), weight_files(start))
