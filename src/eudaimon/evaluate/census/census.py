"""The census of a model: its axes, its groups of roles, and which of them are personas it can be in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.evaluate.census.axes import Axis, axes
from eudaimon.evaluate.census.cast import Cast
from eudaimon.evaluate.census.distances import Distances, distances
from eudaimon.evaluate.census.groups import Group, group_of, groups, relevance_needed
from eudaimon.evaluate.census.spoken import Spoken, speak

if TYPE_CHECKING:
    from eudaimon.core import Site
    from eudaimon.models.model import Model


@dataclass(frozen=True, eq=False)
class Census:
    """What was found in one model with one cast; ``found`` are the personas beside the default."""

    subject: str
    cast: Cast
    axes: tuple[Axis, ...]
    groups: tuple[Group, ...]
    spoken: Spoken
    distances: Distances

    @property
    def found(self) -> tuple[Group, ...]:
        """Groups that speak, and otherwise than the default; nearest first."""
        return tuple(group for group in self.groups if group.found)

    def follow(self, others: Sequence[Group]) -> tuple[Group, ...]:
        """The groups of another census, measured in this model: does it have that persona too?"""
        return tuple(self.named(group.roles) for group in others)

    def named(self, roles: tuple[str, ...]) -> Group:
        """These roles measured as one group, by what it takes to be found in this model.

        Raises `UsageError` for a role that the cast does not have.
        """
        own = next(group for group in self.groups if group.default)
        default = np.array([self.cast.roles.index(role) for role in own.roles])
        needed = relevance_needed(self.distances, default)
        return group_of(self.cast, self.distances, roles, needed=needed)

    def to_json(self) -> dict[str, Any]:
        """Everything but answers and states, as JSON."""
        return {
            "subject": self.subject,
            "default": self.cast.default,
            "n_roles": len(self.cast.roles),
            "n_questions": len(self.cast.questions),
            "site": str(self.axes[0].site) if self.axes else "",
            "axes": [
                {
                    "share": axis.share,
                    "chance": axis.chance,
                    "stability": axis.stability,
                    "stable": axis.stable,
                    "default": axis.default,
                    "low": axis.low,
                    "high": axis.high,
                    "position": axis.position,
                }
                for axis in self.axes
            ],
            "groups": [group.model_dump() for group in self.groups],
        }


def census(
    model: Model,
    cast: Cast,
    *,
    sites: Sequence[Site] | None = None,
    max_new_tokens: int = 48,
    seed: int = 0,
    show_progress: bool = True,
) -> Census:
    """Which personas a model can be in: every role answers every question, and the answers are compared.

    Groups come from what the model says (in nats an answer), axes from its states while it says it. Raises as
    `speak` and `distances` do.
    """
    spoken = speak(
        model, cast, sites=sites, max_new_tokens=max_new_tokens, seed=seed, show_progress=show_progress
    )
    found = axes(spoken, seed=seed)
    place = spoken.sites.index(found[0].site) if found else len(spoken.sites) - 1
    apart = distances(model, spoken, site=place, show_progress=show_progress)
    return Census(
        subject=model.checkpoint.name,
        cast=cast,
        axes=found,
        groups=groups(cast, apart, seed=seed),
        spoken=spoken,
        distances=apart,
    )


def persona_direction(found: Census, group: Group, site: Site) -> np.ndarray:
    """The unit vector from the default's answers to a group's at a site, float64 ``[d]``."""
    place = found.spoken.sites.index(site)
    rows = [found.cast.roles.index(role) for role in group.roles]
    default = found.cast.roles.index(found.cast.default)
    states = found.spoken.states[:, :, place].astype(np.float64)
    difference = np.nanmean(states[rows] - states[default], axis=(0, 1))
    unit: np.ndarray = difference / np.linalg.norm(difference)
    return unit
