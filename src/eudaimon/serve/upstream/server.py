"""The server behind the guard: one streamed answer, within bounds of time and size."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from eudaimon.core import UsageError
from eudaimon.core.text import as_conversation
from eudaimon.models.served import ChatServer
from eudaimon.serve.asked import Asked, Fault
from eudaimon.serve.outbound import NoAnswer, Outbound, as_json, require_plain
from eudaimon.serve.upstream.chunks import Chunk, read_chunk
from eudaimon.serve.upstream.refusals import refused
from eudaimon.serve.upstream.sse import EventParser

DONE = "[DONE]"
ENDS = frozenset({"stop", "length", "content_filter"})
WHAT = "upstream server"


@dataclass(frozen=True)
class Limits:
    """How much of an upstream server is borne.

    ``first_seconds`` until it begins to answer, ``silent_seconds`` between two pieces, ``total_seconds`` for
    an answer with all checks of it, ``longest_answer`` characters. ``running`` answers at a time, and
    ``waiting`` others for a place.
    """

    first_seconds: float = 60.0
    silent_seconds: float = 30.0
    total_seconds: float = 600.0
    longest_answer: int = 200_000
    running: int = 64
    waiting: int = 256

    def __post_init__(self) -> None:
        if min(self.first_seconds, self.silent_seconds, self.total_seconds) <= 0 or self.waiting < 0:
            raise UsageError("limits under which nothing is answered", right="positive times, waiting >= 0")
        if self.longest_answer < 1 or self.running < 1:
            raise UsageError("limits under which nothing is answered", right="at least one of each")


class Upstream:
    """An OpenAI-compatible server that is asked for ``model``; raises as `Outbound` does.

    What it is asked for is what is in `Asked` and nothing else: no field of a client's request gets there
    unread.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        api_key_env: str = "",
        limits: Limits | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.model, self.limits = model, limits or Limits()
        self._outbound = Outbound(
            url,
            what=WHAT,
            api_key_env=api_key_env,
            timeout_seconds=self.limits.first_seconds,
            transport=transport,
        )

    async def answer(self, asked: Asked) -> AsyncGenerator[Chunk, None]:
        """The chunks of the answer as they come; the last one with a finish is one of `ENDS`.

        Raises `NoAnswer` for anything else that may come, also when the stream breaks off.
        """
        path, body = request_body(asked, self.model)
        finish, parser = None, EventParser()
        async with self._opened(path, body, asked.id) as response, aclosing(self._pieces(response)) as pieces:
            async for piece in pieces:
                for event in parser.end() if piece is None else parser.feed(piece):
                    if not event.data.strip():
                        continue
                    if event.data.strip() == DONE:
                        if finish is None:
                            raise NoAnswer(
                                "the upstream server ended without saying why", down=False, fault="nonsense"
                            )
                        return
                    if event.name == "error":
                        raise NoAnswer(
                            "the upstream server failed in the middle of its answer", fault="broke_off"
                        )
                    chunk = read_chunk(event.data)
                    if chunk.finish is not None and chunk.finish not in ENDS:
                        raise NoAnswer(
                            "the upstream model ended with what is no text", down=False, fault="nonsense"
                        )
                    if finish is not None and chunk.text:
                        raise NoAnswer(
                            "the upstream server went on after its end", down=False, fault="nonsense"
                        )
                    finish = chunk.finish or finish
                    yield chunk
        # Some servers leave the last mark out: an answer that said why it ended is whole.
        if finish is None:
            raise NoAnswer("the upstream server broke off in the middle of its answer", fault="broke_off")

    async def works(self) -> bool:
        """Whether the model gives one token."""
        asked = Asked(as_conversation("Hi"), max_new_tokens=1, temperature=0.0)
        path, body = request_body(asked, self.model)
        plain = {key: value for key, value in body.items() if key not in ("stream", "stream_options")}
        try:
            await self._outbound.post(path, plain)
        except NoAnswer:
            return False
        return True

    def require_key(self) -> None:
        """Nothing; raises `UsageError` when the variable that should hold the key does not."""
        self._outbound.server.headers()

    async def close(self) -> None:
        """Close the connections."""
        await self._outbound.close()

    @asynccontextmanager
    async def _opened(self, path: str, body: dict[str, Any], id_: str) -> AsyncIterator[httpx.Response]:
        # Ours, never a client's: the logs of both servers can be read side by side.
        own = {"x-request-id": id_} if id_ else {}
        try:
            async with asyncio.timeout(self.limits.first_seconds):
                response = await self._outbound.sent(path, as_json(body), own)
        except TimeoutError as error:
            raise NoAnswer(
                f"the {WHAT} did not answer within {self.limits.first_seconds:g} s", fault="slow"
            ) from error
        except httpx.TimeoutException as error:
            raise NoAnswer(f"the {WHAT} took too long ({type(error).__name__})", fault="slow") from error
        except httpx.HTTPError as error:
            raise NoAnswer(
                f"the {WHAT} cannot be reached ({type(error).__name__})", fault="unreachable"
            ) from error
        try:
            if response.status_code != httpx.codes.OK:
                raise await self._refused(response)
            require_plain(response, WHAT)
            if not response.headers.get("content-type", "").lower().startswith("text/event-stream"):
                raise NoAnswer(
                    f"the {WHAT} answered with what is no stream of events", down=False, fault="nonsense"
                )
            yield response
        finally:
            await response.aclose()

    async def _refused(self, response: httpx.Response) -> NoAnswer:
        try:
            async with asyncio.timeout(self.limits.silent_seconds):
                return await refused(response, WHAT)
        except TimeoutError:
            return NoAnswer(
                f"the {WHAT} refused and did not say why in time", fault=Fault("slow", response.status_code)
            )

    async def _pieces(self, response: httpx.Response) -> AsyncGenerator[bytes | None, None]:
        """The bytes as they come, then None."""
        stream = response.aiter_bytes()
        async with aclosing(stream):  # type: ignore[type-var]  # httpx gives an async generator
            while True:
                try:
                    async with asyncio.timeout(self.limits.silent_seconds):
                        piece = await anext(stream, None)
                except TimeoutError as error:
                    raise NoAnswer(
                        f"the {WHAT} said nothing for {self.limits.silent_seconds:g} s", fault="slow"
                    ) from error
                except httpx.HTTPError as error:
                    raise NoAnswer(
                        f"the {WHAT} broke off in the middle of its answer", fault="broke_off"
                    ) from error
                yield piece
                if piece is None:
                    return


def request_body(asked: Asked, model: str) -> tuple[str, dict[str, Any]]:
    """The endpoint and the body of a request for a streamed answer."""
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": asked.max_new_tokens,
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "seed": asked.seed,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if asked.stop:
        body["stop"] = list(asked.stop)
    if asked.conversation is None:
        return "/completions", {**body, "prompt": asked.text}
    if asked.top is not None:
        body |= {"logprobs": True, "top_logprobs": asked.top}
    return "/chat/completions", {**body, "messages": [turn.model_dump() for turn in asked.conversation]}


def only_model(url: str, *, api_key_env: str = "", transport: httpx.BaseTransport | None = None) -> str:
    """The one model that a server has; raises `UsageError` when it has none or several, or does not tell."""
    server = ChatServer(url, "", api_key_env, what=WHAT)
    base = server.url.rstrip("/").removesuffix("/chat/completions")
    do = "--upstream-model NAME"
    try:
        with httpx.Client(timeout=10.0, transport=transport, headers=server.headers()) as client:
            response = client.get(f"{base}/models")
    except httpx.HTTPError as error:
        raise UsageError(
            f"the {WHAT} cannot be reached ({type(error).__name__})",
            right="a server that runs at the address of --upstream",
            do=f"start it first, or {do} to begin without it",
        ) from error
    if response.status_code in (401, 403):
        raise UsageError(
            f"the {WHAT} wants a key, or another one (HTTP {response.status_code})",
            right="the name of the environment variable that holds it",
            do="--upstream-key-env NAME",
        )
    try:
        names = [str(each["id"]) for each in response.raise_for_status().json()["data"]]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"the {WHAT} does not tell its models ({type(error).__name__})",
            right="a server that answers GET /models, or the name of a model",
            do=do,
        ) from error
    if len(names) != 1:
        raise UsageError(f"the {WHAT} has {len(names)} models: {', '.join(names[:10])}", right="one", do=do)
    return names[0]
