"""``POST /v1/completions``: a text goes on, without a template."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from eudaimon.serve.asked import Ended, Piece
from eudaimon.serve.http.answer import Run
from eudaimon.serve.http.asking import asked_completion
from eudaimon.serve.http.bodies import CompletionBody
from eudaimon.serve.http.context import request_id, serving_of
from eudaimon.serve.http.replying import finite, moderation, reply, usage
from eudaimon.serve.http.schema import takes

PATH = "/v1/completions"
router = APIRouter()


@router.post(PATH, openapi_extra=takes(CompletionBody))
async def completions(request: Request) -> Response:
    """Go on with a text; checked as a conversation's answer is."""
    return await reply(request, CompletionBody, asked_completion, PATH, Shape)


class Shape:
    """The chunks of a completion's stream, and its one body."""

    def __init__(self, request: Request, run: Run, body: CompletionBody) -> None:
        self._run = run
        self._body = body
        self._said = 0
        self._base = {
            "id": f"cmpl-{request_id(request)}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": serving_of(request).answerer.name,
        }

    def body(self, pieces: Sequence[Piece], ended: Ended) -> JSONResponse:
        """The whole answer; of one that was blocked nothing but the reason."""
        choice = self._choice("".join(piece.text for piece in pieces), pieces, ended.finish)
        told = moderation(self._run, ended)
        return JSONResponse({**self._base, "choices": [choice], "usage": usage(ended), **told})

    def opening(self) -> Iterable[dict[str, Any]]:
        """Nothing: the first chunk is text."""
        return ()

    def piece(self, piece: Piece) -> dict[str, Any]:
        """Text that passed."""
        return {**self._base, "choices": [self._choice(piece.text, [piece], None)], **self._body.no_usage}

    def closing(self, ended: Ended) -> Iterable[dict[str, Any]]:
        """Moderation in a chunk of its own where it was asked for, the reason of the end, the usage."""
        told = moderation(self._run, ended)
        if self._body.moderation is not None:
            yield {**self._base, "choices": [], **told, **self._body.no_usage}
            told = {}
        yield {**self._base, "choices": [self._choice("", [], ended.finish)], **told, **self._body.no_usage}
        if self._body.wants_usage:
            yield {**self._base, "choices": [], "usage": usage(ended)}

    def _choice(self, text: str, pieces: Sequence[Piece], finish: str | None) -> dict[str, Any]:
        return {"index": 0, "text": text, "logprobs": self._logprobs(pieces), "finish_reason": finish}

    def _logprobs(self, pieces: Sequence[Piece]) -> dict[str, Any] | None:
        if self._run.asked.top is None:
            return None
        offsets: list[int] = []
        tokens = [token for piece in pieces for token in piece.tokens]
        for token, _, _ in tokens:
            offsets.append(self._said)
            self._said += len(token)
        return {
            "tokens": [token for token, _, _ in tokens],
            "token_logprobs": [finite(value) for _, value, _ in tokens],
            "top_logprobs": [{name: finite(value) for name, value in top} for _, _, top in tokens],
            "text_offset": offsets,
        }
