"""LoRAs that differ in their learning rate alone, trained side by side in the same forwards over one base.

In a small model a step is mostly overhead, so that two rates side by side take hardly longer than one. What
comes out is what `train_lora` makes at each rate, up to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core import UsageError, short_hash
from eudaimon.core.files import write_jsonl
from eudaimon.models.adapters.adapter import Adapter, read_config
from eudaimon.models.adapters.digest import digest
from eudaimon.models.adapters.errors import MergedAdapter
from eudaimon.models.adapters.load_lora import base_parameters
from eudaimon.models.adapters.loaded import load_updates
from eudaimon.models.adapters.opening import attach
from eudaimon.models.adapters.origin import read_origin
from eudaimon.models.adapters.save import write_adapter
from eudaimon.models.adapters.side_by_side import SideBySide
from eudaimon.models.adapters.updates import factors, scaling
from eudaimon.models.spread import is_spread
from eudaimon.train.nursery.chats import ChatRows, read_chats
from eudaimon.train.nursery.failures import LossNotFinite, disk_full_is_said
from eudaimon.train.nursery.folders import RunFolder
from eudaimon.train.nursery.loop import schedule
from eudaimon.train.nursery.lora_recipe import LoraRecipe
from eudaimon.train.nursery.order import Order
from eudaimon.train.tokens.pack import IGNORED

if TYPE_CHECKING:
    from torch import Tensor

    from eudaimon.models.model import Model


def train_rates(
    model: Model,
    chats: Sequence[Mapping[str, Any]],
    recipe: LoraRecipe,
    rates: Sequence[float],
    out: str | Path,
    *,
    rows: ChatRows | None = None,
) -> Path:
    """The folder ``out`` with a folder `rate_name` for each rate: metrics.jsonl and the recipe's checkpoints.

    ``recipe.learning_rate`` is not read. All rates start from the same weights and read the same rows at each
    step; each is clipped by its own norm. The fresh LoRA is proven on the base first, and afterwards the base
    must be what it was. The model acts without dropout. What is there already is not made again. ``rows`` are
    the chats as `read_chats` has read them, where somebody has. Raises
    `UsageError` for a model with adapters or interventions of its own or divided over devices, and for
    embeddings among the targets,
    `LossNotFinite` when one rate's is not, and as `attach` and `read_chats` do.
    """
    if model.adapters or model.interventions or is_spread(model.module):
        what = "is divided" if is_spread(model.module) else "acts with adapters or interventions"
        raise UsageError(f"{model.checkpoint.name} {what}", right="train_lora, rate by rate")
    out = Path(out)
    rows = rows or read_chats(chats, model.tokenizer, min(recipe.max_tokens, model.max_tokens))
    identity = {
        "kind": "LoRAs side by side",
        "recipe": recipe.record() | {"learning_rate": list(rates)},
        "checkpoint": model.checkpoint.fingerprint,
        "chats": short_hash([dict(chat) for chat in chats]),
    }
    folder = RunFolder(out, identity, resume=True)
    if folder.is_done:
        return out
    with disk_full_is_said(out):
        work = folder.begin(afresh=True)
        start = _fresh(model, recipe, work / "start")
        before = digest(base_parameters(model.module))
        _Training(model, recipe, rates, start).run(rows, work / "ready")
        after = digest(base_parameters(model.module))
        if after != before:
            raise MergedAdapter(f"the weights of {model.checkpoint.name} have moved in training")
        return folder.finish(work / "ready", {"frozen_hash": {"before": before, "after": after}})


def rate_name(rate: float) -> str:
    """What the folder of one rate is called."""
    return f"lr-{rate:g}"


def _fresh(model: Model, recipe: LoraRecipe, folder: Path) -> Adapter:
    """The LoRA that every rate starts from, as `train_lora` starts it, proven."""
    ledger = attach(model, trainable=recipe.config(model.n_layers), init_seed=recipe.init_seed)
    try:
        return ledger.save(folder)
    finally:
        ledger.detach()


class _Training:
    """The weights of all rates, a row of numbers for each, and the adapters that are made of them."""

    def __init__(self, model: Model, recipe: LoraRecipe, rates: Sequence[float], start: Adapter) -> None:
        import torch

        self.model, self.recipe, self.rates, self.start = model, recipe, tuple(rates), start
        self.config = read_config(start.folder)
        self.named = {one.module: one for one in factors(start.folder)}
        if any("lora_A" not in one.a_name for one in self.named.values()):
            raise UsageError("the LoRA has factors of embeddings", right="linear layers as targets")
        n = len(self.rates)
        loaded = load_updates(model, start)
        self.side = SideBySide(model, [(start,)] * n, {start.fingerprint: loaded})
        # The scaling stands in the strength, so that steps are those of the factors themselves.
        scale = scaling(self.config, next(iter(self.named.values())))
        self.side.weigh([[scale]] * n)
        held = [part[0] for _, a, b in self.side.factors for part in (a, b)]
        self.shapes = [part.shape for part in held]
        first = torch.cat([part.flatten() for part in held])
        self.weights = [first.clone().requires_grad_(True) for _ in self.rates]

    def run(self, rows: ChatRows, ready: Path) -> None:
        """All steps; adapters of the kept ones, and the metrics, go to ``ready``."""
        import torch

        recipe, n = self.recipe, len(self.rates)
        groups = [{"params": [own], "lr": rate} for own, rate in zip(self.weights, self.rates, strict=True)]
        adam = torch.optim.AdamW(groups, betas=recipe.betas, weight_decay=recipe.weight_decay, fused=True)
        rising = schedule(recipe, adam)
        order = Order(rows, steps=recipe.steps, batch_size=recipe.batch_size, seed=recipe.data_seed)
        told: list[list[dict[str, float]]] = [[] for _ in self.rates]
        counted = 0
        with torch.enable_grad(), self.side.acting():
            for step in range(1, recipe.steps + 1):
                last = step * recipe.batch_size
                batch = order.__getitems__(range(last - recipe.batch_size, last))
                ids, labels = (batch[key].to(self.model.device) for key in ("input_ids", "labels"))
                losses, n_learned = self._losses(ids.repeat(n, 1), labels)
                total: Any = losses.sum()
                total.backward()
                norms = [
                    torch.nn.utils.clip_grad_norm_([own], recipe.max_gradient_norm) for own in self.weights
                ]
                counted += n_learned
                for place, (loss, norm) in enumerate(zip(losses.tolist(), map(float, norms), strict=True)):
                    row = {"step": step, "loss": loss, "gradient_norm": norm, "n_tokens": counted}
                    told[place].append(row | {"learning_rate": adam.param_groups[place]["lr"]})
                _require_finite(told, self.rates)
                adam.step()
                rising.step()
                adam.zero_grad()
                if step in recipe.kept_steps:
                    self._keep(ready, step)
        for rate, own in zip(self.rates, told, strict=True):
            write_jsonl(ready / rate_name(rate) / "metrics.jsonl", own)

    def _losses(self, ids: Tensor, labels: Tensor) -> tuple[Tensor, int]:
        """Nats a learned token under each rate's weights ``[rates]``, and how many tokens are learned."""
        import torch

        n = len(self.rates)
        stacked: Any = torch.stack(self.weights)
        parts = stacked.split([shape.numel() for shape in self.shapes], dim=1)
        shaped = [part.view(n, *shape) for part, shape in zip(parts, self.shapes, strict=True)]
        self.side.put(list(zip(shaped[::2], shaped[1::2], strict=True)))
        module: Any = self.model.module
        logits = module(input_ids=ids, use_cache=False).logits[:, :-1].float()
        wanted = labels[:, 1:]
        nats = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), wanted.repeat(n, 1).flatten(), ignore_index=IGNORED, reduction="none"
        )
        learned = int((wanted != IGNORED).sum())
        return nats.view(n, -1).sum(dim=1) / max(learned, 1), learned

    def _keep(self, ready: Path, step: int) -> None:
        origin = read_origin(self.start.folder)
        for rate, own in zip(self.rates, self.weights, strict=True):
            held: Any = own.detach()
            parts = held.split([shape.numel() for shape in self.shapes])
            shaped = [part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)]
            tensors = {}
            for place, (module, _, _) in enumerate(self.side.factors):
                names = self.named[module]
                tensors[names.a_name] = shaped[2 * place]
                tensors[names.b_name] = shaped[2 * place + 1].mT
            folder = ready / rate_name(rate) / "checkpoints" / f"step-{step:06d}"
            write_adapter(folder, self.config, tensors, origin)


def _require_finite(told: Sequence[Sequence[Mapping[str, float]]], rates: Sequence[float]) -> None:
    import math

    for rate, rows in zip(rates, told, strict=True):
        row = rows[-1]
        if not (math.isfinite(row["loss"]) and math.isfinite(row["gradient_norm"])):
            raise LossNotFinite(
                f"at learning rate {rate:g} the loss is {row['loss']} at step {row['step']}",
                right="a finite number: the weights after it would be worthless, and none are kept",
                do="a lower learning rate, or a look at the rows of that step",
            )
