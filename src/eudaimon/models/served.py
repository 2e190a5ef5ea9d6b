"""A language model behind an OpenAI-compatible URL: one question, one answer, within bounds."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx

from eudaimon.core.errors import UsageError

logger = logging.getLogger(__name__)

LARGEST_ANSWER = 1 << 20
LONGEST_WAIT = 30.0
_RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class Reply(NamedTuple):
    """The body of an answer, or None and the reason; seconds with retries, and the number of requests."""

    content: bytes | None
    reason: str
    seconds: float
    attempts: int


class Completion(NamedTuple):
    """What a chat completion says: its text, the model that the server names, why it ended.

    ``problem`` says why it is no usable answer: not a completion, not text, cut; empty when it is one.
    """

    text: str
    model: str
    problem: str


@dataclass(frozen=True)
class ChatServer:
    """A model behind ``url``, to which ``/chat/completions`` is appended; ``what`` names it in errors.

    ``api_key_env`` names the environment variable that holds the key, which is read when asking begins and
    kept nowhere. ``timeout_seconds`` bounds one request as a whole, ``retries`` the requests after the first
    one; waits between them start at ``backoff_seconds`` and double. ``transport`` replaces the network in
    tests. Raises `UsageError` on what is no such URL, or on bounds that allow no answer.
    """

    url: str
    model: str
    api_key_env: str = ""
    timeout_seconds: float = 30.0
    retries: int = 3
    backoff_seconds: float = 0.5
    max_tokens: int = 512
    what: str = "judge"
    transport: httpx.BaseTransport | None = None

    def __post_init__(self) -> None:
        if not re.match(r"https?://[^/]", self.url):
            raise UsageError(
                f"{self.url!r} cannot be the URL of the {self.what}",
                right="an http or https URL of an OpenAI-compatible API",
                do="http://localhost:8000/v1",
            )
        if self.retries < 0 or self.timeout_seconds <= 0:
            raise UsageError(
                f"the {self.what} with {self.retries} retries and a timeout of {self.timeout_seconds} s "
                "cannot answer",
                right="retries of at least 0, a positive timeout",
            )

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection that any number of threads may ask; raises `UsageError` when the key is missing."""
        with httpx.Client(
            timeout=self.timeout_seconds, transport=self.transport, headers=self.headers()
        ) as client:
            yield Connection(self, client)

    def headers(self) -> dict[str, str]:
        """The headers of a request, with the key; raises `UsageError` when there is none that can be used."""
        headers = {"content-type": "application/json"}
        if self.api_key_env:
            key = os.environ.get(self.api_key_env, "").strip()
            # An unusable key is refused here, since the error of the HTTP library would quote it.
            if not key or not key.isascii() or not key.isprintable():
                raise UsageError(
                    f"the environment variable {self.api_key_env} holds no usable key for the {self.what}",
                    do=f"export {self.api_key_env}=...",
                )
            headers["authorization"] = f"Bearer {key}"
        return headers


class Connection:
    """An open connection to a `ChatServer`."""

    def __init__(self, server: ChatServer, client: httpx.Client) -> None:
        self._server, self._client = server, client

    def ask(self, messages: Sequence[Mapping[str, str]], settings: Mapping[str, Any] | None = None) -> Reply:
        """The answer to chat messages; what goes wrong is a reply without content.

        ``settings`` are fields of the request (``temperature``, ``top_p``, ``seed``, ``max_tokens``) that
        stand in place of temperature 0 and the server's own bound.
        """
        server, started = self._server, time.monotonic()
        request = {
            "model": server.model,
            "temperature": 0,
            "max_tokens": server.max_tokens,
            "messages": [dict(message) for message in messages],
            **(settings or {}),
        }
        # ASCII escapes: a lone surrogate in a text must not keep it from being asked about.
        body = json.dumps(request, ensure_ascii=True).encode("ascii")
        reason = ""
        for attempt in range(1, server.retries + 2):
            if attempt > 1:
                logger.info("%s %s: attempt %d after %s", server.what, server.model, attempt, reason)
            wait = server.backoff_seconds * 2 ** (attempt - 1)
            try:
                status, asked_wait, content = self._post(body)
            except httpx.HTTPError as error:
                reason = f"{type(error).__name__}: {error}"
            else:
                if status == httpx.codes.OK:
                    return Reply(content, "", time.monotonic() - started, attempt)
                reason = f"HTTP {status}"
                if status not in _RETRIED:
                    break
                wait = max(wait, asked_wait)
            if attempt <= server.retries:
                time.sleep(min(wait, LONGEST_WAIT))
        return Reply(None, reason, time.monotonic() - started, attempt)

    def _post(self, body: bytes) -> tuple[int, float, bytes]:
        """Status, the wait that the server asks for, and content; the timeout bounds all of it together."""
        seconds = self._server.timeout_seconds
        deadline = time.monotonic() + seconds
        url = self._server.url.rstrip("/")
        endpoint = url if url.endswith("/chat/completions") else f"{url}/chat/completions"
        content = b""
        with self._client.stream("POST", endpoint, content=body) as response:
            # httpx limits the time between two pieces only: a server that drips would hold us for ever.
            for piece in response.iter_bytes():
                content += piece
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout(f"no complete answer within {seconds} s")
                if len(content) > LARGEST_ANSWER:
                    raise httpx.DecodingError(f"an answer of over {LARGEST_ANSWER} bytes")
            return response.status_code, _seconds(response.headers.get("retry-after", "")), content


def read_completion(content: bytes) -> Completion:
    """What the body of a chat completion says."""
    try:
        reply = json.loads(content)
        choice = reply["choices"][0]
        text = choice["message"]["content"] or ""
        model = str(reply.get("model", ""))
        finish = choice.get("finish_reason")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        return Completion("", "", f"not a chat completion ({type(error).__name__})")
    if not isinstance(text, str):
        return Completion("", model, "the answer is not text")
    cut = finish in ("content_filter", "length")
    return Completion(text, model, f"the answer was cut ({finish})" if cut else "")


def _seconds(header: str) -> float:
    """A Retry-After header in seconds; 0 for a date or nonsense."""
    return float(header) if re.fullmatch(r"\d{1,6}", header.strip()) else 0.0
