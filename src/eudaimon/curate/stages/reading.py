"""A frozen encoder reads excerpts: vectors for a segment's own words and for what stands around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from eudaimon.core.identity import short_hash
from eudaimon.core.progress import progress
from eudaimon.curate.stages.excerpt import Excerpt
from eudaimon.models.batches import token_budget
from eudaimon.models.kernels import fast_products
from eudaimon.models.model import Model
from eudaimon.models.passes import filler
from eudaimon.models.prompts import clean

if TYPE_CHECKING:
    from torch import Tensor

OWN, FRAME, AROUND = 1, 2, 3
"""Whose token it is: the segment's own, the quoting voice's, somebody else's. 0 is nobody's, as a mark is."""


@dataclass(frozen=True)
class Reach:
    """How many tokens a forward reads: in all, and of those at most before and after the segment's own.

    What the context does not need is left to the segment. A longer segment is read in windows.
    """

    window: int = 256
    before: int = 48
    after: int = 32

    def within(self, limit: int) -> Reach:
        """The same shares of a model's context, where that is shorter."""
        if limit >= self.window:
            return self
        return Reach(limit, self.before * limit // self.window, self.after * limit // self.window)


@dataclass(frozen=True, eq=False)
class Encoder:
    """A model, and how far it reads. The model is never changed."""

    model: Model
    reach: Reach = Reach()

    @property
    def hash(self) -> str:
        """16 hex digits over weights, tokenizer and reach: what features depend on."""
        checkpoint = self.model.checkpoint
        parts = [checkpoint.fingerprint, checkpoint.tokenizer_hash, asdict(self.reach), list(SCALARS), 2]
        return short_hash(parts)

    @property
    def n_features(self) -> int:
        """The length of a vector of features."""
        return len(POOLED) * self.model.width + len(SCALARS)

    def features(
        self, excerpts: Sequence[Excerpt], *, show_progress: bool = False
    ) -> Float[np.ndarray, "n features"]:
        """The features of excerpts in their order, 16-bit floats.

        They are the last hidden states of the encoder, pooled three ways: the mean over the segment's own
        tokens, over the quoting voice's, and over all of the context's (zeros where there are none), and then
        `SCALARS`. (The maximum over the segment's own tokens was a fourth: heads without it did better on
        forms of text that they had not learnt from.) The tokens of a segment longer than the window are read
        in windows that do not overlap, each with the text next to it as context: the mean runs over the
        tokens of all its windows; its context is what stands before the first and after the last.
        """
        texts = [clean(part) for e in excerpts for part in _parts(e)]
        coded = self.model.tokenizer.backend_tokenizer.encode_batch(texts, add_special_tokens=False)
        tokens = [entry.ids for entry in coded]
        rows = [row for k in range(len(excerpts)) for row in self._rows(k, tokens[5 * k : 5 * k + 5])]
        found = _Pools(len(excerpts), self.model.width)
        with progress("encoder", len(rows), "windows", enabled=show_progress) as advance:
            for batch in _batches(rows, token_budget(self.model)):
                found.add(batch, self._states(batch))
                advance(len(batch))
        return found.features(excerpts)

    def _rows(self, index: int, parts: list[list[int]]) -> Iterator[_Row]:
        """The windows of one excerpt, at least one, from the tokens of its parts in reading order."""
        special = _specials(self.model.tokenizer)
        before, frame_before, own, frame_after, after = parts
        left = _owners(before, AROUND) + _owners(frame_before, FRAME)
        right = _owners(frame_after, FRAME) + _owners(after, AROUND)
        reach = self.reach.within(self.model.max_tokens)
        left_end, right_start = left[-reach.before :] if reach.before else [], right[: reach.after]
        size = max(1, reach.window - len(left_end) - len(right_start) - special.most)
        for start in range(0, max(1, len(own)), size):
            stop = start + size
            first, last = start == 0, stop >= len(own)
            piece = _owners(own[start:stop], OWN)
            room = max(0, reach.window - len(piece) - special.most)
            # Words of the segment itself around a window are context for the encoder and counted elsewhere.
            tail = (right_start if last else _owners(own[stop : stop + reach.after], 0))[:room]
            lead = left_end if first else _owners(own[max(0, start - reach.before) : start], 0)
            yield _Row(index, special.wrap(lead[max(0, len(lead) - room + len(tail)) :], piece, tail))

    def _states(self, batch: list[_Row]) -> Tensor:
        """The last hidden states ``[rows, t, d]`` of a batch, float32."""
        import torch

        model = self.model
        lengths = np.array([len(row.tokens) for row in batch])
        ids = np.full((len(batch), lengths.max()), filler(model), dtype=np.int64)
        for k, row in enumerate(batch):
            ids[k, : lengths[k]] = [token for token, _ in row.tokens]
        inputs: dict[str, Any] = {"input_ids": torch.from_numpy(ids).to(model.device)}
        if model.is_causal:
            inputs["use_cache"] = False
        elif lengths.min() < ids.shape[1]:
            mask = (np.arange(ids.shape[1]) < lengths[:, None]).astype(np.int64)
            inputs["attention_mask"] = torch.from_numpy(mask).to(model.device)
        with torch.inference_mode(), fast_products(model.device):
            states: Tensor = model.trunk(**inputs).last_hidden_state.float()
        return states


POOLED = ("own mean", "frame mean", "context mean")
SCALARS = ("quoted", "context", "log tokens")
"""Whether a voice quotes it; whether there is any context; the natural logarithm of 1 + its tokens."""
LARGEST = 60_000.0
"""Some models have activations beyond the range of 16-bit floats."""


def _parts(item: Excerpt) -> tuple[str, str, str, str, str]:
    """The parts of an excerpt in reading order."""
    return item.before, item.frame_before, item.text, item.frame_after, item.after


class _Row(NamedTuple):
    excerpt: int
    tokens: list[tuple[int, int]]
    """Token and whose it is."""


class _Special(NamedTuple):
    start: tuple[int, ...]
    between: tuple[int, ...]

    @property
    def most(self) -> int:
        return len(self.start) + 3 * len(self.between)

    def wrap(
        self, left: list[tuple[int, int]], own: list[tuple[int, int]], right: list[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        """Start, context, mark, the segment's own tokens, mark, context, mark; marks only beside tokens."""
        mark = _owners(self.between, 0)
        parts = [_owners(self.start, 0), left, mark if left else [], own, mark, right, mark if right else []]
        tokens = [entry for part in parts for entry in part]
        return tokens or [(0, 0)]


def _specials(tokenizer: Any) -> _Special:
    """What stands at the start, and the mark between parts: only in models that were trained with one."""
    start = next((t for t in (tokenizer.cls_token_id, tokenizer.bos_token_id) if t is not None), None)
    between = tokenizer.sep_token_id if tokenizer.cls_token_id is not None else None
    return _Special(() if start is None else (start,), () if between is None else (between,))


def _owners(tokens: Sequence[int], owner: int) -> list[tuple[int, int]]:
    return [(token, owner) for token in tokens]


def _batches(rows: list[_Row], budget: int) -> Iterator[list[_Row]]:
    """Rows of similar length together, at most ``budget`` tokens with filler; a longer row goes alone."""
    batch: list[_Row] = []
    for row in sorted(rows, key=lambda row: (-len(row.tokens), row.excerpt)):
        if batch and (len(batch) + 1) * len(batch[0].tokens) > budget:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


class _Pools:
    """Sums and counts of the tokens seen so far, by excerpt."""

    def __init__(self, n: int, width: int) -> None:
        self.sums = np.zeros((n, 3, width), dtype=np.float32)
        self.counts: Int[np.ndarray, "n 3"] = np.zeros((n, 3), dtype=np.int64)

    def add(self, batch: list[_Row], states: Tensor) -> None:
        """Add the windows of a batch."""
        import torch

        length = states.shape[1]
        owners = np.zeros((len(batch), length), dtype=np.int64)
        for k, row in enumerate(batch):
            owners[k, : len(row.tokens)] = [owner for _, owner in row.tokens]
        # The quoting voice's words are context too.
        masks = np.stack([owners == OWN, owners == FRAME, owners >= FRAME], axis=1)  # [rows, 3, t]
        weights = torch.from_numpy(masks.astype(np.float32)).to(states.device)
        sums = torch.bmm(weights, states).cpu().numpy()
        index = np.array([row.excerpt for row in batch])
        np.add.at(self.sums, index, sums)
        np.add.at(self.counts, index, masks.sum(axis=2))

    def features(self, excerpts: Sequence[Excerpt]) -> Float[np.ndarray, "n features"]:
        """Means and scalars in one row an excerpt."""
        counts = self.counts
        means = self.sums / np.maximum(counts, 1)[:, :, None]
        scalars = [
            np.array([item.quoted for item in excerpts], dtype=np.float32),
            (counts[:, 2] > 0).astype(np.float32),
            np.log1p(counts[:, 0]).astype(np.float32),
        ]
        joined = np.concatenate([*means.transpose(1, 0, 2), np.stack(scalars, axis=1)], axis=1)
        return np.asarray(np.clip(joined, -LARGEST, LARGEST), dtype=np.float16)
