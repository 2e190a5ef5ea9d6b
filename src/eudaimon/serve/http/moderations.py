"""``POST /v1/moderations``: a verdict without an answer."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from eudaimon.core import Text, plain_text
from eudaimon.serve.http.asking import check_length, check_turns
from eudaimon.serve.http.bodies import ModerationsBody, TextPart, Turn
from eudaimon.serve.http.context import request_id, serving_of
from eudaimon.serve.http.errors import Refused, unrecorded
from eudaimon.serve.http.moderating import moderate
from eudaimon.serve.http.reading import read
from eudaimon.serve.http.schema import takes
from eudaimon.serve.http.settings import Limits
from eudaimon.serve.http.verdicts import result

PATH = "/v1/moderations"
router = APIRouter()


@router.post(PATH, openapi_extra=takes(ModerationsBody))
async def moderations(request: Request) -> dict[str, Any]:
    """One result for a text, a list of parts or a conversation, and one for each of a list of these.

    ``side`` says whether they are read as what a user puts or as what a model said.
    """
    serving = serving_of(request)
    body = await read(request, ModerationsBody)
    texts = texts_of(body)
    check_many(texts, serving.settings.limits)
    await serving.admit()
    decided = await moderate(serving, request, texts, body.side)
    if not await serving.recording.judged(request_id(request), PATH, body.side, "score", texts, decided):
        raise unrecorded()
    fails_open = serving.answerer.fails_open
    return {
        "id": f"modr-{request_id(request)}",
        "model": serving.settings.monitor,
        "results": [result(each, serving.settings.monitor, fails_open) for each in decided],
        **({"fail_open": True} if fails_open else {}),
    }


def texts_of(body: ModerationsBody) -> list[Text]:
    """What is to be judged, each by itself; raises `Refused` for an empty list."""
    given = body.input
    if isinstance(given, str):
        return [given]
    if not given:
        raise Refused(400, "input: at least one text", code="invalid_value", param="input")
    if isinstance(given[0], str):
        return list(given)
    if isinstance(given[0], TextPart):
        return ["\n".join(part.text for part in given)]
    if isinstance(given[0], Turn):
        return [tuple(turn.message() for turn in given)]
    return [tuple(turn.message() for turn in turns) for turns in given]


def check_many(texts: list[Text], limits: Limits) -> None:
    """Raises `Refused` for more texts, turns or characters than the limits."""
    if len(texts) > limits.texts:
        raise Refused(
            400, f"input: {len(texts)} texts; at most {limits.texts}", code="invalid_value", param="input"
        )
    check_turns([text for text in texts if not isinstance(text, str)], limits, "input")
    check_length([plain_text(text) for text in texts], limits, "input")
