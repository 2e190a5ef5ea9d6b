"""Heads from features and labels: a hidden layer trained in seconds, then a temperature for each head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float

from eudaimon.core.errors import UsageError
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.stages.heads import Heads
from eudaimon.curate.stages.targets import Target, targets
from eudaimon.curate.stages.temperature import held_out_losses, temperatures

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Recipe:
    """How heads are trained; ``hidden`` units, 0 for linear heads.

    Training ends after ``epochs``, or when the loss on the calibration rows has not fallen for ``patience``
    epochs, and the best epoch's weights are kept.
    """

    hidden: int = 256
    epochs: int = 60
    patience: int = 6
    batch_size: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 5e-2
    dropout: float = 0.4


@dataclass(frozen=True, eq=False)
class Taught:
    """Heads, and how it went: epochs run, the epoch kept, mean loss per head on the calibration rows."""

    heads: Heads
    epochs: int
    best_epoch: int
    losses: dict[str, float]
    n_train: int
    n_calibration: int


def teach(
    features: Float[np.ndarray, "n features"],
    rows: Sequence[LabelledSegment],
    *,
    seed: int,
    recipe: Recipe = Recipe(),
) -> Taught:
    """Heads trained on the rows of the split ``train`` and calibrated on those of ``calibration``.

    Missing labels count for nothing in the loss, rows by their weight, heads alike. Early stopping and one
    temperature per head (for harm one per category where 20 calibration rows say yes and 20 no, else the one
    that fits all categories together) come from the calibration rows, which are of other groups than the
    trained ones. The same rows and seed give the same bytes on one machine. Raises `UsageError` where no
    question has enough labels, or nothing is there to calibrate on.
    """
    import torch

    train, calibration = (
        np.array([row.split == split and row.weight > 0 for row in rows], dtype=bool)
        for split in ("train", "calibration")
    )
    wanted = targets(rows, learnable_from=train)
    if not wanted:
        raise UsageError(
            f"{int(train.sum())} training rows teach no question",
            right="at least a few rows with and a few without harm, severity or a stance",
        )
    if not calibration.any():
        raise UsageError(
            "no row is there to calibrate on", right="rows of other sources in the split calibration"
        )
    known = features[train].astype(np.float32)
    mean, scale = known.mean(axis=0), np.maximum(known.std(axis=0), 1e-3)
    weights = np.array([row.weight for row in rows], dtype=np.float32)
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        x = torch.from_numpy((features.astype(np.float32) - mean) / scale)
        network = _network(x.shape[1], sum(len(t.head.outputs) for t in wanted), recipe)
        parts = [_Part.of(target, weights) for target in wanted]
        best, epochs = _train(network, x, parts, train, calibration, recipe)
    layers = [layer for layer in network if hasattr(layer, "weight")]
    arrays = [(part.weight.detach().numpy().copy(), part.bias.detach().numpy().copy()) for part in layers]
    hidden = arrays[0] if recipe.hidden else None
    n_outputs = len(arrays[-1][1])
    heads = Heads(
        tuple(target.head for target in wanted),
        mean,
        scale,
        hidden,
        *arrays[-1],
        np.ones(n_outputs, np.float32),
    )
    logits = heads.logits(features[calibration])
    temperature = temperatures(wanted, logits, calibration, weights)
    heads = Heads(heads.heads, mean, scale, hidden, *arrays[-1], temperature)
    losses = held_out_losses(wanted, logits / temperature, calibration, weights)
    return Taught(heads, epochs, best, losses, int(train.sum()), int(calibration.sum()))


@dataclass(frozen=True, eq=False)
class _Part:
    """A target as tensors; ``weight`` is 0 where nobody looked."""

    kind: str
    values: Tensor
    weight: Tensor

    @classmethod
    def of(cls, target: Target, weights: np.ndarray) -> _Part:
        import torch

        counted = target.known * weights[:, None]
        if target.head.kind == "classes":
            counted = counted[:, :1]
        return cls(
            target.head.kind,
            torch.from_numpy(target.values.astype(np.float32)),
            torch.from_numpy(counted.astype(np.float32)),
        )

    def loss(self, z: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        """The weighted sum of losses of these rows, and the sum of weights."""
        import torch
        from torch.nn import functional

        values, weight = self.values[index], self.weight[index]
        if self.kind == "classes":
            each = -(values * functional.log_softmax(z, dim=1)).sum(dim=1, keepdim=True)
        elif self.kind == "traits":
            each = (torch.tanh(z) - (2 * values - 1)) ** 2
        else:
            each = functional.binary_cross_entropy_with_logits(z, values, reduction="none")
        return (each * weight).sum(), weight.sum()


def _network(n_features: int, n_outputs: int, recipe: Recipe) -> Any:
    from torch import nn

    if not recipe.hidden:
        return nn.Sequential(nn.Dropout(recipe.dropout), nn.Linear(n_features, n_outputs))
    return nn.Sequential(
        nn.Dropout(recipe.dropout),
        nn.Linear(n_features, recipe.hidden),
        nn.ReLU(),
        nn.Dropout(recipe.dropout),
        nn.Linear(recipe.hidden, n_outputs),
    )


def _train(
    network: Any,
    x: Tensor,
    parts: list[_Part],
    train: Bool[np.ndarray, " n"],
    calibration: Bool[np.ndarray, " n"],
    recipe: Recipe,
) -> tuple[int, int]:
    """Train in place; the epoch whose weights were kept, and how many were run."""
    import torch

    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    own, held = (torch.from_numpy(np.flatnonzero(rows)) for rows in (train, calibration))
    kept, lowest, best, epoch = network.state_dict(), np.inf, 0, 0
    for epoch in range(1, recipe.epochs + 1):
        network.train()
        for index in torch.split(own[torch.randperm(len(own))], recipe.batch_size):
            loss = _mean_loss(network(x[index]), parts, index)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        network.eval()
        with torch.no_grad():
            value = float(_mean_loss(network(x[held]), parts, held))
        if value < lowest - 1e-4:
            lowest, best = value, epoch
            kept = {name: part.clone() for name, part in network.state_dict().items()}
        elif epoch - best >= recipe.patience:
            break
    network.load_state_dict(kept)
    return best, epoch


def _mean_loss(z: Tensor, parts: list[_Part], index: Tensor) -> Tensor:
    """The sum over heads of their mean losses over the labels that these rows have."""
    import torch

    total, place = torch.zeros(()), 0
    for part in parts:
        width = part.values.shape[1]
        summed, weight = part.loss(z[:, place : place + width], index)
        total = total + summed / weight.clamp_min(1e-6)
        place += width
    return total
