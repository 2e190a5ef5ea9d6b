"""Read a model's activations for many texts, pooled inside the forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from eudaimon.core import Pooling, Site, Text, UsageError, progress
from eudaimon.models.activations import Activations, TokenActivations
from eudaimon.models.batches import make_batches
from eudaimon.models.batches import token_budget as default_budget
from eudaimon.models.hooks import reading
from eudaimon.models.interventions import depends_on_positions
from eudaimon.models.model import Model
from eudaimon.models.passes import can_share, empty_cache, fan_out, filler, forward
from eudaimon.models.pooling import check_poolings
from eudaimon.models.prompts import Prompt, prepare
from eudaimon.models.reader import Reader, TokenReader, VectorReader
from eudaimon.models.sharing import plan

if TYPE_CHECKING:
    from torch import Tensor


def capture(
    model: Model,
    texts: Sequence[Text],
    sites: Sequence[Site | int],
    *,
    pooling: Pooling | Sequence[Pooling] = "mean",
    system: str | None = None,
    template: bool = True,
    token_budget: int | None = None,
    max_tokens: int | None = None,
    share_prefixes: bool = True,
    show_progress: bool = True,
) -> Activations:
    """Activations of each text at each site under each pooling, float32, in the order of the texts.

    ``Site(k)`` is the output of block k; at the last layer it is the raw block output, whereas
    ``hidden_states[-1]`` of transformers has gone through the final norm in models that have one. ``mean``,
    ``max`` and ``softmax`` run over content tokens: those of the texts themselves (all turns of a
    conversation), without special tokens, template scaffold and ``system``. ``last`` is the last token of
    the rendered prompt where a chat template is applied and the last turn is not the assistant's (that is
    where the model is about to answer), otherwise the last content token. A text without content tokens
    gives NaN and ``n_tokens`` 0. Chat templates are applied when there is one (``template=False`` turns
    that off); a text longer than ``max_tokens`` (the context) keeps its beginning and is marked truncated.

    Texts are sorted by length and batched by ``token_budget`` tokens; copies, beginnings of other texts and
    shared prefixes are computed once where the architecture allows it; the forward ends after the last site.
    Raises `UsageError` for unknown sites or poolings and for turns that the template refuses.
    """
    prompts = prepare(model, texts, system=system, template=template, max_tokens=max_tokens)
    return capture_prompts(
        model,
        prompts,
        sites,
        pooling=pooling,
        token_budget=token_budget,
        share_prefixes=share_prefixes,
        show_progress=show_progress,
    )


def capture_prompts(
    model: Model,
    prompts: Sequence[Prompt],
    sites: Sequence[Site | int],
    *,
    pooling: Pooling | Sequence[Pooling] = "mean",
    token_budget: int | None = None,
    share_prefixes: bool = True,
    show_progress: bool = True,
) -> Activations:
    """As `capture`, of texts that were made tokens already; raises `UsageError` for sites and poolings."""
    poolings = check_poolings(pooling)
    wanted = _sites(model, sites)
    values = np.full((len(prompts), len(wanted), len(poolings), model.width), np.nan, dtype=np.float32)
    counts = np.array([int(prompt.content.sum()) for prompt in prompts], dtype=np.int64)
    reader = VectorReader(values, poolings, counts, model.device)
    _run(model, prompts, wanted, reader, token_budget, share_prefixes, show_progress)
    return Activations(
        sites=wanted,
        poolings=poolings,
        values=values,
        n_tokens=counts,
        truncated=np.array([prompt.truncated for prompt in prompts], dtype=bool),
        binding=model.binding,
    )


def capture_tokens(
    model: Model,
    texts: Sequence[Text],
    sites: Sequence[Site | int],
    *,
    system: str | None = None,
    template: bool = True,
    token_budget: int | None = None,
    max_tokens: int | None = None,
    share_prefixes: bool = True,
    show_progress: bool = True,
) -> TokenActivations:
    """Activations of every content token of each text at each site, float32, in the order of the texts.

    Options and meaning as in `capture`. All tokens are kept in memory: 4 bytes x tokens x sites x width.
    """
    wanted = _sites(model, sites)
    prompts = prepare(model, texts, system=system, template=template, max_tokens=max_tokens)
    counts = [int(prompt.content.sum()) for prompt in prompts]
    offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)
    values: Float[np.ndarray, "tokens sites d"] = np.full(
        (int(offsets[-1]), len(wanted), model.width), np.nan, dtype=np.float32
    )
    reader = TokenReader(values, offsets, model.device)
    _run(model, prompts, wanted, reader, token_budget, share_prefixes, show_progress)
    own = [prompt.content for prompt in prompts]
    empty = np.zeros((0, 2), dtype=np.int64)
    return TokenActivations(
        sites=wanted,
        values=values,
        offsets=offsets,
        token_ids=np.concatenate([empty[:, 0], *(p.ids[c] for p, c in zip(prompts, own, strict=True))]),
        spans=np.concatenate([empty, *(p.spans[c] for p, c in zip(prompts, own, strict=True))]),
        binding=model.binding,
    )


def _sites(model: Model, sites: Sequence[Site | int]) -> tuple[Site, ...]:
    wanted = tuple(model.check_site(site) for site in sites)
    if not wanted or len(set(wanted)) < len(wanted):
        raise UsageError("sites are empty or repeated", right="name each site once", do="model.sites")
    return wanted


def _run(
    model: Model,
    prompts: Sequence[Prompt],
    wanted: tuple[Site, ...],
    reader: Reader,
    budget: int | None,
    share: bool,
    show_progress: bool,
) -> None:
    share = share and can_share(model)
    # What is done to a text's last token must not reach a longer text that is read from the same row.
    beginnings = share and not depends_on_positions(model)
    groups = plan(prompts, beginnings=beginnings, prefixes=share)
    left = 0

    def read(site: int, hidden: Tensor) -> bool:
        nonlocal left
        reader.take(site, hidden)
        left -= 1
        return left == 0

    bar = progress("activations", len(prompts), "texts", enabled=show_progress)
    with bar as advance, reading(model, wanted, read):
        for group in groups:
            prefix = empty_cache(model) if group.prefix else None
            for batch in make_batches(group, budget or default_budget(model), filler(model)):
                left = len(wanted)
                reader.begin(batch)
                cache = fan_out(prefix, len(batch.ids)) if batch.skipped else prefix
                forward(model, batch, cache)
                reader.end(batch)
                advance(len(batch.texts) - batch.is_prefix)
