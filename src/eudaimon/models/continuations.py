"""Prompts with what follows them, as rows of tokens that are asked many times while one thing changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from eudaimon.core import Text, TextTooLong, UsageError
from eudaimon.models.model import Model
from eudaimon.models.prompts import prepare


@dataclass(frozen=True, eq=False)
class Continuations:
    """Rows of tokens: ``starts[i]`` tokens of a prompt, then its continuation, which may be empty.

    Place 0 is the continuation's first token, -1 the prompt's last: where the model is about to answer.
    """

    ids: tuple[Int[np.ndarray, "t"], ...]
    starts: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def places(self) -> tuple[int, int]:
        """The places that some row has: the first, and the one after the last."""
        ends = (len(row) - start for row, start in zip(self.ids, self.starts, strict=True))
        return -max(self.starts), max(ends)


def continuations(
    model: Model,
    prompts: Sequence[Text],
    answers: Sequence[str] | None = None,
    *,
    system: str | None = None,
    template: bool = True,
) -> Continuations:
    """The prompts as `generate` reads them, each with its answer behind it, if there are answers.

    Raises `UsageError` for encoders, for no prompts, for a prompt or answer without tokens and where answers
    and prompts are not as many; `TextTooLong` for a row over the model's context.
    """
    module: Any = model.module
    if not model.is_causal or module.get_output_embeddings() is None:
        raise UsageError(f"{model.checkpoint.name} has no language-model head", right="a causal model")
    if not prompts or (answers is not None and len(answers) != len(prompts)):
        raise UsageError(
            f"{len(prompts)} prompts and {len(answers or ())} answers", right="an answer for each prompt"
        )
    ids, starts = [], []
    made = prepare(model, prompts, system=system, template=template)
    for index, prompt in enumerate(made):
        own = model.tokenizer(answers[index], add_special_tokens=False)["input_ids"] if answers else []
        if not len(prompt) or (answers and not own):
            raise UsageError(f"row {index + 1} has a prompt or an answer without tokens")
        if prompt.truncated or len(prompt) + len(own) > model.max_tokens:
            raise TextTooLong(f"row {index + 1} is over the context of {model.max_tokens} tokens")
        ids.append(np.concatenate([prompt.ids, np.asarray(own, dtype=np.int64)]))
        starts.append(len(prompt))
    return Continuations(tuple(ids), tuple(starts))
