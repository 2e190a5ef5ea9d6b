"""Values that come in from outside: what is wrong with one is a `UsageError` like any other."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from eudaimon.core.errors import UsageError


class Checked(BaseModel):
    """A frozen pydantic model whose constructor raises `UsageError`, naming the field, on a bad value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            first = error.errors()[0]
            ours = first.get("ctx", {}).get("error")
            if isinstance(ours, UsageError):
                raise ours from error
            place = ".".join(str(part) for part in first["loc"] if part != "[key]")
            what = f"{place}: {first['msg']}" if place else first["msg"]
            right = f"some of: {', '.join(type(self).model_fields)}"
            raise UsageError(what, right=right) from error
