"""What a model makes of rows of tokens under many changes at once: next tokens, likelihoods, states."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from eudaimon.core import Site, UsageError
from eudaimon.models.batches import token_budget
from eudaimon.models.continuations import Continuations
from eudaimon.models.edits import Change
from eudaimon.models.hooks import Stopped, reading
from eudaimon.models.kernels import fast_products
from eudaimon.models.model import Model
from eudaimon.models.passes import Positions, announced, filler
from eudaimon.models.spread import is_spread

if TYPE_CHECKING:
    from torch import Tensor

LOGITS_AT_ONCE = 1 << 25
"""Logits held in memory at a time: 128 MB of float32."""


def next_logits(
    model: Model, rows: Continuations, edits: Change | None = None
) -> Float[np.ndarray, "copies n vocab"]:
    """Logits of the token after each prompt, float32: continuations are not read. One copy without edits."""
    asked = Continuations(
        tuple(row[:start] for row, start in zip(rows.ids, rows.starts, strict=True)), rows.starts
    )
    found: Float[np.ndarray, "copies n vocab"] = np.empty(
        (edits.copies if edits else 1, len(rows), _vocabulary(model)), dtype=np.float32
    )
    for batch in _batches(model, asked, edits):
        at = batch.lengths - 1
        logits, columns = _logits(model, batch, edits, np.unique(at))
        place = np.searchsorted(columns, at)
        found[batch.copy, batch.row] = logits[np.arange(len(at)), place].cpu().numpy()
    return found


def likelihood(
    model: Model, rows: Continuations, edits: Change | None = None
) -> Float[np.ndarray, "copies n"]:
    """Mean log-probability a token of each continuation after its prompt, in nats, not positive.

    Raises `UsageError` for a row without a continuation.
    """
    import torch

    if any(len(row) == start for row, start in zip(rows.ids, rows.starts, strict=True)):
        raise UsageError("a row has no continuation whose likelihood could be asked for")
    found: Float[np.ndarray, "copies n"] = np.empty((edits.copies if edits else 1, len(rows)))
    for batch in _batches(model, rows, edits):
        first = int(batch.starts.min()) - 1
        logits, columns = _logits(model, batch, edits, np.arange(first, batch.ids.shape[1] - 1))
        following = torch.from_numpy(batch.ids[:, columns + 1]).to(model.device)
        each = logits.gather(-1, following[..., None])[..., 0] - logits.logsumexp(dim=-1)
        place = columns + 1
        own = (place >= batch.starts[:, None]) & (place < batch.lengths[:, None])
        values = np.where(own, each.double().cpu().numpy(), 0.0).sum(axis=1)
        found[batch.copy, batch.row] = values / (batch.lengths - batch.starts)
    return found


def states(
    model: Model, rows: Continuations, sites: Sequence[Site | int], places: Sequence[int]
) -> Float[np.ndarray, "n sites places d"]:
    """Hidden states at the sites and places of every row, float32; NaN where a row has no such place."""
    import torch

    wanted = tuple(model.check_site(site) for site in sites)
    shape = (len(rows), len(wanted), len(places), model.width)
    found: Float[np.ndarray, "n sites places d"] = np.full(shape, np.nan, dtype=np.float32)
    for batch in _batches(model, rows, None):
        at = batch.starts[:, None] + np.asarray(places)
        held = (at >= 0) & (at < batch.lengths[:, None])
        index = torch.from_numpy(np.where(held, at, 0)).to(model.device)
        left = len(wanted)

        def read(
            site: int,
            hidden: Tensor,
            batch: _Batch = batch,
            index: Tensor = index,
            held: Any = held,
        ) -> bool:
            nonlocal left
            picked = hidden.gather(1, index[..., None].expand(-1, -1, hidden.shape[-1]))
            found[batch.row, site] = np.where(held[..., None], picked.float().cpu().numpy(), np.nan)
            left -= 1
            return left == 0

        with reading(model, wanted, read):
            _forward(model, batch, None)
    return found


@dataclass(frozen=True, eq=False)
class _Batch:
    """Rows padded on the right, where no token of a causal model sees it."""

    ids: Int[np.ndarray, "b t"]
    lengths: Int[np.ndarray, "b"]
    starts: Int[np.ndarray, "b"]
    row: Int[np.ndarray, "b"]
    copy: Int[np.ndarray, "b"]


def _batches(model: Model, rows: Continuations, edits: Change | None) -> Iterator[_Batch]:
    copies = edits.copies if edits else 1
    order = sorted(
        ((row, copy) for row in range(len(rows)) for copy in range(copies)),
        key=lambda each: -len(rows.ids[each[0]]),
    )
    budget = min(token_budget(model), LOGITS_AT_ONCE // _vocabulary(model))
    while order:
        width = len(rows.ids[order[0][0]])
        taken, order = order[: max(1, budget // width)], order[max(1, budget // width) :]
        ids = np.full((len(taken), width), filler(model), dtype=np.int64)
        for place, (row, _) in enumerate(taken):
            ids[place, : len(rows.ids[row])] = rows.ids[row]
        yield _Batch(
            ids,
            np.array([len(rows.ids[row]) for row, _ in taken]),
            np.array([rows.starts[row] for row, _ in taken]),
            np.array([row for row, _ in taken]),
            np.array([copy for _, copy in taken]),
        )


def _vocabulary(model: Model) -> int:
    module: Any = model.module
    return int(module.get_output_embeddings().weight.shape[0])


def _logits(
    model: Model, batch: _Batch, edits: Change | None, columns: Int[np.ndarray, "k"]
) -> tuple[Tensor, Int[np.ndarray, "k"]]:
    """Float32 logits ``[b, k, vocab]`` at some columns of the batch, and which."""
    out = _forward(model, batch, edits, columns)
    return (out if out.shape[1] == len(columns) else out[:, columns]).float(), columns


def _forward(
    model: Model, batch: _Batch, edits: Change | None, columns: Int[np.ndarray, "k"] | None = None
) -> Any:
    """The logits of a forward over the batch; without columns the trunk alone, for what its hooks read."""
    import torch

    device = model.device
    place = (
        torch.arange(batch.ids.shape[1], device=device) - torch.from_numpy(batch.starts).to(device)[:, None]
    )
    length = torch.from_numpy(batch.lengths - batch.starts).to(device)[:, None]
    known = Positions(place < length, place == -1)
    copy = torch.from_numpy(batch.copy).to(device)
    inputs: dict[str, Any] = {"input_ids": torch.from_numpy(batch.ids).to(device), "use_cache": False}
    module: Any = model.module if columns is not None else model.trunk
    # accelerate puts a tensor among the inputs on the first device, and states end on the last.
    keeps = columns is not None and not is_spread(model.module)
    if keeps and "logits_to_keep" in inspect.signature(module.forward).parameters:
        inputs["logits_to_keep"] = torch.from_numpy(columns).to(device)
    changed = edits.acting(model, copy, place) if edits else nullcontext()
    with torch.inference_mode(), fast_products(device), announced(known), changed, suppress(Stopped):
        out = module(**inputs)
        return out.logits if columns is not None else None
    return None
