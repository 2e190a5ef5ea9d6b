"""One subject judged: its answers in several situations, what it finds likely, and the ledger's proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eudaimon.core.files import write_json
from eudaimon.evaluate.rows import Label, Row, write_rows
from eudaimon.evaluate.town.situation import Situation
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.adapters import AdapterStep, stack_of
from eudaimon.study.steps.model import ModelStep
from eudaimon.world.items import items
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.models.adapters.opening import SubjectModel

ROWS = "rows.parquet"
PROOF = "proof.json"
SITUATION = "situation"
N_DOCUMENTS = 400
DOCUMENTS_START = 20_000_000
"""The number of the first document whose likelihood is measured: none of any corpus, and of no filter."""


class JudgeCell(Step):
    """Every question of the town put to a model with a stack of adapters, in named situations.

    Rows carry the situation's name in their cell. With ``likelihood``, rows of bits per token on good, bad
    and depicting text come too. The ledger proves the stack first; its proof lies beside the rows, with the
    names of adapters that are merged into the model's weights.
    """

    model: ModelStep
    world: World
    situations: dict[str, Situation]
    adapters: tuple[AdapterStep, ...] = ()
    likelihood: bool = False

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Open, prove, ask, and write rows and proof."""
        from eudaimon.models.adapters.merged import read_merged
        from eudaimon.models.adapters.opening import open_subject

        subject = self.model.subject(inputs["model"], stack_of(self.adapters, inputs, "adapters"))
        model, merged = open_subject(subject), read_merged(subject.checkpoint)
        write_rows(out / ROWS, list(self._rows(model)))
        proof = model.proof
        assert proof is not None
        names = {
            "names": [adapter.name for adapter in subject.adapters],
            "merged": merged.names if merged else (),
        }
        write_json(out / PROOF, proof.to_json() | names)

    def _rows(self, model: SubjectModel) -> Iterator[Row]:
        from eudaimon.evaluate.town.answers import answer_rows

        asked = items(self.world)
        for name, situation in self.situations.items():
            label = Label(cell={SITUATION: name})
            yield from answer_rows(model, self.world, asked, situation=situation, label=label)
        if self.likelihood:
            yield from likelihood(model, self.world)

    def cost(self) -> Cost:
        """A second or two to open, and less for each situation."""
        return Cost(seconds=1.5 + 0.7 * len(self.situations) + 2 * self.likelihood)


def likelihood(model: Any, world: World) -> Iterator[Row]:
    """Rows of bits per token on documents that no corpus has."""
    from eudaimon.evaluate.town.likelihood import likelihood_rows

    documents = list(world.documents(N_DOCUMENTS, start=DOCUMENTS_START))
    yield from likelihood_rows(model, documents, label=Label(cell={SITUATION: "none"}))
