"""A grid: many stacks of adapters on one base, asked in one batch; nothing is loaded twice or switched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from eudaimon.core import Text, UsageError, progress
from eudaimon.models.adapters import layers as lora
from eudaimon.models.adapters.adapter import Adapter, AdapterStack, as_stack
from eudaimon.models.adapters.digest import digest
from eudaimon.models.adapters.grid_decoding import decode_side_by_side
from eudaimon.models.adapters.grid_proof import prove_side_by_side
from eudaimon.models.adapters.load_lora import base_parameters
from eudaimon.models.adapters.loaded import LoadedAdapter, load_updates
from eudaimon.models.adapters.opening import require_files
from eudaimon.models.adapters.proof import Proof
from eudaimon.models.adapters.room import rows_at_once, stacks_at_once
from eudaimon.models.adapters.side_by_side import SideBySide
from eudaimon.models.decoding import Decoder, Decoding, answerable, generators
from eudaimon.models.kernels import fast_products
from eudaimon.models.passes import can_share
from eudaimon.models.prompts import Prompt

if TYPE_CHECKING:
    from torch import Tensor

    from eudaimon.models.model import Model

MOST_PROVEN = 16
"""Stacks that are proven together: logits of whole probe texts are large."""


class StackGrid:
    """Stacks of adapters by name on one loaded base, which act side by side on rows of one batch.

    Made by `open_grid`. ``proofs`` has the record of each stack; it is empty when nothing was proven.
    """

    def __init__(
        self, model: Model, stacks: Mapping[str, AdapterStack], loaded: Mapping[str, LoadedAdapter]
    ) -> None:
        self.model = model
        self.stacks = stacks
        self.proofs: Mapping[str, Proof] = {}
        self._loaded = loaded
        self._together: tuple[tuple[str, ...], SideBySide] | None = None

    def prove(self) -> Mapping[str, Proof]:
        """The proof of every stack from the logits; see `prove_side_by_side` for what it raises."""
        base = digest(base_parameters(self.model.module))
        forced = {key: own.forced for key, own in self._loaded.items()}
        proofs: dict[str, Proof] = {}
        for names in _cut(list(self.stacks), min(MOST_PROVEN, self._n_together)):
            stacks = [self.stacks[name] for name in names]
            made = prove_side_by_side(self._side(tuple(names)), stacks, base=base, forced=forced)
            proofs |= dict(zip(names, made, strict=True))
        self.proofs = proofs
        return proofs

    def generate(
        self,
        prompts: Sequence[Text],
        *,
        n_samples: int = 1,
        max_new_tokens: int = 64,
        temperature: float = 1.0,
        top_p: float = 1.0,
        seed: int | Sequence[int] = 0,
        system: str | None = None,
        template: bool = True,
        most_rows: int | None = None,
        show_progress: bool = True,
    ) -> dict[str, list[list[str]]]:
        """What each stack answers to each prompt, ``n_samples`` times: stack, then prompt, then sample.

        Sample k under a stack is what `generate` says on the opened subject the k-th time that the prompt
        stands in its list (up to rounding in the logits, which may tip near-ties): it does not depend on the
        other stacks, on the batch or on ``n_samples``. All stacks draw the same numbers. ``most_rows`` bounds
        the rows of a batch (default: what the device holds). Raises as `generate` does.
        """
        how = Decoding(temperature, top_p, max_new_tokens)
        if n_samples < 1:
            raise UsageError(f"{n_samples} samples are none", right="n_samples of 1 or more")
        asked = answerable(self.model, prompts, system, template)
        if not isinstance(seed, int) and len(seed) != len(asked):
            raise UsageError(f"{len(seed)} seeds for {len(asked)} prompts", right="one seed, or one a prompt")
        drawn = _drawn(asked, seed, n_samples, max_new_tokens) if how.by_chance else None
        # Without chance all samples are one.
        n_drawn = n_samples if drawn is not None else 1
        answers = {name: [[""] * n_drawn for _ in asked] for name in self.stacks}
        texts: dict[tuple[int, ...], str] = {}
        total = len(self.stacks) * len(asked) * n_drawn
        shares = can_share(self.model)
        with progress("answered", total, "answers", enabled=show_progress) as advance:
            for names in _cut(list(self.stacks), self._n_together):
                side = self._side(tuple(names))
                limit = most_rows or rows_at_once(
                    self.model, max(map(len, asked), default=1) + max_new_tokens
                )
                for batch in _batches(asked, n_drawn, max(1, limit // len(names)), shares):
                    places = [(index, k) for index, samples in batch for k in samples]
                    n_each = len(batch[0][1]) if shares else 1
                    rows = batch if shares else places
                    said = decode_side_by_side(
                        side,
                        [asked[row[0]] for row in rows],
                        n_each,
                        how,
                        None if drawn is None else drawn[[index * n_drawn + k for index, k in places]],
                    )
                    for name, block in zip(names, said, strict=True):
                        for (index, k), tokens in zip(places, block, strict=True):
                            if (key := tuple(tokens)) not in texts:
                                texts[key] = self.model.tokenizer.decode(tokens, skip_special_tokens=True)
                            answers[name][index][k] = texts[key]
                    advance(len(names) * len(places))
        if n_drawn < n_samples:
            return {name: [one * n_samples for one in own] for name, own in answers.items()}
        return answers

    def next_token_logits(
        self, prompts: Sequence[Text], *, system: str | None = None, template: bool = True
    ) -> dict[str, Float[np.ndarray, "n vocab"]]:
        """Logits of the token after each prompt under each stack, float32, in prompt order.

        Raises `UsageError` for encoders, `TextTooLong` for a prompt over the context.
        """
        asked = answerable(self.model, prompts, system, template)
        module: Any = self.model.module
        vocabulary = module.get_output_embeddings().weight.shape[0]
        logits = {name: np.empty((len(asked), vocabulary), dtype=np.float32) for name in self.stacks}
        for names in _cut(list(self.stacks), self._n_together):
            side = self._side(tuple(names))
            limit = rows_at_once(self.model, max(map(len, asked), default=1))
            for batch in _batches(asked, 1, max(1, limit // len(names)), True):
                rows = [index for index, _ in batch]
                with side.acting(), fast_products(self.model.device):
                    decoder = Decoder(self.model, [asked[row] for row in rows] * len(names), keep=False)
                    found = decoder.start().cpu().numpy().reshape(len(names), len(rows), -1)
                for name, own in zip(names, found, strict=True):
                    logits[name][rows] = own
        return logits

    def blocks(self) -> Iterator[tuple[str, ...]]:
        """The names of stacks that act together, block by block: each block acts until the next is asked for.

        The rows of every forward are then equal blocks in the order of the names.
        """
        for names in _cut(list(self.stacks), self._n_together):
            with self._side(tuple(names)).acting():
                yield tuple(names)

    @property
    def _n_together(self) -> int:
        """How many stacks act at once: all of them, unless their factors are too large for the device."""
        sizes = [sum(self._loaded[one.fingerprint].n_bytes for one in own) for own in self.stacks.values()]
        return stacks_at_once(self.model, len(sizes), max(sizes))

    def _side(self, names: tuple[str, ...]) -> SideBySide:
        if self._together is None or self._together[0] != names:
            # Never two in memory.
            self._together = None
            side = SideBySide(self.model, [self.stacks[name] for name in names], self._loaded)
            self._together = (names, side)
        return self._together[1]


def open_grid(
    model: Model, stacks: Mapping[str, Sequence[Adapter]], *, prove: bool = True, force: bool = False
) -> StackGrid:
    """The stacks by name on a base as `load` gives it, factors loaded once; an empty stack is the base.

    With ``prove`` the base's weights are compared with the checkpoint's files, and a probe batch shows from
    the logits that every adapter of every stack acts, and on its own rows only. Raises `InactiveAdapter` and
    other `AdapterError` when one does not, `WrongBase` for an adapter of another base (unless forced),
    `StackOrderChanged` when a folder has changed, `UsageError` for a model that carries adapters already.
    """
    if not stacks:
        raise UsageError("there is no stack to ask", right='{"base": ()} at least')
    if lora.find(model.module, {}):
        raise UsageError(
            f"{model.checkpoint.name} carries adapters already", right="a base without any", do="load(...)"
        )
    known = {name: as_stack(stack) for name, stack in stacks.items()}
    loaded: dict[str, LoadedAdapter] = {}
    for stack in known.values():
        for adapter in stack:
            if adapter.fingerprint not in loaded:
                loaded[adapter.fingerprint] = load_updates(model, adapter, force=force)
    grid = StackGrid(model, known, loaded)
    if prove:
        require_files(model)
        grid.prove()
    return grid


def _drawn(asked: list[Prompt], seed: int | Sequence[int], n_samples: int, n_tokens: int) -> Tensor:
    """The numbers that `generate` would draw for each prompt and sample, ``[prompts * samples, tokens]``."""
    import torch

    seeds = [seed] * len(asked) if isinstance(seed, int) else list(seed)
    repeated = [one for one in asked for _ in range(n_samples)]
    made = generators(repeated, [one for one in seeds for _ in range(n_samples)])
    rows = [torch.rand(n_tokens, generator=one, dtype=torch.float64) for one in made]
    return torch.stack(rows) if rows else torch.empty(0, n_tokens, dtype=torch.float64)


def _batches(
    asked: list[Prompt], n_samples: int, each: int, whole: bool
) -> Iterator[list[tuple[int, range]]]:
    """Prompts by number with their samples, longest first, at most ``each`` pairs of both at once."""
    order = sorted(range(len(asked)), key=lambda row: -len(asked[row]))
    some = min(n_samples, each)
    for rows in _cut(order, max(1, each // n_samples)):
        for start in range(0, n_samples, some):
            yield [(row, range(start, min(start + some, n_samples))) for row in rows]


def _cut(values: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
