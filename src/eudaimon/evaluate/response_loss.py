"""How well a model predicts given answers: the loss on the assistant's own tokens of each chat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.likelihood import LOGITS_AT_ONCE
from eudaimon.evaluate.rows import Label, Row
from eudaimon.evaluate.subject import subject_hash
from eudaimon.models.batches import token_budget
from eudaimon.models.kernels import fast_products
from eudaimon.models.model import Model
from eudaimon.models.passes import Positions, announced
from eudaimon.train.nursery.chats import ChatRows, read_chats
from eudaimon.train.tokens.pack import IGNORED

if TYPE_CHECKING:
    from torch import Tensor

    from eudaimon.models.adapters.adapter import Adapter

IN_DOMAIN = "in_domain_loss"


def response_loss(model: Model, chats: Sequence[Mapping[str, Any]]) -> Float[np.ndarray, "n"]:
    """Nats a token of the assistant's turns in each chat, 0 or more, as training on responses counts them.

    ``chats`` are rows ``{"messages": [...]}`` in the model's chat template. Raises `UsageError` for a model
    without a language-model head, and as `read_chats`.
    """
    found: Float[np.ndarray, "n"] = _response_losses(model, chats, 1)[0]
    return found


def stack_losses(
    model: Model, stacks: Sequence[Sequence[Adapter]], chats: Sequence[Mapping[str, Any]]
) -> Float[np.ndarray, "stacks n"]:
    """`response_loss` under each stack of adapters on a base without any, up to rounding: all side by side.

    Raises as it does, and as `open_grid` for adapters that do not fit; nothing is proven.
    """
    from eudaimon.models.adapters.grid import open_grid

    grid = open_grid(model, {str(place): stack for place, stack in enumerate(stacks)}, prove=False)
    return np.concatenate([_response_losses(model, chats, len(names)) for names in grid.blocks()])


def _response_losses(
    model: Model, chats: Sequence[Mapping[str, Any]], copies: int
) -> Float[np.ndarray, "copies n"]:
    module: Any = model.module
    if not model.is_causal or module.get_output_embeddings() is None:
        raise UsageError(
            f"{model.checkpoint.name} gives no probabilities: it has no language-model head",
            right="load a causal language model",
        )
    rows = read_chats(chats, model.tokenizer, model.max_tokens)
    found = np.empty((copies, len(rows)))
    vocabulary = int(module.get_output_embeddings().weight.shape[0])
    for batch in _batches(rows, min(token_budget(model), LOGITS_AT_ONCE // vocabulary) // copies):
        found[:, batch] = _losses(model, rows, np.array(batch), copies)
    return found


def loss_rows(
    model: Model,
    chats: Sequence[Mapping[str, Any]],
    questions: Sequence[str],
    *,
    label: Label | None = None,
) -> list[Row]:
    """One row ``in_domain_loss`` for each chat, named by what was asked; its sample counts that name's chats.

    Raises `UsageError` unless there is one question a chat, and as `response_loss`.
    """
    if len(questions) != len(chats):
        raise UsageError(f"{len(questions)} questions for {len(chats)} chats", right="one a chat")
    label = label or Label()
    subject, counted, rows = subject_hash(model, label), dict.fromkeys(questions, 0), []
    for question, value in zip(questions, response_loss(model, chats).tolist(), strict=True):
        sample = str(counted[question])
        counted[question] += 1
        rows.append(label.row(question, sample, IN_DOMAIN, value, judge="likelihood", subject=subject))
    return rows


def _batches(rows: ChatRows, budget: int) -> Iterator[list[int]]:
    order = sorted(range(len(rows)), key=lambda row: -len(rows.ids[row]))
    while order:
        size = max(1, budget // len(rows.ids[order[0]]))
        yield order[:size]
        order = order[size:]


def _losses(model: Model, rows: ChatRows, batch: np.ndarray, copies: int) -> Float[np.ndarray, "copies b"]:
    import torch

    made = rows.batch(batch)
    ids, labels = (made[key].to(model.device).repeat(copies, 1) for key in ("input_ids", "labels"))
    lengths = torch.tensor([len(rows.ids[row]) for row in batch] * copies, device=model.device)[:, None]
    places = torch.arange(ids.shape[1], device=model.device)[None]
    known = Positions(places < lengths, places == lengths - 1)
    with torch.inference_mode(), fast_products(model.device), announced(known):
        logits: Tensor = model.module(input_ids=ids, use_cache=False).logits[:, :-1].float()
        wanted = labels[:, 1:]
        learned = wanted != IGNORED
        chosen = logits.gather(-1, wanted.clamp(min=0)[..., None])[..., 0]
        nats = (logits.logsumexp(dim=-1) - chosen).double() * learned
        means: Float[np.ndarray, "all"] = (nats.sum(1) / learned.sum(1)).cpu().numpy()
    return means.reshape(copies, -1)
