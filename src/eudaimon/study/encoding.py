"""Fields as JSON: what a step's key is hashed from, and what a worker builds the step from again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter

from eudaimon.core.errors import UsageError

ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)

REFERENCE = "$step"
"""The one key of the JSON object that stands for an input."""


class Keyed:
    """What stands in another's field as a reference and not as its own fields: a `Step`."""

    @property
    def key(self) -> str:
        """Its name on disk."""
        raise NotImplementedError

    @property
    def digest(self) -> str:
        """What enters the identity of those whose field it is in."""
        raise NotImplementedError


def steps_in(value: Any, role: str) -> dict[str, Any]:
    """The steps inside a field's value by their role; raises `UsageError` on steps inside another model."""
    if isinstance(value, Keyed):
        return {role: value}
    if isinstance(value, BaseModel):
        inner = (steps_in(getattr(value, name), f"{role}.{name}") for name in type(value).model_fields)
        if hidden := [name for found in inner for name in found]:
            raise UsageError(
                f"a step is inside the model {type(value).__name__} ({', '.join(hidden)})",
                right="inputs in the step's own fields, or in tuples and dicts there",
            )
        return {}
    if isinstance(value, Mapping):
        pairs = [(str(name), each) for name, each in value.items()]
    elif isinstance(value, list | tuple):
        pairs = [(str(number), each) for number, each in enumerate(value)]
    else:
        return {}
    found: dict[str, Any] = {}
    for name, each in pairs:
        found |= steps_in(each, f"{role}.{name}")
    return found


def encode(value: Any, *, scientific: bool) -> Any:
    """The value as JSON, a step as a reference to its key, or with ``scientific`` to its digest.

    With ``scientific``, nested models leave out what their ``_exclude_from_cls_uid`` names, as exca does.
    """
    if isinstance(value, Keyed):
        return {REFERENCE: value.digest if scientific else value.key}
    if isinstance(value, BaseModel):
        if not scientific:
            return value.model_dump(mode="json")
        from exca.confdict import ConfDict

        return _plain(ConfDict.from_model(value, uid=True))
    if isinstance(value, Mapping):
        return {str(name): encode(each, scientific=scientific) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [encode(each, scientific=scientific) for each in value]
    if isinstance(value, set | frozenset):
        return sorted((encode(each, scientific=scientific) for each in value), key=repr)
    return ANYTHING.dump_python(value, mode="json")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
