"""Roles and traits that a model can be asked to take on, as system prompts."""

from __future__ import annotations

import json
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

from eudaimon.core.errors import UsageError
from eudaimon.data.library import read_packaged


class RolePrompts(BaseModel):
    """One role or trait: what it is, system prompts that call for it, and for a trait for its opposite."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    kind: Literal["role", "trait"]
    text: str
    instructions: tuple[str, ...]
    opposites: tuple[str, ...] = ()


@cache
def role_prompts(kind: Literal["role", "trait"] | None = None) -> tuple[RolePrompts, ...]:
    """The packaged roles and traits (MIT), by kind and name.

    Raises `UsageError` for a kind that is neither.
    """
    if kind not in ("role", "trait", None):
        raise UsageError(f"there is no kind {kind!r}", right="role or trait")
    lines = read_packaged("assistant_axis_roles").decode("utf-8").splitlines()
    found = (RolePrompts.model_validate(json.loads(line)) for line in lines)
    return tuple(one for one in found if kind in (one.kind, None))
