"""A model as lm-evaluation-harness asks it: likelihoods of continuations, and greedy or sampled text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eudaimon.evaluate.likelihood import token_likelihood

if TYPE_CHECKING:
    from eudaimon.models.model import Model

NOTHING = "\n"
"""What stands before a text that has no context: something must predict its first token."""
MAX_NEW_TOKENS = 256
"""Tokens of an answer where a task does not say; as the harness has it."""
SPECIAL_TOKENS = 2
"""Room that is left for what a tokenizer may put around a text."""


def harness_model(model: Model) -> Any:
    """The model as an ``lm_eval.api.model.LM``; adapters and interventions that it was opened with act.

    Texts go in without a chat template. A text over the context loses its beginning, as in the harness.
    Raises `ImportError` when lm-eval is not installed.
    """
    from lm_eval.api.model import LM

    class HarnessModel(LM):  # type: ignore[misc]
        def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
            return continuations(model, [request.args for request in requests])

        def loglikelihood_rolling(self, requests: list[Any]) -> list[float]:
            return [rolling(model, request.args[0]) for request in requests]

        def generate_until(self, requests: list[Any]) -> list[str]:
            return answers(model, [request.args for request in requests])

        @property
        def tokenizer_name(self) -> str:
            return str(model.checkpoint.fingerprint)

    return HarnessModel()


def continuations(model: Model, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, bool]]:
    """For each context and continuation the continuation's log-probability in nats, and whether each of its
    tokens is the likeliest one.

    A token that begins in the context counts to the context.
    """
    texts, starts = [], []
    for context, continuation in pairs:
        text = (context or NOTHING) + continuation
        lost = _too_much(model, text)
        texts.append(text[lost:])
        starts.append(max(len(text) - len(continuation) - lost, 0))
    found = token_likelihood(model, texts)
    return [
        (one.total(start), bool(one.likeliest[one.span[:, 0] >= start].all()))
        for one, start in zip(found, starts, strict=True)
    ]


def rolling(model: Model, text: str) -> float:
    """The log-probability of a whole text in nats; one over the context is read in pieces.

    Every piece but the first begins with the last token of the one before, which is not counted again.
    """
    whole = NOTHING + text
    ends = _ends(model, whole)
    room = model.max_tokens - SPECIAL_TOKENS
    pieces, starts, begin = [], [], 0
    for last in [*range(room - 1, len(ends) - 1, room - 1), len(ends) - 1]:
        counted = ends[begin] if begin else len(NOTHING)
        before = ends[begin - 1] if begin else 0
        pieces.append(whole[before : ends[last]])
        starts.append(counted - before)
        begin = last
    found = token_likelihood(model, pieces, cut=True)
    return sum(one.total(start) for one, start in zip(found, starts, strict=True))


def answers(model: Model, requests: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """The text after each prompt up to the first of its ``until``; greedy unless it has ``do_sample``."""
    from eudaimon.models.generate import generate

    said = []
    for prompt, wanted in requests:
        n_new = int(wanted.get("max_gen_toks", MAX_NEW_TOKENS))
        warm = float(wanted.get("temperature", 0.0)) if wanted.get("do_sample") else 0.0
        text = prompt[_too_much(model, prompt, min(n_new, model.max_tokens // 2)) :]
        (answer,) = generate(
            model, [text], max_new_tokens=n_new, temperature=warm, template=False, show_progress=False
        )
        until = wanted.get("until") or ()
        for stop in [until] if isinstance(until, str) else until:
            answer = answer.partition(stop)[0] if stop else answer
        said.append(answer)
    return said


def _too_much(model: Model, text: str, kept_free: int = 0) -> int:
    """How many characters of the beginning must go for the rest to fit."""
    ends = _ends(model, text)
    over = len(ends) - (model.max_tokens - SPECIAL_TOKENS - kept_free)
    return ends[over - 1] if over > 0 else 0


def _ends(model: Model, text: str) -> list[int]:
    """Where each token of a text ends."""
    read = model.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    return [end for _, end in read["offset_mapping"]]
