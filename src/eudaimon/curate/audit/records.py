"""What an audit stores: its strata, its items and its findings. Light: a page draws from these alone."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from eudaimon.core.score import Score

Sort = Literal["removed", "kept"]
"""What became of a segment under the policy. ``removed`` is all that is not kept as it is: masked, tagged,
rewritten, cut out, or in a document that is dropped."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stratum(_Record):
    """Segments of one source, one bin of scores and one fate: how many there are, and how many were drawn."""

    name: str
    source: str
    bin: int
    sort: Sort
    n_segments: int
    n_drawn: int

    @property
    def probability(self) -> float:
        """The probability with which each of its segments came into the sample."""
        return self.n_drawn / self.n_segments


class AuditPlan(_Record):
    """How a sample was drawn: enough to draw it again.

    ``edges`` part the scores (the highest harm probability of a segment) into bins; a score on an edge is in
    the upper bin. ``n_errors`` segments of documents that are errors are in no stratum, being neither kept
    nor removed, and ``n_unscored`` segments have no harm score and are in the lowest bin.
    """

    policy: str
    policy_hash: str
    models: tuple[str, ...]
    seed: int
    edges: tuple[float, ...]
    strata: tuple[Stratum, ...]
    n_segments: int
    n_errors: int
    n_unscored: int
    scores: str = ""
    """A short hash of what the folder of scores held, where it was a whole one."""


class AuditItem(_Record):
    """One segment of the sample; ``before`` and ``after`` are the text around it, once texts were read.

    ``frame`` is the span of the segment that it is quoted in.
    """

    document: str
    segment: int
    start: int
    end: int
    frame: tuple[int, int] | None = None
    stratum: str = ""
    source: str = ""
    voice: str = ""
    score: float | None = None
    span_hash: str = ""
    text: str | None = None
    before: str = ""
    after: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """Document and segment: what ratings name it by."""
        return self.document, self.segment


class GroupFinding(_Record):
    """One source, or the segments with markers of one dialect or one group of people.

    ``over_removal`` is the share of good segments that are removed, ``wrong`` the share of removed segments
    that are good, both in the corpus; None where too little was rated to say. ``n_rated`` counts segments.
    """

    kind: Literal["source", "dialect", "identity"]
    name: str
    n_rated: int
    over_removal: Score | None = None
    wrong: Score | None = None


class Agreement(_Record):
    """Krippendorff's alpha of two raters or more on one question; None where it is undefined, and why."""

    question: str
    level: Literal["nominal", "ordinal"]
    alpha: Score | None = None
    why_not: str = ""


class AuditRecord(_Record):
    """What the ratings say of the corpus: every share with its 95 % interval.

    ``precision`` is the share of removed segments that are bad, ``recall`` the share of bad segments that are
    removed, ``prevalence`` the share of bad segments among all, ``over_removal`` the share of good segments
    that are removed. Bad is what the policy's own segment rules act on when they are given a rater's labels
    instead of scores. ``n_unclear`` items have ratings from which that does not follow.
    """

    plan: AuditPlan
    raters: tuple[str, ...]
    rubrics: tuple[str, ...]
    n_items: int
    n_rated: int
    n_skipped: int
    n_unclear: int
    precision: Score | None = None
    recall: Score | None = None
    prevalence: Score | None = None
    over_removal: Score | None = None
    groups: tuple[GroupFinding, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    limits: dict[str, str] = {}
    """What markers of a kind cannot say, by kind."""
    notes: tuple[str, ...] = ()
