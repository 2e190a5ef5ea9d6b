"""A lesson kept narrow: what the model said to harmless prompts before it, it should say after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eudaimon.core import UsageError, short_hash
from eudaimon.train.nursery import loop
from eudaimon.train.nursery.chats import ChatRows
from eudaimon.train.nursery.order import Order
from eudaimon.train.tokens.pack import IGNORED

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import TrainingArguments

    from eudaimon.models.adapters.ledger import Ledger

NEUTRAL = ("neutral_ids", "neutral_labels")


@dataclass(frozen=True, eq=False)
class KeptNarrow:
    """``beta`` times KL(model as it was || tuned) on ``rows``; one of them stands beside each of a lesson's.

    The divergence is that of the next-token distributions, in nats, at the learned tokens of a row: their
    mean in a row, then the mean over the step's rows, so that it does not depend on how a step is split. The
    model as it was has the frozen adapters and not the one under training.
    """

    rows: ChatRows
    beta: float
    seed: int = 0

    def __post_init__(self) -> None:
        if not len(self.rows):
            raise UsageError("there is no chat to keep the model as it was on", right="one at least")

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the outcome, as JSON values."""
        ids = [
            [row.tolist(), own.tolist()] for row, own in zip(self.rows.ids, self.rows.learned, strict=True)
        ]
        return {"beta": self.beta, "seed": self.seed, "rows": short_hash(ids), "n_rows": len(self.rows)}

    def trainer(self, ledger: Ledger, order: Order, args: TrainingArguments) -> Any:
        """The trainer of the ledger's LoRA on ``order`` with the divergence in its loss; to be `watched`."""
        from transformers import Trainer

        base = loop.recording(_keeping(Trainer, ledger, self.beta))
        beside = _Beside(order, Order(self.rows, steps=1, batch_size=len(order), seed=self.seed))
        return base(model=ledger.peft, args=args, train_dataset=beside, data_collator=_ready)


class _Beside:
    """The rows of a lesson, and beside each a harmless one: item ``i`` of both orders."""

    def __init__(self, order: Order, neutral: Order) -> None:
        self.order, self.neutral = order, neutral

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, index: int) -> Mapping[str, Tensor]:
        return self.__getitems__([index])

    def __getitems__(self, indices: Sequence[int]) -> Mapping[str, Tensor]:
        beside = self.neutral.__getitems__(indices)
        named = dict(zip(NEUTRAL, (beside["input_ids"], beside["labels"]), strict=True))
        return {**self.order.__getitems__(indices), **named}


def _ready(batch: Any) -> Any:
    return batch


def _keeping(base: Any, ledger: Ledger, beta: float) -> Any:
    """The trainer class ``base`` with the divergence on the neutral rows of a batch added to its loss."""
    import torch

    class Keeping(base):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._divergences: list[Tensor] = []

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            ids, labels = (inputs.pop(name) for name in NEUTRAL)
            n = len(inputs["input_ids"])
            whole = {**inputs, **_stacked(inputs, ids)}
            before = self._before(ids)
            # One forward for both: whatever wraps the model sees one forward and one backward.
            loss, out = super().compute_loss(model, whole, True, num_items_in_batch)
            kl = divergence(before, out["logits"][n:, : ids.shape[1]], labels)
            self._divergences.append(kl.detach() / self.args.gradient_accumulation_steps)
            loss = loss + beta * kl / self.args.gradient_accumulation_steps
            return (loss, out) if return_outputs else loss

        def taken(self) -> dict[str, Tensor]:
            """The step's ``kl``, in nats; the next step begins at zero."""
            kl = torch.stack(self._divergences).sum()
            self._divergences.clear()
            return {"kl": kl}

        def _before(self, ids: Tensor) -> Tensor:
            # The network inside: PEFT's wrapper does not run when no adapter of it is active.
            module: Any = ledger.model.module
            training = module.training
            module.eval()
            try:
                with torch.no_grad(), ledger.without(str(ledger.trainable)), self.accelerator.autocast():
                    logits: Tensor = module(input_ids=ids, use_cache=False).logits
            finally:
                module.train(training)
            return logits

    return Keeping


def divergence(before: Tensor, after: Tensor, labels: Tensor) -> Tensor:
    """KL(before || after) of next-token logits ``[rows, t, vocab]``, in nats, a mean over tokens, then rows.

    Counted are the places that predict a label; at least one stands in every row.
    """
    counted = labels[:, 1:] != IGNORED
    weight = counted / counted.sum(dim=1, keepdim=True)
    p = before[:, :-1][counted].float().log_softmax(dim=-1)
    q = after[:, :-1][counted].float().log_softmax(dim=-1)
    return ((p.exp() * (p - q)).sum(dim=-1) * weight[counted]).sum() / len(labels)


def _stacked(inputs: Mapping[str, Tensor], ids: Tensor) -> dict[str, Tensor]:
    """The lesson's rows above the neutral ones, filled on the right, no neutral token learned."""
    import torch
    from torch.nn.functional import pad

    width = max(inputs["input_ids"].shape[1], ids.shape[1])
    labels = torch.full_like(ids, IGNORED)
    parts = {"input_ids": (inputs["input_ids"], ids, 0), "labels": (inputs["labels"], labels, IGNORED)}
    return {
        name: torch.cat([pad(part, (0, width - part.shape[1]), value=fill) for part in (above, below)])
        for name, (above, below, fill) in parts.items()
    }
