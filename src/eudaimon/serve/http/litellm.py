"""``POST /beta/litellm_basic_guardrail_api``: the guard as LiteLLM's generic guardrail asks for it.

LiteLLM sends what it took from a request or an answer: ``texts``, ``structured_messages`` (the turns),
``tools`` (definitions), ``tool_calls`` (name and arguments), ``images``. All of it that is text is read; what
cannot be read (images, audio, files, an unknown shape, nothing at all) is blocked. Texts are never rewritten.
https://docs.litellm.ai/docs/adding_provider/generic_guardrail_api
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from fastapi import APIRouter, Request

from eudaimon.core import Message, Text
from eudaimon.serve.asked import Decided
from eudaimon.serve.http.bodies import Body
from eudaimon.serve.http.context import request_id, serving_of
from eudaimon.serve.http.errors import Refused, unrecorded
from eudaimon.serve.http.logs import tell
from eudaimon.serve.http.moderating import moderate
from eudaimon.serve.http.moderations import check_many
from eudaimon.serve.http.reading import read
from eudaimon.serve.http.schema import takes
from eudaimon.serve.http.verdicts import facts, failed

PATH = "/beta/litellm_basic_guardrail_api"
FORMAT = frozenset({
    "additionalProperties", "arguments", "description", "enum", "function", "id", "input", "items", "name",
    "parameters", "properties", "required", "strict", "type",
})  # fmt: skip
"""Names of fields in every tool's definition or call, which say nothing."""
HELD_BACK = 160
"""Characters of a growing answer that LiteLLM is told to keep until more was read: `Window.hold_back`."""
ROLES = {"developer": "system", "function": "tool"}
router = APIRouter()


class GuardrailBody(Body):
    """What LiteLLM sends; metadata of keys and teams, headers and versions are left alone."""

    input_type: Literal["request", "response"]
    texts: list[str] | None = None
    structured_messages: list[dict[str, Any]] | None = None
    images: list[Any] | None = None
    tools: list[Any] | None = None
    tool_calls: list[Any] | None = None


class Unreadable(Exception):
    """Something was sent that is no text."""


@router.post(PATH, openapi_extra=takes(GuardrailBody))
async def guardrail(request: Request) -> dict[str, Any]:
    """``NONE`` for what passed, ``BLOCKED`` with a reason for what did not or could not be read."""
    serving = serving_of(request)
    body = await read(request, GuardrailBody)
    side: Literal["input", "output"] = "input" if body.input_type == "request" else "output"
    try:
        texts = texts_of(body)
        check_many(texts, serving.settings.limits)
    except Unreadable as error:
        serving.metrics.failures.labels("unreadable").inc()
        tell("blocked unread", logging.WARNING, id=request_id(request), route=PATH, reason=str(error))
        return _blocked(f"{error}, and what cannot be read is not passed")
    await serving.admit()
    decided = await _decided(request, texts, side)
    mode = serving.settings.input if side == "input" else serving.settings.output
    if not await serving.recording.judged(request_id(request), PATH, side, mode, texts, decided):
        raise unrecorded()
    told: dict[str, Any] = {
        "decisions": [
            {"flagged": each.flagged, "category": each.category, **facts(each)} for each in decided
        ],
        **({"fail_open": True} if serving.answerer.fails_open else {}),
    }
    flagged = [each for each in decided if each.flagged]
    if flagged and mode == "block":
        return _blocked(_why(max(flagged, key=lambda each: each.score))) | told
    if side == "output" and mode == "block":
        # Taken only under streaming_transform_mode: incremental_diff, and at the end of a stream let go.
        told["stream_holdback_chars"] = [HELD_BACK] * len(body.texts or ())
    return {"action": "NONE", "blocked_reason": None, **told}


def texts_of(body: GuardrailBody) -> list[Text]:
    """All that can be read: the conversation, texts that are none of its turns', tools and calls of tools.

    Raises `Unreadable` for what is no text, and where there is nothing.
    """
    if body.images:
        raise Unreadable("an image was sent")
    turns: list[Message] = []
    more: list[str] = []
    for each in body.structured_messages or []:
        turns.append(Message(role=_role(each), content=_content(each.get("content"))))
        more += [_joined(call) for call in (*_list(each, "tool_calls"), *_maybe(each.get("function_call")))]
        if each.get("audio") or each.get("images"):
            raise Unreadable("a turn holds something that is no text")
    seen = {part for each in body.structured_messages or [] for part in _parts(each.get("content"))}
    seen |= {turn.content for turn in turns}
    more += [text for text in body.texts or [] if text not in seen]
    more += [_joined(each) for each in (*(body.tools or []), *(body.tool_calls or []))]
    texts: list[Text] = [tuple(turns)] if turns else []
    texts += list(dict.fromkeys(more))
    if not texts:
        raise Unreadable("nothing was sent that can be read")
    return texts


async def _decided(
    request: Request, texts: Sequence[Text], side: Literal["input", "output"]
) -> Sequence[Decided]:
    """Decisions; a check that fails or is late is one, since LiteLLM may be told to pass what answers 5xx."""
    serving = serving_of(request)
    try:
        return await moderate(serving, request, texts, side)
    except Refused as refused:
        if refused.status < 500:
            raise
        return [failed(serving.answerer.fails_open, str(refused)) for _ in texts]


def _role(turn: dict[str, Any]) -> Any:
    role = turn.get("role")
    role = ROLES.get(role, role) if isinstance(role, str) else role
    if role not in ("system", "user", "assistant", "tool"):
        raise Unreadable("a turn has no role that is known")
    return role


def _content(content: Any) -> str:
    return "\n".join(_parts(content))


def _parts(content: Any) -> list[str]:
    """The texts of a turn's content: OpenAI's parts, and Anthropic's with what a tool returned."""
    if content is None:
        return []
    if isinstance(content, str):
        return [content]
    if not isinstance(content, list):
        raise Unreadable("a turn holds something that is no text")
    found: list[str] = []
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in ("text", "input_text", "output_text") and isinstance(part.get("text"), str):
            found.append(part["text"])
        elif kind == "tool_result":
            found += _parts(part.get("content"))
        elif kind == "tool_use":
            found.append(_joined({"name": part.get("name"), "input": part.get("input")}))
        else:
            raise Unreadable("a turn holds a part that is no text")
    return found


def _joined(value: Any) -> str:
    """All words in a JSON value, one below the other: names of fields too, but for those of the format."""
    return "\n".join(_words(value))


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            if name not in FORMAT:
                yield name
            yield from _words(each)
    elif isinstance(value, list):
        for each in value:
            yield from _words(each)
    elif value is not None:
        yield str(value)


def _list(turn: dict[str, Any], name: str) -> list[Any]:
    value = turn.get(name) or []
    if not isinstance(value, list):
        raise Unreadable("a turn's calls of tools are no list")
    return value


def _maybe(value: Any) -> list[Any]:
    return [value] if value else []


def _why(decided: Decided) -> str:
    if decided.layer == "error":
        return f"the check failed, and what was not checked is not passed: {decided.reason}"
    # LiteLLM hands this to its client: no score, which would lead a search for words that pass.
    return f"flagged by the {decided.layer}" + (f" as {decided.category}" if decided.category else "")


def _blocked(reason: str) -> dict[str, Any]:
    return {"action": "BLOCKED", "blocked_reason": reason}
