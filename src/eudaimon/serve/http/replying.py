"""What both ways of asking share: a body becomes a question, its answer a response or a stream."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from fastapi import Request, Response

from eudaimon.serve.asked import Asked, Ended, Piece
from eudaimon.serve.http import stream
from eudaimon.serve.http.answer import Run, whole
from eudaimon.serve.http.bodies import Drawn
from eudaimon.serve.http.context import request_id, serving_of
from eudaimon.serve.http.reading import read
from eudaimon.serve.http.serving import Serving
from eudaimon.serve.http.verdicts import inline

Given = TypeVar("Given", bound=Drawn)
LEAST = -9999.0
"""What stands for the logarithm of a probability of zero, which JSON does not have."""


class Shape(stream.Shape, Protocol):
    """How an endpoint words an answer, in chunks or as a whole."""

    def body(self, pieces: Sequence[Piece], ended: Ended) -> Response:
        """The whole answer."""


async def reply(
    request: Request,
    kind: type[Given],
    asked: Callable[[Serving, Given, str], Asked],
    route: str,
    shape: Callable[[Request, Run, Given], Shape],
) -> Response:
    """The answer to a request, as a stream where it asks for one; raises `Refused`."""
    serving = serving_of(request)
    body = await read(request, kind)
    question = asked(serving, body, request_id(request))
    await serving.admit()
    run = Run(serving, question, route, streamed=bool(body.stream))
    words = shape(request, run, body)
    if body.stream:
        return stream.EventStream(run, words)
    watch = asyncio.create_task(stream.gone(request.receive, run))
    try:
        pieces, ended = await whole(run)
    finally:
        watch.cancel()
        run.client_gone()
    # Of a flagged answer also what passed is kept back: nobody saw it yet, and it leads up to what did not.
    return words.body([] if ended.finish == "content_filter" else pieces, ended)


def moderation(run: Run, ended: Ended) -> dict[str, Any]:
    """The ``moderation`` field, and ``fail_open`` beside it where that is so."""
    answerer = run.serving.answerer
    sides = (run.asked.input, run.asked.output)
    told = {"moderation": inline(ended, sides, run.serving.settings.monitor, answerer.fails_open)}
    return told | ({"fail_open": True} if answerer.fails_open else {})


def usage(ended: Ended) -> dict[str, int]:
    """Tokens read and made, as OpenAI names them."""
    return {
        "prompt_tokens": ended.n_input,
        "completion_tokens": ended.n_output,
        "total_tokens": ended.n_input + ended.n_output,
    }


def logprob(token: str, value: float, top: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """One token of a chat's log-probabilities, in nats."""
    return {
        "token": token,
        "logprob": finite(value),
        "bytes": _bytes(token),
        "top_logprobs": [
            {"token": name, "logprob": finite(each), "bytes": _bytes(name)} for name, each in top
        ],
    }


def finite(value: float) -> float:
    """The log-probability, with `LEAST` for one that is no number."""
    return float(value) if math.isfinite(value) else LEAST


def _bytes(token: str) -> list[int] | None:
    """The token in UTF-8; None for a part of a character, of which nobody here knows the bytes."""
    return None if "\ufffd" in token else list(token.encode("utf-8", "replace"))
