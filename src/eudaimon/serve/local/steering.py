"""Steering of some rows of a batch and not of others, once their monitor has fired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from eudaimon.core import UsageError
from eudaimon.models.hooks import attach
from eudaimon.models.model import Model
from eudaimon.vectors.bound import check_binding
from eudaimon.vectors.direction import Direction

if TYPE_CHECKING:
    from torch import Tensor

How = Literal["cap", "ablate"]


@dataclass(frozen=True, eq=False)
class Steer:
    """What is done to an answer once the monitor has fired: along ``direction``, from its next token on.

    ``cap`` keeps the projection at ``most`` (None: where the direction's two classes part) or below, in
    residual-stream units; ``ablate`` makes it zero. A direction points from the wanted class to the other. An
    answer that is flagged again under steering is ended.
    """

    direction: Direction
    how: How = "cap"
    most: float | None = None

    def __post_init__(self) -> None:
        if self.how not in ("cap", "ablate"):
            raise UsageError(f"steering cannot {self.how}", right="cap or ablate")

    @property
    def bound(self) -> float:
        """The largest projection under ``cap``."""
        return self.direction.bias if self.most is None else self.most


class Steered:
    """The steering that is attached to a model: of the rows that `acting` names, at their last position."""

    def __init__(self, steer: Steer, model: Model) -> None:
        import torch

        self.steer = steer
        self._unit = torch.from_numpy(steer.direction.vector.copy()).to(model.device)
        self._rows: Tensor | None = None

    @contextmanager
    def acting(self, rows: Sequence[bool]) -> Iterator[None]:
        """Within the block the named rows of every forward are steered, the others are as they are."""
        import torch

        self._rows = torch.tensor(list(rows)) if any(rows) else None
        try:
            yield
        finally:
            self._rows = None

    def act(self, hidden: Tensor) -> Tensor | None:
        """The changed state ``[rows, t, d]``; None where nothing is changed."""
        import torch

        if self._rows is None:
            return None
        unit, rows = self._unit.to(hidden.device), self._rows.to(hidden.device)
        last = hidden[:, -1].float()
        along = last @ unit
        goal = torch.zeros_like(along) if self.steer.how == "ablate" else along.clamp(max=self.steer.bound)
        step = torch.where(rows, goal - along, 0.0)
        changed = hidden.clone()
        changed[:, -1] = torch.where(rows[:, None], last + step[:, None] * unit, last).to(hidden.dtype)
        return changed


@contextmanager
def steerable(model: Model, steer: Steer | None, *, force: bool = False) -> Iterator[Steered | None]:
    """The steering of a model's rows in this thread; no hook remains after the block.

    Raises `BindingMismatch` for a direction of another model unless ``force``.
    """
    if steer is None:
        yield None
        return
    check_binding(steer.direction.binding, model.binding, "direction", force=force)
    steered = Steered(steer, model)
    handles = attach(model, model.check_site(steer.direction.site), steered.act)
    try:
        yield steered
    finally:
        for handle in handles:
            handle.remove()
