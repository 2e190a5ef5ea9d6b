"""Whom a critique is asked of: the model that answers here, or one behind a URL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from eudaimon.core import Conversation, UsageError
from eudaimon.core.text import Message
from eudaimon.models.served import read_completion
from eudaimon.serve.asked import Answerer, Asked, Busy, Ended
from eudaimon.serve.layers.opinion import NoOpinion
from eudaimon.serve.outbound import Outbound

Ask: TypeAlias = Callable[[Conversation], Awaitable[str]]
"""The answer to some turns, whole; raises `NoOpinion` or `NoAnswer` where there is none."""

MOST_TOKENS = 192


class OwnModel:
    """Asks the model that answers here, unguarded; say whom with `use`, once it is open.

    A model whose template takes no system turn gets its words at the head of the user's.
    """

    def __init__(self, max_new_tokens: int = MOST_TOKENS) -> None:
        self._answerer: Answerer | None = None
        self._max_new_tokens = max_new_tokens

    @property
    def name(self) -> str:
        """The model's name; ``the model itself`` before it is open."""
        return self._answerer.name if self._answerer else "the model itself"

    def use(self, answerer: Answerer) -> None:
        """Ask this one from now on."""
        self._answerer = answerer

    async def __call__(self, turns: Conversation) -> str:
        """What the model says, greedily."""
        if self._answerer is None:
            raise NoOpinion("the model that should be asked is not open", down=True)
        try:
            return await self._said(turns)
        except UsageError:
            return await self._said(folded(turns))
        except Busy as error:
            raise NoOpinion("the model has no place for a critique") from error

    async def _said(self, turns: Conversation) -> str:
        assert self._answerer is not None
        asked = Asked(turns, max_new_tokens=self._max_new_tokens, temperature=0.0, input="off", output="off")
        answering, said = self._answerer.ask(asked), ""
        try:
            async for event in answering.events():
                if isinstance(event, Ended):
                    if event.finish == "stop":
                        return said
                    raise NoOpinion(
                        f"the critique ended early ({event.finish})", down=event.finish == "error"
                    )
                said += event.text
        finally:
            answering.cancel()
        raise NoOpinion("the critique did not end", down=True)


class ServedModel:
    """Asks a model behind an OpenAI-compatible URL, greedily."""

    def __init__(self, server: Outbound, model: str, max_tokens: int = MOST_TOKENS) -> None:
        self.name, self._server, self._max_tokens = model, server, max_tokens

    async def __call__(self, turns: Conversation) -> str:
        """What the model says."""
        content = await self._server.post(
            "/chat/completions",
            {
                "model": self.name,
                "temperature": 0,
                "max_tokens": self._max_tokens,
                "messages": [turn.model_dump() for turn in turns],
            },
        )
        found = read_completion(content)
        if found.problem:
            raise NoOpinion(found.problem)
        return found.text

    async def close(self) -> None:
        """Close the connections."""
        await self._server.close()


def folded(turns: Conversation) -> Conversation:
    """The same turns with what the system says at the head of the first of the user's."""
    system = [turn.content for turn in turns if turn.role == "system"]
    rest = [turn for turn in turns if turn.role != "system"]
    first = Message(role="user", content="\n\n".join([*system, rest[0].content]))
    return (first, *rest[1:])
