"""What the endpoints of OpenAI take: bodies of requests, strictly typed, unknown fields left alone."""

from __future__ import annotations

import secrets
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from eudaimon.core import Conversation, Message
from eudaimon.serve.http.unserved import CHAT, COMPLETIONS, TURN, refuse_unserved

LARGEST_SEED = 2**63 - 1


class Body(BaseModel):
    """A JSON object of a request; what is not named here is ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


class TextPart(Body):
    """A part of a turn's content; images, audio and files cannot be read and are refused."""

    type: Literal["text"]
    text: str


class Turn(Body):
    """One turn; parts of text are read one below the other."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[TextPart]

    @model_validator(mode="before")
    @classmethod
    def _served(cls, given: Any) -> Any:
        return refuse_unserved(given, TURN)

    @property
    def text(self) -> str:
        """The turn's words."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content)

    def message(self) -> Message:
        """The turn as the rest of the program has it: a developer's is a system turn."""
        return Message(role="system" if self.role == "developer" else self.role, content=self.text)


class SideMode(Body):
    """What a verdict on one side does."""

    mode: Literal["score", "block"]


class PolicyBody(Body):
    """What verdicts do, on either side; the server's own policy where none is given."""

    input: SideMode | None = None
    output: SideMode | None = None


class ModerationBody(Body):
    """Inline moderation: how this request is to be guarded; ``model`` is not chosen by the request."""

    model: str | None = None
    policy: PolicyBody | None = None


class StreamOptions(Body):
    """What a stream tells besides the answer."""

    include_usage: bool | None = None


class Drawn(Body):
    """How an answer is drawn: what chat and completions have in common."""

    model: str | None = None
    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2, allow_inf_nan=False)
    top_p: float | None = Field(None, gt=0, le=1, allow_inf_nan=False)
    stop: str | list[str] | None = None
    seed: int | None = Field(None, ge=-LARGEST_SEED, le=LARGEST_SEED)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    moderation: ModerationBody | None = None

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts that end the answer."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def drawn_seed(self) -> int:
        """The seed; without one a new seed every time, as a client expects of a temperature."""
        return secrets.randbits(31) if self.seed is None else abs(self.seed)

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with the tokens it took."""
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def no_usage(self) -> dict[str, None]:
        """What every chunk but the last has of the usage: null, where the last one tells it."""
        return {"usage": None} if self.wants_usage else {}


class ChatBody(Drawn):
    """``POST /v1/chat/completions``; one answer (``n`` is 1)."""

    messages: list[Turn] = Field(min_length=1, fail_fast=True)
    max_completion_tokens: int | None = Field(None, ge=1)
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)

    @model_validator(mode="before")
    @classmethod
    def _served(cls, given: Any) -> Any:
        return refuse_unserved(given, CHAT)

    @property
    def conversation(self) -> Conversation:
        """The turns."""
        return tuple(turn.message() for turn in self.messages)

    @property
    def longest(self) -> int | None:
        """The most tokens the answer may have, if the request says so."""
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens

    @property
    def top(self) -> int | None:
        """How many likeliest tokens are told at each; None for no log-probabilities."""
        return (self.top_logprobs or 0) if self.logprobs else None


class CompletionBody(Drawn):
    """``POST /v1/completions``; one prompt of text, one answer."""

    prompt: str | list[str]
    logprobs: int | None = Field(None, ge=0, le=5)

    @model_validator(mode="before")
    @classmethod
    def _served(cls, given: Any) -> Any:
        return refuse_unserved(given, COMPLETIONS)


class ModerationsBody(Body):
    """``POST /v1/moderations``: a text, texts, parts of one text, a conversation, or conversations."""

    input: str | list[str] | list[TextPart] | list[Turn] | list[list[Turn]]
    model: str | None = None
    side: Literal["input", "output"] = "input"
