"""Let a model continue prompts: batched, padded on the left, sampled from seeds of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from eudaimon.core import Text, TextTooLong, UsageError, progress, short_hash
from eudaimon.models.batches import token_budget
from eudaimon.models.model import Model
from eudaimon.models.passes import Positions, announced, filler
from eudaimon.models.prompts import Prompt, prepare

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# Decoding is bound by reading the weights: more rows at once cost little.
MOST_ROWS = 64


def generate(
    model: Model,
    prompts: Sequence[Text],
    *,
    max_new_tokens: int = 64,
    temperature: float = 0.0,
    top_p: float = 1.0,
    seed: int | Sequence[int] = 0,
    system: str | None = None,
    template: bool = True,
    show_progress: bool = True,
) -> list[str]:
    """What the model says after each prompt: the new text only, without special tokens, in prompt order.

    The chat template is applied when there is one. Temperature 0 takes the likeliest token; otherwise tokens
    are drawn at that temperature from the smallest set with mass ``top_p``. Each prompt draws from its own
    generator, seeded by ``seed``, its tokens and how often it occurred before, so its sample does not depend
    on the batch (up to rounding in the logits, which may tip near-ties). A sequence gives each prompt a seed
    of its own. Ends at an end-of-sequence token, at ``max_new_tokens`` or where the context is full. Raises
    `UsageError` for encoders and bad settings, `TextTooLong` for a prompt that leaves no room.
    """
    if not (temperature >= 0 and 0 < top_p <= 1 and max_new_tokens >= 1):
        raise UsageError(
            f"temperature {temperature}, top_p {top_p}, max_new_tokens {max_new_tokens} make no sense",
            right="temperature >= 0, 0 < top_p <= 1, max_new_tokens >= 1",
        )
    asked = _asked(model, prompts, system, template)
    if not isinstance(seed, int) and len(seed) != len(asked):
        raise UsageError(f"{len(seed)} seeds for {len(asked)} prompts", right="one seed, or one a prompt")
    draws = _draws(asked, seed) if temperature > 0 else None
    answers: list[str] = [""] * len(asked)
    with progress("generated", len(asked), "texts", enabled=show_progress) as advance:
        for rows in _batches(model, asked, max_new_tokens):
            generators = [draws[row] for row in rows] if draws else None
            batch = [asked[row] for row in rows]
            chosen = _decode(model, batch, max_new_tokens, temperature, top_p, generators)
            for row, tokens in zip(rows, chosen, strict=True):
                answers[row] = model.tokenizer.decode(tokens, skip_special_tokens=True)
            advance(len(rows))
    return answers


def next_token_logits(
    model: Model, prompts: Sequence[Text], *, system: str | None = None, template: bool = True
) -> Float[np.ndarray, "n vocab"]:
    """Logits of the token after each prompt, float32, in prompt order.

    The chat template is applied when there is one. Raises `UsageError` for encoders, `TextTooLong` for a
    prompt over the context.
    """
    asked = _asked(model, prompts, system, template)
    module: Any = model.module
    vocabulary = module.get_output_embeddings().weight.shape[0]
    logits: Float[np.ndarray, "n vocab"] = np.empty((len(asked), vocabulary), dtype=np.float32)
    for rows in _batches(model, asked, 0):
        logits[rows] = _Decoder(model, [asked[row] for row in rows], keep=False).start().cpu().numpy()
    return logits


def _asked(model: Model, prompts: Sequence[Text], system: str | None, template: bool) -> list[Prompt]:
    module: Any = model.module
    if not model.is_causal or module.get_output_embeddings() is None:
        raise UsageError(
            f"{model.checkpoint.name} cannot generate: it has no language-model head",
            right="load a causal language model",
        )
    asked = prepare(model, prompts, system=system, template=template)
    for index, prompt in enumerate(asked):
        if prompt.truncated or len(prompt) >= model.max_tokens:
            raise TextTooLong(
                f"prompt {index + 1} leaves no room in the context of {model.max_tokens} tokens",
                right="a shorter prompt",
            )
        if not len(prompt):
            raise UsageError(f"prompt {index + 1} has no tokens", right="a prompt that says something")
    return asked


def _draws(asked: list[Prompt], seed: int | Sequence[int]) -> list[torch.Generator]:
    import torch

    seen: Counter[tuple[int, bytes]] = Counter()
    generators = []
    for place, prompt in enumerate(asked):
        key = (seed if isinstance(seed, int) else seed[place], prompt.ids.tobytes())
        own = int(short_hash(f"{key[0]} {short_hash(key[1])} {seen[key]}"), 16)
        seen[key] += 1
        generators.append(torch.Generator().manual_seed(own))
    return generators


def _batches(model: Model, asked: list[Prompt], new: int) -> Iterator[list[int]]:
    order = sorted(range(len(asked)), key=lambda row: -len(asked[row]))
    budget = max(token_budget(model), 1)
    while order:
        width = len(asked[order[0]]) + new
        size = max(1, min(MOST_ROWS, budget // width))
        yield order[:size]
        order = order[size:]


def _decode(
    model: Model,
    rows: list[Prompt],
    max_new_tokens: int,
    temperature: float,
    top_p: float,
    generators: list[torch.Generator] | None,
) -> list[list[int]]:
    stops = _stops(model)
    decoder = _Decoder(model, rows, keep=True)
    new: list[list[int]] = [[] for _ in rows]
    room = [min(max_new_tokens, model.max_tokens - len(row)) for row in rows]
    done = [False] * len(rows)
    logits = decoder.start()
    while True:
        tokens = _pick(logits, temperature, top_p, generators)
        for row, token in enumerate(tokens):
            done[row] = done[row] or token in stops
            if not done[row]:
                new[row].append(token)
                done[row] = len(new[row]) == room[row]
        if all(done):
            return new
        logits = decoder.step(tokens)


def _pick(
    logits: Tensor, temperature: float, top_p: float, generators: list[torch.Generator] | None
) -> list[int]:
    import torch

    if generators is None:
        return [int(token) for token in logits.argmax(dim=-1)]
    shares = (logits.cpu().double() / temperature).softmax(dim=-1)
    shares, order = shares.sort(dim=-1, descending=True, stable=True)
    total = shares.cumsum(dim=-1)
    # The first token always stays; after it those that begin below the mass.
    kept = shares * (total - shares < top_p)
    total = kept.cumsum(dim=-1)
    drawn = torch.stack([torch.rand(1, generator=one, dtype=torch.float64) for one in generators])
    place = (total < drawn * total[:, -1:]).sum(dim=-1).clamp(max=logits.shape[-1] - 1)
    return [int(token) for token in order[torch.arange(len(place)), place]]


def _stops(model: Model) -> set[int]:
    config: Any = getattr(model.module, "generation_config", None)
    ends = getattr(config, "eos_token_id", None)
    known = list(ends) if isinstance(ends, (list, tuple)) else [ends]
    return {int(token) for token in (*known, model.tokenizer.eos_token_id) if token is not None}


class _Decoder:
    """A batch padded on the left, its cache, and one forward after the other."""

    def __init__(self, model: Model, rows: list[Prompt], *, keep: bool) -> None:
        import inspect

        import torch

        self.model = model
        self.keep = keep
        self.cache: Any = None
        self.width = max(len(row) for row in rows)
        ids = np.full((len(rows), self.width), filler(model), dtype=np.int64)
        mask, content = np.zeros_like(ids), np.zeros(ids.shape, dtype=bool)
        for k, row in enumerate(rows):
            ids[k, self.width - len(row) :] = row.ids
            mask[k, self.width - len(row) :] = 1
            content[k, self.width - len(row) :] = row.content
        self.ids, self.mask, self.content = (
            torch.from_numpy(part).to(model.device) for part in (ids, mask, content)
        )
        self.padded = not bool(mask.all())
        self.accepts = inspect.signature(model.module.forward).parameters

    def start(self) -> Tensor:
        """Float32 logits after the prompts."""
        positions = (self.mask.cumsum(dim=-1) - 1).clamp(min=0)
        last = self.mask.new_zeros(self.mask.shape, dtype=self.content.dtype)
        last[:, -1] = True
        return self._forward(self.ids, positions, Positions(self.content, last))

    def step(self, tokens: list[int]) -> Tensor:
        """Float32 logits after one more token a row."""
        import torch

        ids = torch.tensor(tokens, device=self.model.device)[:, None]
        self.mask = torch.cat([self.mask, torch.ones_like(ids)], dim=1)
        every = torch.ones_like(ids, dtype=torch.bool)
        positions = self.mask.sum(dim=-1, keepdim=True) - 1
        return self._forward(ids, positions, Positions(every, every, generated=True))

    def _forward(self, ids: Tensor, positions: Tensor, known: Positions) -> Tensor:
        import torch

        inputs: dict[str, Any] = {"input_ids": ids, "use_cache": self.keep, "past_key_values": self.cache}
        inputs["attention_mask"] = self.mask if self.padded else None
        # With padding on the left, a model that counts positions by itself would count the filler. Rows that
        # are done may run past the context while others go on: what they see no longer matters.
        if "position_ids" in self.accepts:
            inputs["position_ids"] = positions.clamp(max=self.model.max_tokens - 1)
        if "logits_to_keep" in self.accepts:
            inputs["logits_to_keep"] = 1
        with torch.inference_mode(), announced(known):
            out = self.model.module(**inputs)
        self.cache = out.past_key_values if self.keep else None
        logits: Tensor = out.logits[:, -1].float()
        return logits
