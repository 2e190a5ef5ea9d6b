"""Steps as JSON: what a worker builds a step from again."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from eudaimon.core.errors import UsageError
from eudaimon.study.encoding import REFERENCE, encode
from eudaimon.study.step import Step


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
