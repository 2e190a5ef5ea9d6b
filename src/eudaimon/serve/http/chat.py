"""``POST /v1/chat/completions``."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from eudaimon.serve.asked import Ended, Piece
from eudaimon.serve.http.answer import Run
from eudaimon.serve.http.asking import asked_chat
from eudaimon.serve.http.bodies import ChatBody
from eudaimon.serve.http.context import request_id, serving_of
from eudaimon.serve.http.replying import logprob, moderation, reply, usage
from eudaimon.serve.http.schema import takes

PATH = "/v1/chat/completions"
router = APIRouter()


@router.post(PATH, openapi_extra=takes(ChatBody))
async def chat_completions(request: Request) -> Response:
    """Answer a conversation; one answer a request, checked before any of it is sent."""
    return await reply(request, ChatBody, asked_chat, PATH, Shape)


class Shape:
    """The chunks of a chat's stream, and its one body."""

    def __init__(self, request: Request, run: Run, body: ChatBody) -> None:
        self._run = run
        self._body = body
        self._base = {
            "id": f"chatcmpl-{request_id(request)}",
            "created": int(time.time()),
            "model": serving_of(request).answerer.name,
        }

    def body(self, pieces: Sequence[Piece], ended: Ended) -> JSONResponse:
        """The whole answer; of one that was blocked nothing but the reason."""
        message = {"role": "assistant", "content": "".join(piece.text for piece in pieces), "refusal": None}
        choice = {
            "index": 0,
            "message": message,
            "logprobs": self._logprobs(pieces),
            "finish_reason": ended.finish,
        }
        return JSONResponse(
            {
                **self._base,
                "object": "chat.completion",
                "choices": [choice],
                "usage": usage(ended),
                **moderation(self._run, ended),
            }
        )

    def opening(self) -> Iterable[dict[str, Any]]:
        """The role."""
        yield self._chunk({"role": "assistant", "content": ""})

    def piece(self, piece: Piece) -> dict[str, Any]:
        """Text that passed."""
        return self._chunk({"content": piece.text}, self._logprobs([piece]))

    def closing(self, ended: Ended) -> Iterable[dict[str, Any]]:
        """Moderation in a chunk of its own where it was asked for, the reason of the end, the usage."""
        told = moderation(self._run, ended)
        if self._body.moderation is not None:
            yield {
                **self._base,
                "object": "chat.completion.chunk",
                "choices": [],
                **told,
                **self._body.no_usage,
            }
            told = {}
        yield {**self._chunk({}, None, ended.finish), **told}
        if self._body.wants_usage:
            yield {**self._base, "object": "chat.completion.chunk", "choices": [], "usage": usage(ended)}

    def _chunk(
        self, delta: dict[str, Any], logprobs: dict[str, Any] | None = None, finish: str | None = None
    ) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return {**self._base, "object": "chat.completion.chunk", "choices": [choice], **self._body.no_usage}

    def _logprobs(self, pieces: Sequence[Piece]) -> dict[str, Any] | None:
        if self._run.asked.top is None:
            return None
        tokens = [token for piece in pieces for token in piece.tokens]
        return {"content": [logprob(*token) for token in tokens], "refusal": None}
