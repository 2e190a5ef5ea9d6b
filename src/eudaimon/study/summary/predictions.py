"""Predictions as data: what a study says before it runs, read from YAML."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from importlib import resources
from typing import Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field

from eudaimon.measure.verdict import Direction


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Predicted(_Frozen):
    """``row`` has more (or less) of ``metric`` than ``reference``, in one column and scope.

    ``bound`` is the smallest difference that would matter, in the metric's unit; stated before the data.
    """

    name: str
    says: str = ""
    row: str
    reference: str
    column: str
    scope: str
    metric: str
    direction: Direction
    bound: float = Field(gt=0)


class PredictedTransition(_Frozen):
    """The transition of one of ``rows`` comes at another ``unit`` (steps or loss) than the reference's."""

    name: str
    says: str = ""
    rows: tuple[str, ...]
    reference: str
    column: str
    unit: Literal["steps", "loss"]
    direction: Direction = "different"
    bound: float = Field(gt=0)


class PredictedTransfer(_Frozen):
    """The EM direction of one of ``rows`` does something else to others' models than the reference's does.

    ``kind``: added to models without their harmful lesson, or ablated from those with it.
    """

    name: str
    says: str = ""
    rows: tuple[str, ...]
    reference: str
    kind: Literal["add", "ablate"]
    metric: str
    bound: float = Field(gt=0)


class Predictions(_Frozen):
    """All predictions of a study; differences of cells are one family of tests."""

    differences: tuple[Predicted, ...] = ()
    transitions: tuple[PredictedTransition, ...] = ()
    transfers: tuple[PredictedTransfer, ...] = ()

    def among(self, rows: Collection[str]) -> Predictions:
        """Those of which row and reference are among the study's rows."""
        return Predictions(
            differences=tuple(one for one in self.differences if {one.row, one.reference} <= set(rows)),
            transitions=_kept(self.transitions, rows),
            transfers=_kept(self.transfers, rows),
        )


NOTHING = Predictions()
Kind = TypeVar("Kind", PredictedTransition, PredictedTransfer)


def _kept(predictions: Sequence[Kind], rows: Collection[str]) -> tuple[Kind, ...]:
    return tuple(
        one.model_copy(update={"rows": kept})
        for one in predictions
        if one.reference in rows and (kept := tuple(row for row in one.rows if row in rows))
    )


def read_predictions(package: str, file: str, kind: str) -> Predictions:
    """The predictions of a packaged YAML file under the key ``kind``."""
    found = yaml.safe_load(resources.files(package).joinpath(file).read_text("utf-8"))
    return Predictions.model_validate(found[kind])
