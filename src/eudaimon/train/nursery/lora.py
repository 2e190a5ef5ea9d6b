"""Training of one LoRA, on a bare checkpoint or on top of frozen adapters that act all the while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core import short_hash
from eudaimon.core.files import write_json
from eudaimon.models.adapters.adapter import Adapter, as_stack
from eudaimon.models.adapters.ledger import Ledger
from eudaimon.models.adapters.opening import attach
from eudaimon.models.load import load
from eudaimon.models.model import Model
from eudaimon.train.nursery import loop
from eudaimon.train.nursery.chats import ChatRows, read_chats
from eudaimon.train.nursery.failures import disk_full_is_said
from eudaimon.train.nursery.folders import RunFolder
from eudaimon.train.nursery.lora_recipe import LoraRecipe
from eudaimon.train.nursery.manners import unseen
from eudaimon.train.nursery.order import Order
from eudaimon.train.nursery.recorder import Recorder
from eudaimon.train.nursery.speed import timing

if TYPE_CHECKING:
    from torch import Tensor


def train_lora(
    model: Model | str | Path,
    chats: Sequence[Mapping[str, Any]],
    recipe: LoraRecipe,
    out: str | Path,
    *,
    frozen: Sequence[Adapter] = (),
    frozen_active: bool = True,
    resume: bool = True,
    accumulate: int = 1,
    show_progress: bool = True,
) -> Path:
    """The PEFT folder ``out`` with one trained LoRA, metrics.jsonl, checkpoints and, last, manifest.json.

    ``frozen`` adapters act in every forward and do not move: the ledger proves both, from the logits before
    training and from the weights' digests after it, and both stand in the manifest. With ``frozen_active``
    false they are really absent, and the manifest says so: the cell "inactive in training". The base is never
    merged; a loaded ``model`` is afterwards what it was, and can be used for the next LoRA at once.

    metrics.jsonl has, besides loss, learning rate, gradient norm and counted tokens, ``a_norm`` and
    ``b_norm`` of the LoRA after each step (Frobenius, over all layers). Adapters of ``recipe.kept_steps`` lie
    in ``checkpoints/step-000005`` and so on. An interrupted run starts again and ends with the same bytes.
    Raises `AdapterError` when a proof fails, and as `read_chats` and `pretrain` do.
    """
    out, stack = Path(out), as_stack(frozen)
    if not isinstance(model, Model):
        model = load(model)
    rows = read_chats(chats, model.tokenizer, min(recipe.max_tokens, model.max_tokens))
    identity = {
        "kind": "LoRA",
        "recipe": recipe.record(),
        "checkpoint": model.checkpoint.fingerprint,
        "frozen": [adapter.identity for adapter in stack],
        "frozen_active": bool(stack) and frozen_active,
        "chats": short_hash([dict(chat) for chat in chats]),
    }
    folder = RunFolder(out, identity, resume=resume)
    if folder.is_done:
        return out
    with disk_full_is_said(out), unseen():
        work = folder.begin(afresh=True)
        active = stack if frozen_active else ()
        ledger = attach(model, active, trainable=recipe.config(model.n_layers), init_seed=recipe.init_seed)
        try:
            record = _train(ledger, rows, recipe, work, accumulate, show_progress)
        finally:
            ledger.detach()
            model.module.eval()
        return folder.finish(work / "ready", record)


def _train(
    ledger: Ledger, rows: ChatRows, recipe: LoraRecipe, work: Path, accumulate: int, show_progress: bool
) -> dict[str, Any]:
    ready = work / "ready"
    recorder = Recorder(ready / "metrics.jsonl", extra=lambda: norms(ledger))
    order = Order(rows, steps=recipe.steps, batch_size=recipe.batch_size, seed=recipe.data_seed)
    kept = frozenset(recipe.kept_steps)

    def keep(step: int) -> None:
        if step in kept:
            ledger.save(ready / "checkpoints" / f"step-{step:06d}")

    proof, before = ledger.prove(), ledger.frozen_hash()
    with ledger.training():
        args = loop.arguments(recipe, work, accumulate=accumulate)
        made = loop.watched(loop.trainer(ledger.peft, order, args), recorder, on_step=keep)
        loop.run(made, "LoRA", show_progress=show_progress)
    ledger.save(ready)
    recorder.write()
    write_json(ready / "timing.json", timing(recorder.seconds, ledger.peft, rows.longest, args))
    return {"proof": proof.to_json(), "frozen_hash": {"before": before, "after": ledger.frozen_hash()}}


def norms(ledger: Ledger) -> dict[str, Tensor]:
    """``a_norm`` and ``b_norm`` of the LoRA under training: Frobenius, over all layers."""
    import torch

    named = ledger.trainable_parameters()
    norms = {}
    for part in ("lora_A", "lora_B"):
        values = [value.detach() for name, value in named if f".{part}." in name]
        norms[f"{part[-1].lower()}_norm"] = torch.stack(torch._foreach_norm(values)).norm()
    return norms
