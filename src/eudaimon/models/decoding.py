"""What generation is made of: prompts with room for an answer, seeds, one step after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from eudaimon.core import Text, TextTooLong, UsageError, short_hash
from eudaimon.models.joining import cut, joined
from eudaimon.models.model import Model
from eudaimon.models.passes import Positions, announced, filler
from eudaimon.models.prompts import Prompt, prepare
from eudaimon.models.sampling import draw

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Decoding:
    """How answers are made of logits: temperature (0 takes the likeliest token), nucleus, most tokens of one.

    Raises `UsageError` for settings that make no sense.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    max_new_tokens: int = 256

    def __post_init__(self) -> None:
        if not (self.temperature >= 0 and 0 < self.top_p <= 1 and self.max_new_tokens >= 1):
            raise UsageError(
                f"temperature {self.temperature}, top_p {self.top_p}, max_new_tokens {self.max_new_tokens} "
                "make no sense",
                right="temperature >= 0, 0 < top_p <= 1, max_new_tokens >= 1",
            )

    @property
    def by_chance(self) -> bool:
        """Whether tokens are drawn."""
        return self.temperature > 0

    def chosen(
        self, logits: Float[Tensor, "rows vocab"], drawn: Float[Tensor, "rows"] | None
    ) -> Int[Tensor, "rows"]:
        """The next token of each row by its float64 number in [0, 1); the likeliest without numbers."""
        return logits.argmax(dim=-1) if drawn is None else draw(logits, self.temperature, self.top_p, drawn)


def answerable(
    model: Model,
    prompts: Sequence[Text],
    system: str | None,
    template: bool,
    prefills: Sequence[str] | None = None,
) -> list[Prompt]:
    """The prompts as tokens, in order, each with room for one more; ``prefills`` begin the answers.

    Raises `UsageError` for an encoder and a prompt without tokens, `TextTooLong` for one over the context.
    """
    module: Any = model.module
    if not model.is_causal or module.get_output_embeddings() is None:
        raise UsageError(
            f"{model.checkpoint.name} cannot generate: it has no language-model head",
            right="load a causal language model",
        )
    asked = prepare(model, prompts, system=system, template=template, prefills=prefills)
    for index, prompt in enumerate(asked):
        if prompt.truncated or len(prompt) >= model.max_tokens:
            raise TextTooLong(
                f"prompt {index + 1} leaves no room in the context of {model.max_tokens} tokens",
                right="a shorter prompt",
            )
        if not len(prompt):
            raise UsageError(f"prompt {index + 1} has no tokens", right="a prompt that says something")
    return asked


def generators(asked: list[Prompt], seed: int | Sequence[int]) -> list[torch.Generator]:
    """A generator for each prompt, seeded by ``seed``, its tokens and how often it occurred before."""
    import torch

    seen: Counter[tuple[int, bytes]] = Counter()
    made = []
    for place, prompt in enumerate(asked):
        key = (seed if isinstance(seed, int) else seed[place], prompt.ids.tobytes())
        own = int(short_hash(f"{key[0]} {short_hash(key[1])} {seen[key]}"), 16)
        seen[key] += 1
        made.append(torch.Generator().manual_seed(own))
    return made


def decode(
    model: Model,
    rows: list[Prompt],
    how: Decoding,
    draws: list[torch.Generator] | None,
) -> Iterator[list[int | None]]:
    """The next token of every row, step by step until all rows are done; None for a row that is.

    A row is done at an end-of-sequence token (which is not given), at its most tokens or where the context
    is full.
    """
    ends = stops(model)
    decoder = Decoder(model, rows, keep=True)
    room = [min(how.max_new_tokens, model.max_tokens - len(row)) for row in rows]
    logits = decoder.start()
    while True:
        tokens = pick(logits, how, draws)
        pairs = zip(tokens, room, strict=True)
        new = [token if left and token not in ends else None for token, left in pairs]
        room = [0 if token is None else left - 1 for token, left in zip(new, room, strict=True)]
        yield new
        if not any(room):
            return
        logits = decoder.step(tokens)


def pick(logits: Tensor, how: Decoding, draws: list[torch.Generator] | None) -> list[int]:
    """The next token of each row of ``logits`` ``[rows, vocab]``: the likeliest without generators."""
    import torch

    drawn = torch.cat([torch.rand(1, generator=one, dtype=torch.float64) for one in draws]) if draws else None
    return [int(token) for token in how.chosen(logits, drawn).cpu()]


def stops(model: Model) -> set[int]:
    """The tokens at which an answer ends."""
    config: Any = getattr(model.module, "generation_config", None)
    ends = getattr(config, "eos_token_id", None)
    known = list(ends) if isinstance(ends, (list, tuple)) else [ends]
    return {int(token) for token in (*known, model.tokenizer.eos_token_id) if token is not None}


class Decoder:
    """A batch padded on the left, its cache, and one forward after the other."""

    def __init__(self, model: Model, rows: list[Prompt], *, keep: bool) -> None:
        import inspect

        import torch

        self.model = model
        self.keep = keep
        self.cache: Any = None
        self.fed = 0
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
        return self.feed(self.width)

    def feed(self, n: int) -> Tensor:
        """Float32 logits after ``n`` more columns of the prompts, which are those of `start` after the last.

        For fewer than all columns at once the cache must be kept.
        """
        begin, end = self.fed, min(self.fed + n, self.width)
        self.fed = end
        whole = self.mask
        positions = (whole.cumsum(dim=-1) - 1).clamp(min=0)[:, begin:end]
        last = whole.new_zeros((len(whole), end - begin), dtype=self.content.dtype)
        last[:, -1] = end == self.width
        self.mask = whole[:, :end]
        logits = self._forward(self.ids[:, begin:end], positions, Positions(self.content[:, begin:end], last))
        self.mask = whole
        return logits

    def step(self, tokens: list[int]) -> Tensor:
        """Float32 logits after one more token a row."""
        import torch

        ids = torch.tensor(tokens, device=self.model.device)[:, None]
        self.mask = torch.cat([self.mask, torch.ones_like(ids)], dim=1)
        every = torch.ones_like(ids, dtype=torch.bool)
        positions = self.mask.sum(dim=-1, keepdim=True) - 1
        return self._forward(ids, positions, Positions(every, every, generated=True))

    def repeat(self, n: int) -> None:
        """Let each row stand ``n`` times, one after the other."""
        self.mask = self.mask.repeat_interleave(n, dim=0)
        self.cache.batch_repeat_interleave(n)

    def select(self, rows: Tensor) -> None:
        """Go on with these rows only, in this order."""
        self.mask = self.mask[rows]
        self.cache.batch_select_indices(rows)

    def join(self, other: Decoder) -> None:
        """Go on with the rows of another one as well, behind one's own; for `can_share` models.

        Both were fed, and the other one may not be used any more.
        """
        import torch

        width = max(self.mask.shape[1], other.mask.shape[1])
        masks = [
            torch.nn.functional.pad(mask, (width - mask.shape[1], 0)) for mask in (self.mask, other.mask)
        ]
        self.mask = torch.cat(masks)
        self.padded = not bool(self.mask.all())
        self.cache = joined(self.cache, other.cache)

    def trim(self) -> None:
        """Forget the columns in which all rows are filled; for `can_share` models."""
        empty = int(self.mask.any(dim=0).int().argmax())
        if empty:
            self.mask = self.mask[:, empty:]
            cut(self.cache, empty)
        self.padded = not bool(self.mask.all())

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
