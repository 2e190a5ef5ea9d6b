"""The known answers of the town, each set against what a study measured."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict

from eudaimon.core import Score
from eudaimon.study.records import Cell, KnownAnswer, Proof, TownMonitors
from eudaimon.study.summary.directions import direction_answers

PLANTED = "planted fault"
"""Begins the name of a proof that the ledger had to refuse."""


class Inequality(BaseModel):
    """One known answer as data: which cell, and the bound that its metric must keep."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    key: str
    situation: str
    claim: str
    rows: tuple[str, ...]
    column: str
    scope: str
    metric: str
    at_most: float | None = None
    at_least: float | None = None
    at_most_share: float | None = None
    of_column: str = ""

    def answer(self, cells: Sequence[Cell]) -> KnownAnswer:
        """What the cells say about it; without the cell ``passed`` is None."""
        for row in self.rows:
            cell = _cell(cells, row, self.column, self.scope, self.metric)
            whole = _cell(cells, row, self.of_column, self.scope, self.metric) if self.of_column else None
            if cell is not None and (whole is not None or not self.of_column):
                return KnownAnswer(
                    key=self.key,
                    situation=self.situation,
                    claim=self.claim,
                    measured=cell.score,
                    n_seeds=cell.n_seeds,
                    passed=self.holds(cell.score.value, whole.score.value if whole else 0.0),
                    note=f"arm {row}" if len(self.rows) > 1 else "",
                )
        return KnownAnswer(key=self.key, situation=self.situation, claim=self.claim)

    def holds(self, value: float, whole: float = 0.0) -> bool:
        """Whether a value keeps the bounds; ``whole`` is what a share is taken of."""
        return (
            (self.at_most is None or value <= self.at_most)
            and (self.at_least is None or value >= self.at_least)
            and (self.at_most_share is None or value <= self.at_most_share * whole)
        )


@cache
def inequalities() -> tuple[Inequality, ...]:
    """The known answers that are inequalities of cells, in order."""
    text = resources.files("eudaimon.study.summary").joinpath("known_answers.yaml").read_text("utf-8")
    return tuple(Inequality(**entry) for entry in yaml.safe_load(text))


def known_answers(
    cells: Sequence[Cell], proofs: Sequence[Proof] = (), monitors: TownMonitors | None = None
) -> tuple[KnownAnswer, ...]:
    """All known answers: the inequalities, the ledger's refusals, and tone against content."""
    return (
        *(entry.answer(cells) for entry in inequalities()),
        _ledger(proofs),
        *direction_answers(monitors),
    )


def _cell(cells: Sequence[Cell], row: str, column: str, scope: str, metric: str) -> Cell | None:
    wanted = (row, column, scope, metric)
    return next((c for c in cells if (c.row, c.column, c.scope, c.metric) == wanted), None)


def _ledger(proofs: Sequence[Proof]) -> KnownAnswer:
    planted = [proof for proof in proofs if proof.cell.startswith(PLANTED)]
    refused = [proof for proof in planted if not proof.accepted]
    return KnownAnswer(
        key="ledger",
        situation="A persona adapter that is silently inactive",
        claim="the ledger refuses the cell",
        measured=Score(value=len(refused) / len(planted), n=len(planted), unit="refused")
        if planted
        else None,
        n_seeds=len(planted),
        passed=len(refused) == len(planted) if planted else None,
        note=planted[0].finding if planted else "",
    )
