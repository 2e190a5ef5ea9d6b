"""Who takes part in a chat: the data of ``roles.yaml``."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from eudaimon.curate.voices.turn import Turn
from eudaimon.data.yaml_text import read_yaml


class Role(BaseModel):
    """What speaks in a role ("human", "AI" or unknown), and the names of the role, in lower case."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    subject: str
    called: tuple[str, ...]


class Template(BaseModel):
    """The mark before a turn, with ``{role}`` or of one fixed role, and the marks that may end it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    open: str
    role: str | None = None
    close: tuple[str, ...]


class ChatForms(BaseModel):
    """Roles by their canonical name, templates, and marks that nobody says."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    roles: dict[str, Role]
    templates: tuple[Template, ...]
    silent: tuple[str, ...]


@cache
def chat_forms() -> ChatForms:
    """The packaged roles and templates."""
    text = (files("eudaimon.curate.voices") / "roles.yaml").read_text(encoding="utf-8")
    return ChatForms.model_validate(read_yaml(text))


@cache
def role_names() -> dict[str, str]:
    """From every name of a role, in lower case, to the role."""
    return {name: role for role, entry in chat_forms().roles.items() for name in entry.called}


@lru_cache(maxsize=1024)
def role_of(label: str) -> str | None:
    """The role that a label names, in any case, or None."""
    return role_names().get(label.strip().lower())


def role_turn(start: int, end: int, role: str) -> Turn:
    """The turn of a role: its voice is the role, and its subject what speaks in it."""
    return Turn(start, end, role, "", chat_forms().roles[role].subject)
