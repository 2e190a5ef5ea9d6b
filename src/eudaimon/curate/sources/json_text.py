"""Any record as one line of JSON."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from typing import Any


def json_line(record: Mapping[str, Any]) -> bytes:
    """A record as UTF-8 JSON with a line feed: NaN and infinity are null, lone surrogates escaped.

    Times are in ISO 8601, bytes in base64, decimal numbers and what else JSON does not know in their text.
    """
    import orjson

    try:
        return orjson.dumps(record, default=_plain, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return json.dumps(_known(record), separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return dict(value)
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


def _known(value: Any) -> Any:
    """The same with nothing in it but what JSON has: what orjson refuses, Python's own parser writes."""
    import orjson

    if isinstance(value, Mapping):
        return {str(name): _known(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_known(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str | int | None):
        return value
    return json.loads(orjson.dumps(value, default=_plain))
