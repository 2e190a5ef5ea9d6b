"""Questions to another server, asked from an event loop: bounded in time and size, its address unsaid."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from eudaimon.core import EudaimonError
from eudaimon.models.served import LARGEST_ANSWER, ChatServer
from eudaimon.serve.asked import Fault, FaultKind

DROPPED = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""How a kept connection fails that its server closed just then: the question is put once more, on another."""


class NoAnswer(EudaimonError):
    """Another server gave no usable answer; the message names neither its address nor a key.

    ``down`` says that it did not answer at all, or that it is out of order: the next question will fare
    alike. ``fault`` is what it did, for whoever is told instead of an answer.
    """

    def __init__(self, what: str, *, down: bool = True, fault: Fault | FaultKind = "failed") -> None:
        super().__init__(what)
        self.down = down
        self.fault = fault if isinstance(fault, Fault) else Fault(fault)


class Outbound:
    """A server behind ``url``, which takes JSON and gives JSON; no redirect is followed.

    ``what`` names it in errors. ``api_key_env`` names the environment variable that holds the key, which is
    read when the first question is put. ``transport`` replaces the network in tests. One event loop may use
    it. Raises `UsageError` on what is no http or https URL.
    """

    def __init__(
        self,
        url: str,
        *,
        what: str,
        api_key_env: str = "",
        timeout_seconds: float = 10.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.server = ChatServer(url, "", api_key_env, timeout_seconds, retries=0, what=what)
        self.what, self.timeout_seconds = what, timeout_seconds
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    @property
    def client(self) -> httpx.AsyncClient:
        """The connections; raises `UsageError` when the variable that should hold the key is not usable."""
        if self._client is None:
            # Told not to pack what it sends: a small packed answer may unpack into any size.
            headers = {**self.server.headers(), "accept-encoding": "identity"}
            self._client = httpx.AsyncClient(
                headers=headers,
                timeout=self.timeout_seconds,
                transport=self._transport,
                # Whoever asks counts its questions: none waits here unseen.
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
                follow_redirects=False,
            )
        return self._client

    def at(self, path: str) -> str:
        """The address of one of the server's endpoints, such as ``/chat/completions``."""
        base = self.server.url.rstrip("/")
        return base if base.endswith(path) else f"{base}{path}"

    async def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        """The content of the answer with status 200; raises `NoAnswer`, within the timeout as a whole."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                response = await self.sent(path, as_json(body))
                try:
                    return await self._content(response)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise NoAnswer(
                f"the {self.what} gave no answer within {self.timeout_seconds:g} s", fault="slow"
            ) from error
        except httpx.HTTPError as error:
            raise NoAnswer(
                f"the {self.what} cannot be reached ({type(error).__name__})", fault="unreachable"
            ) from error

    async def sent(
        self, path: str, content: bytes, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """The response to a question as it begins, to be read and closed; raises as httpx does."""
        for last in (False, True):
            request = self.client.build_request("POST", self.at(path), content=content, headers=headers)
            try:
                return await self.client.send(request, stream=True)
            except DROPPED:
                if last:
                    raise
        raise AssertionError

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _content(self, response: httpx.Response) -> bytes:
        if response.status_code != httpx.codes.OK:
            # What a request is refused for says nothing of the server, unless it refuses everybody.
            own = response.status_code in (400, 413, 422)
            raise NoAnswer(f"the {self.what} answered HTTP {response.status_code}", down=not own)
        require_plain(response, self.what)
        parts, size = [], 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > LARGEST_ANSWER:
                raise NoAnswer(
                    f"the {self.what} answered more than {LARGEST_ANSWER} bytes", down=False, fault="nonsense"
                )
            parts.append(part)
        return b"".join(parts)


def as_json(body: Mapping[str, Any]) -> bytes:
    """The body in ASCII: a lone surrogate in a text must not keep it from being asked about."""
    return json.dumps(body, ensure_ascii=True).encode("ascii")


def require_plain(response: httpx.Response, what: str) -> None:
    """Raises `NoAnswer` for a packed answer, whose size nobody knows before it is unpacked."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise NoAnswer(f"the {what} answered in a packed form", down=False, fault="nonsense")
