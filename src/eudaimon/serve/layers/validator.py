"""A guard on another server: a judge model that grades, or an endpoint like ``/v1/moderations``."""

from __future__ import annotations

import json
import math
from typing import Any, Literal

from eudaimon.core import Text
from eudaimon.monitor.grading import as_material, prompt, read_answer, rubric_hash
from eudaimon.monitor.judge import LONGEST_TEXT
from eudaimon.serve.layers.opinion import NoOpinion, Opinion
from eudaimon.serve.outbound import Outbound
from eudaimon.serve.second import Side


class JudgeValidator:
    """A `Critic` that has a judge model grade the text by the rubric of `eudaimon.monitor.Judge`.

    A grade of ``threshold`` or more, in [0, 1], flags. For ``output`` the judge is shown the conversation.
    """

    layer: Literal["validator"] = "validator"

    def __init__(
        self, server: Outbound, model: str, *, threshold: float = 0.5, max_tokens: int = 512
    ) -> None:
        self._server, self._model, self._threshold = server, model, threshold
        self._max_tokens = max_tokens

    @property
    def name(self) -> str:
        """The judge as reports name it: model and hash of the rubric."""
        return f"judge {self._model} (rubric {rubric_hash()})"

    async def opine(self, text: Text, side: Side) -> Opinion:
        """What the judge says; an answer without a grade is none."""
        shown = as_material(text)
        if len(shown) > LONGEST_TEXT:
            raise NoOpinion(f"{len(shown)} characters are over the judge's limit of {LONGEST_TEXT}")
        content = await self._server.post(
            "/chat/completions",
            {
                "model": self._model,
                "temperature": 0,
                "max_tokens": self._max_tokens,
                "messages": prompt(shown),
            },
        )
        grade = read_answer(content)
        if grade.danger is None:
            raise NoOpinion(f"the judge gave no grade ({grade.reason})")
        return Opinion(grade.danger >= self._threshold, grade.danger, self._threshold, reason=grade.reason)

    async def close(self) -> None:
        """Close the connections."""
        await self._server.close()


class ModerationsValidator:
    """A `Critic` that asks a guard over ``POST /moderations``, as OpenAI documents it.

    A request goes as one input a turn, and is flagged when one of them is; an answer goes alone. The guard's
    own ``flagged`` counts, so that the score is 1 or 0; its scores stand under the categories.
    """

    layer: Literal["validator"] = "validator"

    def __init__(self, server: Outbound, model: str = "") -> None:
        self._server, self._model = server, model

    @property
    def name(self) -> str:
        """The guard as reports name it."""
        return f"moderations {self._model}".rstrip()

    async def opine(self, text: Text, side: Side) -> Opinion:
        """What the guard says."""
        inputs = _inputs(text, side)
        body = {"input": inputs, **({"model": self._model} if self._model else {})}
        return read_moderations(await self._server.post("/moderations", body), len(inputs))

    async def close(self) -> None:
        """Close the connections."""
        await self._server.close()


def read_moderations(content: bytes, n: int) -> Opinion:
    """The opinion in the body of an answer about ``n`` inputs; raises `NoOpinion` for anything else."""
    try:
        results = json.loads(content)["results"]
        flags = [result["flagged"] for result in results]
        scores = [_scores(result.get("category_scores") or {}) for result in results]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NoOpinion(f"the validator gave no moderation ({type(error).__name__})") from error
    if len(flags) != n or not all(isinstance(flag, bool) for flag in flags):
        raise NoOpinion(f"the validator gave {len(flags)} results on {n} texts, or no plain flags")
    flagged = any(flags)
    own = [each for each, flag in zip(scores, flags, strict=True) if flag or not flagged]
    categories = {
        name: max(each.get(name, 0.0) for each in own) for name in dict.fromkeys(k for e in own for k in e)
    }
    return Opinion(
        flagged,
        float(flagged),
        category=max(categories, key=lambda name: categories[name], default=None) if flagged else None,
        categories=categories,
    )


def _inputs(text: Text, side: Side) -> list[str]:
    if isinstance(text, str):
        return [text]
    turns = text[-1:] if side == "output" else text
    return [turn.content for turn in turns if turn.content.strip()] or [""]


def _scores(given: Any) -> dict[str, float]:
    """The scores that are numbers from 0 to 1."""
    return {
        str(name): float(value)
        for name, value in given.items()
        if isinstance(value, int | float) and math.isfinite(value) and 0 <= value <= 1
    }
