"""Faults planted on purpose: what the ledger must refuse, tried on the models of the study itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from eudaimon.core.errors import EudaimonError
from eudaimon.core.files import write_json
from eudaimon.models.adapters.adapter import AdapterStack
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.adapters import AdapterStep, NarrowLora
from eudaimon.study.steps.model import ModelStep

FAULTS = "faults.json"


class PlantedFaults(Step):
    """A stack of a persona and an attack with, in turn, one thing wrong that nobody would see.

    Each fault is one entry: what was done, whether the ledger accepted it, and what it said.
    """

    model: ModelStep
    persona: AdapterStep
    attack: NarrowLora

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Try every fault on a model of its own, and write what came of it."""
        stack = (self.persona.adapter(inputs["persona"]), self.attack.adapter(inputs["attack"]))
        tried = [
            _tried(name, self.model.checkpoint(inputs["model"]), stack, fault) for name, fault in _faults()
        ]
        write_json(out / FAULTS, tried)

    def cost(self) -> Cost:
        """A second a fault."""
        return Cost(seconds=5)


def _faults() -> Iterator[tuple[str, Callable[[Any, AdapterStack], None]]]:
    yield "inactive adapter", _switched_off
    yield "merged weights", _merged
    yield "changed order", _reordered


def _switched_off(model: Any, stack: AdapterStack) -> None:
    # What `model.set_adapter("em")` of PEFT does to a persona that was active.
    model.book.peft.base_model.set_adapter([stack[1].name])


def _merged(model: Any, stack: AdapterStack) -> None:
    for layer in model.book.layers:
        layer.module.merge(adapter_names=[stack[0].name])


def _reordered(model: Any, stack: AdapterStack) -> None:
    from eudaimon.models.adapters.records import require_same_stack

    require_same_stack(stack[::-1], model.stack)


def _tried(
    name: str, checkpoint: str, stack: AdapterStack, fault: Callable[[Any, AdapterStack], None]
) -> dict[str, Any]:
    from eudaimon.models.adapters.opening import open_subject
    from eudaimon.models.adapters.subject import Subject
    from eudaimon.models.generate import next_token_logits

    model = open_subject(Subject(checkpoint, stack))
    try:
        fault(model, stack)
        next_token_logits(model, ["Visitor:"], template=False)
        model.book.prove()
    except EudaimonError as error:
        return {"fault": name, "accepted": False, "finding": f"{type(error).__name__}: {error.what}"}
    return {"fault": name, "accepted": True, "finding": "nothing was noticed"}
