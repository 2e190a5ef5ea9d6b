"""What every role of a cast answers: the text, its state inside of the model, and whom it sounds like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from eudaimon.core import Site, Text, as_conversation, plain_text, progress
from eudaimon.evaluate.census.cast import Cast

if TYPE_CHECKING:
    from eudaimon.models.model import Model
    from eudaimon.models.prompts import Prompt


@dataclass(frozen=True, eq=False)
class Spoken:
    """One answer a role and question, with the mean state over its tokens at each site (NaN when empty)."""

    cast: Cast
    sites: tuple[Site, ...]
    answers: tuple[tuple[str, ...], ...]
    states: Float[np.ndarray, "roles questions sites d"]


def speak(
    model: Model,
    cast: Cast,
    *,
    sites: Sequence[Site] | None = None,
    max_new_tokens: int = 48,
    seed: int = 0,
    show_progress: bool = True,
) -> Spoken:
    """Every role's answer to every question, one sample at temperature 1, and its mean activations.

    Sites default to all blocks of a small model and to about five of a deep one. Raises as `generate` does.
    """
    from eudaimon.models.generate import generate

    n_layers = model.n_layers
    chosen = (
        tuple(sites)
        if sites is not None
        else tuple(Site(layer) for layer in range(1, n_layers + 1, max(1, n_layers // 5)))
    )
    answers, states = [], []
    with progress("roles", len(cast.roles), "roles", enabled=show_progress) as advance:
        for texts in cast.texts:
            said = generate(
                model,
                texts,
                max_new_tokens=max_new_tokens,
                temperature=1.0,
                seed=seed,
                template=not isinstance(texts[0], str),
                show_progress=False,
            )
            answers.append(tuple(said))
            states.append(_states(model, texts, said, chosen))
            advance(1)
    return Spoken(cast, chosen, tuple(answers), np.stack(states))


def answer_nats(
    model: Model, texts: Sequence[Text], answers: Sequence[str], *, show_progress: bool = False
) -> Float[np.ndarray, "n"]:
    """The log-probability, in nats, of each answer after its text; NaN for an answer without tokens.

    Texts that are conversations go through the chat template. Raises `TextTooLong` when a text and its answer
    do not fit the context.
    """
    from eudaimon.evaluate.likelihood import prompt_likelihood
    from eudaimon.models.decoding import answerable

    asked = answerable(model, texts, None, not isinstance(texts[0], str))
    encode = model.tokenizer
    found = np.full(len(asked), np.nan)
    joined: list[Prompt] = []
    for prompt, answer in zip(asked, answers, strict=True):
        joined.append(_joined(prompt, encode(answer, add_special_tokens=False)["input_ids"]))
    values = prompt_likelihood(model, joined, show_progress=show_progress)
    for row, (prompt, whole) in enumerate(zip(asked, joined, strict=True)):
        if len(whole) > len(prompt):
            found[row] = values[row][0][len(prompt) - 1 :].sum()
    return found


def _joined(prompt: Prompt, answer: Sequence[int]) -> Prompt:
    from eudaimon.models.prompts import Prompt

    ids = np.concatenate([prompt.ids, np.asarray(answer, dtype=np.int64)])
    content = np.arange(len(ids)) >= len(prompt)
    return Prompt(ids, content, len(ids) - 1, np.zeros((len(ids), 2), dtype=np.int64), truncated=False)


def _states(
    model: Model, texts: Sequence[Text], answers: Sequence[str], sites: tuple[Site, ...]
) -> Float[np.ndarray, "questions sites d"]:
    from eudaimon.models.capture import capture_tokens

    whole: list[Text] = []
    spans = []
    for text, answer in zip(texts, answers, strict=True):
        if isinstance(text, str):
            dialogue: Text = text + answer
        else:
            dialogue = (*text, *as_conversation([{"role": "assistant", "content": answer}]))
        end = len(plain_text(dialogue))
        whole.append(dialogue)
        spans.append((end - len(answer), end))
    read = capture_tokens(model, whole, sites, template=not isinstance(texts[0], str), show_progress=False)
    values: Float[np.ndarray, "questions sites d"] = read.mean_within(spans).values[:, :, 0]
    return values
