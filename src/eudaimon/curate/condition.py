"""When a rule of a policy holds for a segment: bounds on its scores, each of which can be told apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from eudaimon.core.document import Stance
from eudaimon.curate.scores import SegmentScores
from eudaimon.curate.taxonomy import WORST, NoStance, Subject, Trait

Probability = Annotated[float, Field(ge=0, le=1)]
TraitBound = Annotated[float, Field(ge=-2, le=2)]


@dataclass(frozen=True, slots=True)
class Check:
    """One bound of a condition against one segment's scores; ``holds`` is None where that was not scored."""

    axis: str
    wanted: str
    found: str
    holds: bool | None


class When(BaseModel):
    """Bounds on the scores of a segment; those that are stated must all hold, and at least one is stated.

    ``harm``, ``severity`` and ``hazard`` are reached at or over their bound; ``harm`` by the likeliest of
    ``categories``, or of all. ``stance``, ``frame`` and ``subject`` are one of those listed. Of ``any_trait``
    at least one is at or over its bound, of ``no_trait`` none is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    harm: Probability | None = None
    categories: tuple[str, ...] = ()
    severity: Annotated[float, Field(ge=0, le=WORST)] | None = None
    hazard: Probability | None = None
    stance: tuple[Stance | NoStance, ...] = ()
    frame: tuple[Stance | NoStance, ...] = ()
    subject: tuple[Subject, ...] = ()
    any_trait: dict[Trait, TraitBound] = {}
    no_trait: dict[Trait, TraitBound] = {}

    @field_validator("categories")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        from eudaimon.data.taxonomy import categories

        if strange := sorted(set(names) - set(categories())):
            raise ValueError(f"{', '.join(strange)} is no harm category: {', '.join(categories())}")
        return names

    def model_post_init(self, context: object) -> None:
        """Refuse a condition that says nothing, or names categories without a bound."""
        if not self.model_dump(exclude_defaults=True, exclude={"categories"}):
            raise ValueError("a condition that says nothing would hold for everything")
        if self.categories and self.harm is None:
            raise ValueError("categories are given without a bound on harm")

    def checks(self, scores: SegmentScores) -> Iterator[Check]:
        """Each stated bound against the scores, the cheapest first."""
        if self.harm is not None:
            yield self._harm(scores, self.harm)
        for axis in ("severity", "hazard"):
            bound, value = getattr(self, axis), getattr(scores, axis)
            if bound is not None:
                yield Check(axis, f">= {bound:g}", _shown(value), None if value is None else value >= bound)
        for axis in ("stance", "frame", "subject"):
            allowed, value = getattr(self, axis), getattr(scores, axis)
            if allowed:
                yield Check(
                    axis, " or ".join(allowed), _shown(value), None if value is None else value in allowed
                )
        if self.any_trait:
            over = [_over(scores, name, bound) for name, bound in self.any_trait.items()]
            wanted = " or ".join(f"{name} >= {bound:g}" for name, bound in self.any_trait.items())
            yield Check("traits", wanted, _traits(scores, self.any_trait), _any(over))
        if self.no_trait:
            over = [_over(scores, name, bound) for name, bound in self.no_trait.items()]
            wanted = " and ".join(f"{name} < {bound:g}" for name, bound in self.no_trait.items())
            some = _any(over)
            yield Check("traits", wanted, _traits(scores, self.no_trait), None if some is None else not some)

    def holds(self, scores: SegmentScores) -> bool | None:
        """Whether all bounds hold; None where that hangs on something that was not scored."""
        known: bool | None = True
        for check in self.checks(scores):
            if check.holds is False:
                return False
            if check.holds is None:
                known = None
        return known

    def _harm(self, scores: SegmentScores, bound: float) -> Check:
        wanted = f"{' or '.join(self.categories) or 'any category'} >= {bound:g}"
        if self.categories:
            values = [scores.harm.get(name) for name in self.categories]
        else:
            # A scorer need not know every category; one that knows none has not looked for harm.
            values = list(scores.harm.values()) or [None]
        highest = max(scores.harm, key=lambda name: scores.harm[name], default="")
        if self.categories:
            known = [name for name in self.categories if name in scores.harm]
            highest = max(known, key=lambda name: scores.harm[name], default="")
        found = f"{highest} {scores.harm[highest]:.2f}" if highest else "not scored"
        return Check("harm", wanted, found, _any([None if v is None else v >= bound for v in values]))


def _over(scores: SegmentScores, trait: str, bound: float) -> bool | None:
    value = scores.traits.get(trait)
    return None if value is None else value >= bound


def _any(parts: list[bool | None]) -> bool | None:
    """Whether any part holds, in three-valued logic (Kleene's)."""
    if True in parts:
        return True
    return None if None in parts else False


def _traits(scores: SegmentScores, names: dict[Trait, float]) -> str:
    return ", ".join(f"{name} {_shown(scores.traits.get(name))}" for name in names)


def _shown(value: float | str | None) -> str:
    return "not scored" if value is None else value if isinstance(value, str) else f"{value:g}"
