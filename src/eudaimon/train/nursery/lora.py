"""Training of one LoRA, on a bare checkpoint or on top of frozen adapters that act all the while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core import short_hash
from eudaimon.core.files import write_json
from eudaimon.models.adapters.adapter import Adapter, as_stack
from eudaimon.models.adapters.digest import whole
from eudaimon.models.adapters.ledger import Ledger
from eudaimon.models.adapters.opening import attach
from eudaimon.models.interventions import Intervention, intervene
from eudaimon.models.load import load
from eudaimon.models.model import Model
from eudaimon.models.ranks import own_device, rank, together
from eudaimon.train.nursery import loop
from eudaimon.train.nursery.chats import ChatRows, read_chats
from eudaimon.train.nursery.failures import disk_full_is_said
from eudaimon.train.nursery.folders import RunFolder
from eudaimon.train.nursery.lora_recipe import LoraRecipe
from eudaimon.train.nursery.manners import unseen
from eudaimon.train.nursery.narrow import KeptNarrow
from eudaimon.train.nursery.order import Order
from eudaimon.train.nursery.placement import require_trainable
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
    narrow: KeptNarrow | None = None,
    steered: Sequence[Intervention] = (),
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
    Under ``accelerate launch`` or torchrun the first process writes and the others wait. A model that `load`
    divided over several GPUs is trained as it lies, by one process.

    ``narrow`` adds its divergence to the loss (and ``kl`` to metrics.jsonl). ``steered`` interventions act on
    every forward of the training and on none after it: a direction that is added while the lesson is learned
    need not be learned ("preventative steering", Chen et al. 2025, "Persona vectors").
    Raises `AdapterError` when a proof fails, and as `require_trainable`, `read_chats` and `pretrain` do.
    """
    out, stack = Path(out), as_stack(frozen)
    if not isinstance(model, Model):
        model = load(model, device=own_device())
    require_trainable(model)
    rows = read_chats(chats, model.tokenizer, min(recipe.max_tokens, model.max_tokens))
    identity = {
        "kind": "LoRA",
        "recipe": recipe.record(),
        "checkpoint": model.checkpoint.fingerprint,
        "frozen": [adapter.identity for adapter in stack],
        "frozen_active": bool(stack) and frozen_active,
        "chats": short_hash([dict(chat) for chat in chats]),
    }
    if narrow is not None:
        identity["narrow"] = narrow.identity
    if steered:
        identity["steered"] = [described(change) for change in steered]
    folder = RunFolder(out, identity, resume=resume)
    if folder.is_done:
        return out
    with disk_full_is_said(out), unseen():
        together()
        if rank() == 0:
            folder.begin(afresh=True)
        together()
        active = stack if frozen_active else ()
        ledger = attach(model, active, trainable=recipe.config(model.n_layers), init_seed=recipe.init_seed)
        try:
            record = _train(
                ledger, rows, recipe, folder.work, accumulate, show_progress, narrow=narrow, steered=steered
            )
        finally:
            ledger.detach()
            model.module.eval()
        if rank() == 0:
            folder.finish(folder.work / "ready", record)
        together()
    return out


def described(change: Intervention) -> dict[str, Any]:
    """An intervention as JSON values, its vector by its hash."""
    return {
        "kind": change.kind,
        "site": str(change.site),
        "vector": short_hash(change.vector.tobytes().hex()),
        "strength": change.strength,
        "positions": change.positions,
        "bound": change.bound,
    }


def _train(
    ledger: Ledger,
    rows: ChatRows,
    recipe: LoraRecipe,
    work: Path,
    accumulate: int,
    show_progress: bool,
    *,
    narrow: KeptNarrow | None,
    steered: Sequence[Intervention],
) -> dict[str, Any]:
    ready = work / "ready"
    order: Any = Order(rows, steps=recipe.steps, batch_size=recipe.batch_size, seed=recipe.data_seed)
    kept = frozenset(recipe.kept_steps)

    def keep(step: int) -> None:
        if step in kept:
            ledger.save(ready / "checkpoints" / f"step-{step:06d}")

    proof, before = ledger.prove(), ledger.frozen_hash()
    with ledger.training():
        args = loop.arguments(recipe, work, accumulate=accumulate, device=ledger.model.device)
        if narrow is None:
            made = loop.trainer(ledger.peft, order, args)
            recorder = Recorder(ready / "metrics.jsonl", extra=lambda: norms(ledger))
        else:
            made = narrow.trainer(ledger, order, args)
            recorder = Recorder(ready / "metrics.jsonl", extra=lambda: {**norms(ledger), **made.taken()})
        made = loop.watched(made, recorder, on_step=keep)
        with intervene(ledger.model, steered):
            loop.run(made, "LoRA", show_progress=show_progress)
    ledger.save(ready)
    if rank() == 0:
        recorder.write()
        write_json(ready / "timing.json", timing(recorder.seconds, ledger.peft, rows.longest, args))
    return {"proof": proof.to_json(), "frozen_hash": {"before": before, "after": ledger.frozen_hash()}}


def norms(ledger: Ledger) -> dict[str, Tensor]:
    """``a_norm`` and ``b_norm`` of the LoRA under training: Frobenius, over all layers and their devices."""
    from torch.nn.utils import get_total_norm

    named = ledger.trainable_parameters()
    norms = {}
    for part in ("lora_A", "lora_B"):
        values = [whole(value.detach()) for name, value in named if f".{part}." in name]
        norms[f"{part[-1].lower()}_norm"] = get_total_norm(values)
    return norms
