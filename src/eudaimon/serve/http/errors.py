"""Errors in OpenAI's shape: what a client is told, never what it sent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse

from eudaimon.core import EudaimonError, TextTooLong
from eudaimon.serve.asked import Busy, Fault, FaultKind

BEHIND: dict[FaultKind, tuple[int, str, str]] = {
    "unreachable": (502, "upstream_unreachable", "the server behind cannot be reached"),
    "failed": (502, "upstream_failed", "the server behind failed"),
    "broke_off": (502, "upstream_broke_off", "the server behind broke off in the middle of its answer"),
    "nonsense": (502, "upstream_nonsense", "the server behind answered with what cannot be read or checked"),
    "slow": (504, "upstream_slow", "the server behind took too long"),
    "busy": (429, "upstream_busy", "the server behind has too many requests"),
    "overloaded": (503, "upstream_overloaded", "the server behind cannot take requests now"),
    "refused": (400, "upstream_refused", "the server behind does not take this request"),
    "too_long": (
        400,
        "context_length_exceeded",
        "the request does not fit into the model's context; ask for fewer tokens, or with a shorter text",
    ),
}
"""The status, the code and the words for what a server behind did instead of answering."""
KINDS = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}


class Refused(Exception):
    """A request that is not answered, with the HTTP status that says why."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        """``{"error": {message, type, param, code}}``."""
        kind = KINDS.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        return {"error": {"message": str(self), "type": kind, "param": self.param, "code": self.code}}

    def response(self) -> JSONResponse:
        """The refusal as an HTTP response."""
        return JSONResponse(self.body, self.status, headers=self.headers)


def busy(error: Busy) -> Refused:
    """429, with the seconds after which a place is likely to be free."""
    seconds = max(1, math.ceil(error.retry_after_seconds))
    return Refused(
        429,
        f"too many requests wait; ask again in {seconds} s",
        code="queue_full",
        headers={"Retry-After": str(seconds)},
    )


def behind(fault: Fault) -> Refused:
    """What a client is told of a server behind that gave no answer: nothing that it said, or where it is."""
    status, code, words = BEHIND[fault.kind]
    wait = fault.retry_after_seconds
    headers = {} if wait is None else {"Retry-After": str(math.ceil(wait))}
    return Refused(status, words, code=code, headers=headers)


def mistaken(error: EudaimonError) -> Refused:
    """400 for what the answerer says cannot be asked."""
    code = "context_length_exceeded" if isinstance(error, TextTooLong) else "cannot_be_asked"
    return Refused(400, str(error), code=code)


def stopping() -> Refused:
    """503: the server is about to end."""
    return Refused(503, "the server is stopping", code="stopping", headers={"Retry-After": "1"})


def hung() -> Refused:
    """503: a step of the model did not come back, and the process ends for another one to start."""
    return Refused(503, "the model does not come back", code="stuck", headers={"Retry-After": "10"})


def unrecorded() -> Refused:
    """503: a verdict could not be written to the audit log, which the operator requires."""
    return Refused(503, "the audit log cannot be written, and nothing is answered without it", code="audit")


def broken() -> Refused:
    """500: something of ours failed, and nothing unchecked was sent."""
    return Refused(500, "the request failed on our side", code="internal_error")
