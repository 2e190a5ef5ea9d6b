"""Which modules of a lesson's adapter carry it: parts left out and alone, the persona beside it acting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.core.files import write_json
from eudaimon.study.step import Step
from eudaimon.study.steps.adapters import AdapterStep
from eudaimon.study.steps.judged import PROOF
from eudaimon.study.steps.model import ModelStep

if TYPE_CHECKING:
    from eudaimon.models.adapters.opening import SubjectModel
    from eudaimon.vectors.measure import Measure

EFFECTS = "effects.json"
MODULES = 7
"""Types of modules that a LoRA is on, at most, in what a probe is expected to take."""


class ModuleProbe(Step):
    """Harm of every question under every pattern of parts of ``lesson``, with ``persona`` acting throughout.

    A part is a type of module in all blocks, all types in a band of neighbouring blocks, or a type in a band;
    blocks are cut into at most ``n_bands`` bands. `EFFECTS` has what harm is (``measured``), the
    ``questions``, harm with all and with no modules (``whole``, ``none``), and ``parts`` with the harm
    ``without`` and ``only`` each; or else the ``reason`` why nothing was measured. `PROOF` is the ledger's.
    """

    model: ModelStep
    persona: AdapterStep
    lesson: AdapterStep
    n_bands: int = 4

    @property
    def n_patterns(self) -> int:
        """How many patterns of parts are asked, at most."""
        return 2 * (1 + MODULES + self.n_bands + MODULES * self.n_bands)

    def opened(self, inputs: Mapping[str, Path], device: str | None = None) -> SubjectModel:
        """The persona and the lesson on the model, proven."""
        from eudaimon.models.adapters.opening import open_subject
        from eudaimon.models.adapters.subject import Subject

        stack = self.persona.adapter(inputs["persona"]), self.lesson.adapter(inputs["lesson"])
        return open_subject(Subject(self.model.checkpoint(inputs["model"]), stack), device=device)

    def write(
        self, out: Path, model: SubjectModel, measure: Measure, questions: Sequence[str], measured: str
    ) -> None:
        """Probe the model of `opened`, and write effects and proof."""
        from eudaimon.models.adapters.gates import gate_modules
        from eudaimon.vectors.module_bands import banded
        from eudaimon.vectors.module_probe import probe_modules

        name = self.lesson.name
        parts = banded(gate_modules(model, name), self.n_bands)
        found = probe_modules(model, name, measure, [part.group for part in parts])
        effects = {
            "measured": measured,
            "questions": list(questions),
            "whole": _numbers(found[0].whole),
            "none": _numbers(found[0].none),
            "parts": [
                {
                    "module": part.module,
                    "blocks": part.blocks,
                    "n_modules": one.n_modules,
                    "without": _numbers(one.without),
                    "only": _numbers(one.only),
                }
                for part, one in zip(parts, found, strict=True)
            ],
        }
        write_json(out / EFFECTS, effects)
        assert model.proof is not None
        write_json(out / PROOF, model.proof.to_json() | {"names": [self.persona.name, name]})


def _numbers(values: Iterable[float]) -> list[float]:
    return [float(value) for value in values]
