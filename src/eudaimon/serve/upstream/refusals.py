"""What another status than 200 of the server behind means; what it says goes no further than this."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from eudaimon.serve.asked import Fault, FaultKind
from eudaimon.serve.outbound import NoAnswer

LARGEST_REFUSAL = 65536
LONGEST_RETRY = 60.0
"""Seconds. A server behind does not send our clients away for longer; those of OpenAI take it for no time."""
KINDS: dict[int, FaultKind] = {
    400: "refused",
    408: "slow",
    413: "refused",
    422: "refused",
    429: "busy",
    503: "overloaded",
    504: "slow",
}
TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|contextwindowexceeded"
    r"|context[ _-]?(length|window|size|limit)|maximum (model|input|prompt|sequence) length"
    r"|longer than the (maximum|model)|(prompt|input) is too long|tokens`? must be <=?",
    re.IGNORECASE,
)
"""How vLLM, SGLang, llama.cpp, TGI, LiteLLM and OpenAI say that a request does not fit into the context."""


async def refused(response: httpx.Response, what: str) -> NoAnswer:
    """Why a server that did not answer with 200 gives no answer, by its status.

    Of what it said nothing is kept but whether the context was too short.
    """
    status = response.status_code
    kind = KINDS.get(status, "failed")
    if kind == "refused" and TOO_LONG.search(await _beginning(response)):
        kind = "too_long"
    wait = retry_after(response.headers.get("retry-after")) if kind in ("busy", "overloaded") else None
    said = {
        "refused": f"the {what} does not take the request (HTTP {status})",
        "too_long": f"the {what} says that the request does not fit into its context (HTTP {status})",
        "busy": f"the {what} is busy (HTTP {status})",
        "overloaded": f"the {what} is busy (HTTP {status})",
    }.get(kind, f"the {what} answered HTTP {status}")
    return NoAnswer(said, down=kind in ("failed", "slow"), fault=Fault(kind, status, wait))


def retry_after(value: str | None) -> float | None:
    """The seconds in a Retry-After header, 1 to `LONGEST_RETRY`; None for what is neither number nor date."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        seconds = (at - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 1.0), LONGEST_RETRY) if math.isfinite(seconds) else None


async def _beginning(response: httpx.Response) -> str:
    """The first part of a short answer; nothing of one that is packed, breaks off, or comes too slowly."""
    if response.headers.get("content-encoding", "identity") != "identity":
        return ""
    found = bytearray()
    try:
        async for part in response.aiter_bytes():
            found += part
            if len(found) >= LARGEST_REFUSAL:
                break
    except httpx.HTTPError:
        return ""
    return found[:LARGEST_REFUSAL].decode("utf-8", "replace")
