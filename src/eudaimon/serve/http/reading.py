"""A request's body as a value; what is wrong with it is told without repeating any of it."""

from __future__ import annotations

from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from eudaimon.serve.http.errors import Refused
from eudaimon.serve.http.unserved import Unserved

Read = TypeVar("Read", bound=BaseModel)

ECHOING = frozenset({"union_tag_invalid", "value_error", "assertion_error"})
"""Kinds of errors whose message may repeat what was sent."""


async def read(request: Request, body: type[Read]) -> Read:
    """The body of a request; raises `Refused` for another media type, no JSON, or another shape."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # Also what keeps a page of another origin from sending to a server on loopback without asking first.
    if kind != "application/json":
        raise Refused(415, "the body must be JSON: Content-Type: application/json", code="not_json")
    try:
        return body.model_validate_json(await request.body())
    except ValidationError as error:
        raise _refused(error) from None
    except RecursionError:
        raise Refused(400, "the body is nested too deeply", code="invalid_json") from None


def _refused(error: ValidationError) -> Refused:
    # Of the branches of a union the one that went deepest: it is what was meant.
    found = error.errors(include_url=False, include_input=False)
    first = max(found, key=lambda each: len(each["loc"]))
    kind, context = first["type"], first.get("ctx", {})
    where = [part if isinstance(part, str) else f"[{part}]" for part in first["loc"]]
    # Names that pydantic gives to the branches of a union say nothing to a client.
    param = ".".join(part for part in where if part.isidentifier() or part[0] == "[").replace(".[", "[")
    if kind == "json_invalid":
        return Refused(
            400, f"the body is no JSON: {context.get('error', 'it cannot be read')}", code="invalid_json"
        )
    if isinstance(unserved := context.get("error"), Unserved):
        param = f"{param}.{unserved.field}" if param else unserved.field
        return Refused(400, str(unserved), code="unsupported_value", param=param)
    what = "another value is needed" if kind in ECHOING else first["msg"]
    return Refused(400, f"{param or 'the body'}: {what}", code="invalid_value", param=param or None)
