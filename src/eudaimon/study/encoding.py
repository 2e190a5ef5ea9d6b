"""Steps as JSON: what a key is hashed from, and what a worker builds the step from again."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter

from eudaimon.core.errors import UsageError

if TYPE_CHECKING:
    from eudaimon.study.step import Step

ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)

REFERENCE = "$step"
"""The one key of the JSON object that stands for an input."""


def steps_in(value: Any, role: str) -> dict[str, Step]:
    """The steps inside a field's value by their role; raises `UsageError` on steps inside another model."""
    from eudaimon.study.step import Step

    if isinstance(value, Step):
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
    found: dict[str, Step] = {}
    for name, each in pairs:
        found |= steps_in(each, f"{role}.{name}")
    return found


def encode(value: Any, *, scientific: bool) -> Any:
    """The value as JSON, a step as a reference to its key, or with ``scientific`` to its digest.

    With ``scientific``, nested models leave out what their ``_exclude_from_cls_uid`` names, as exca does.
    """
    from eudaimon.study.step import Step

    if isinstance(value, Step):
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


def definition(step: Step) -> dict[str, Any]:
    """What a step is built from again: its class and all its fields, inputs as references."""
    kind = type(step)
    if kind.__module__ == "__main__" or "<locals>" in kind.__qualname__:
        raise UsageError(
            f"the step {kind.__name__} is defined in {kind.__module__}, where no worker can import it",
            right="a class at the top of a module",
        )
    fields = {name: encode(getattr(step, name), scientific=False) for name in kind.model_fields}
    return {"class": f"{kind.__module__}:{kind.__qualname__}", "fields": fields}


def build(
    key: str, definitions: Mapping[str, Mapping[str, Any]], built: dict[str, Step] | None = None
) -> Step:
    """The step of a key, with its inputs; imports the modules of their classes.

    ``built`` holds what is built already, and gets what is built now. Raises `UsageError` when the step has
    another key now: its fields do not survive JSON, or the code has changed.
    """
    built = {} if built is None else built
    if key not in built:
        module, _, name = definitions[key]["class"].partition(":")
        kind: Any = importlib.import_module(module)
        for part in name.split("."):
            kind = getattr(kind, part)
        step: Step = kind.model_validate(_decode(definitions[key]["fields"], definitions, built))
        if step.key != key:
            raise UsageError(
                f"the step {key} became {step.key} when it was built again",
                right="fields that JSON carries unchanged, and the same code on every worker",
            )
        built[key] = step
    return built[key]


def _decode(value: Any, definitions: Mapping[str, Mapping[str, Any]], built: dict[str, Step]) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {REFERENCE}:
            return build(value[REFERENCE], definitions, built)
        return {name: _decode(each, definitions, built) for name, each in value.items()}
    if isinstance(value, list):
        return [_decode(each, definitions, built) for each in value]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
