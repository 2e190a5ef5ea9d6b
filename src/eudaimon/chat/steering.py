"""Steering by a direction from a file, at a strength that stays while the stack changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eudaimon.core import BindingMismatch, Site
from eudaimon.models.interventions import Intervention
from eudaimon.models.model import Model
from eudaimon.vectors.bound import check_binding
from eudaimon.vectors.conversion import read_directions
from eudaimon.vectors.direction import Direction
from eudaimon.vectors.steering import require_causal, strength_for_kl

DEFAULT_BUDGET = 0.5
"""Nats that the strength spends on everyday prompts where nobody names another."""


@dataclass(frozen=True, eq=False)
class Steering:
    """A direction at a strength in residual-stream units, positive towards its second class (harmful).

    ``forced`` lets it act on a stack that it was not made on; the difference is then recorded.
    """

    file: Path
    direction: Direction
    strength: float
    forced: bool = False

    @property
    def intervention(self) -> Intervention:
        """What it does to a model, at every position."""
        return Intervention("add", self.direction.site, self.direction.vector, self.strength)

    def refusal(self, model: Model) -> str:
        """Why it does not act on this model, or an empty string."""
        try:
            check_binding(self.direction.binding, model.binding, "direction", force=self.forced)
        except BindingMismatch as error:
            return error.what
        return ""

    def to_json(self, model: Model) -> dict[str, Any]:
        """File, site, strength, and what was forced on this model."""
        forced = check_binding(self.direction.binding, model.binding, "direction", force=True)
        return {
            "file": str(self.file),
            "site": str(self.direction.site),
            "strength": self.strength,
            **forced,
        }


def read_steering(
    file: str | Path,
    model: Model,
    *,
    strength: float | None = None,
    kl_budget: float | None = None,
    site: Site | None = None,
    force: bool = False,
) -> Steering:
    """The steering of a file on a model: at ``site`` or the file's middle one.

    Without a strength it is the one that spends ``kl_budget`` (0.5 when not given) nats on the packaged
    everyday prompts, on the model as it is now. Raises `BindingMismatch` for a direction of another model or
    stack unless ``force``, `UsageError` for encoders, files that hold no direction and budgets out of reach.
    """
    from eudaimon.vectors.kl_budget import neutral_texts

    require_causal(model)
    found = read_directions(file)
    direction = found.at(site) if site is not None else found.directions[len(found) // 2]
    check_binding(direction.binding, model.binding, "direction", force=force)
    if strength is None:
        budget = DEFAULT_BUDGET if kl_budget is None else kl_budget
        strength = strength_for_kl(model, direction, neutral_texts(None), budget, force=force)
    steering = Steering(Path(file), direction, float(strength), force)
    model.check_site(direction.site)
    return steering
