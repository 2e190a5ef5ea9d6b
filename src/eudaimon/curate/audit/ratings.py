"""What raters say of items: one JSON line each, with the rater and the rubric, and no time.

A file of ratings is only ever added to. Of two lines by one rater on one item the later counts, so that a
rater can go back. A last line that was cut off by an interruption is passed over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from eudaimon.core.document import Stance
from eudaimon.core.errors import BadRows
from eudaimon.curate.hard_cases import CERTAIN
from eudaimon.curate.policy import Policy
from eudaimon.curate.scores import SegmentScores
from eudaimon.curate.taxonomy import WORST, NoStance, Subject, Trait


class Labels(BaseModel):
    """What a rater says of one voice; None, or missing, is what was not asked or not answered.

    ``category`` is the harm that is done or spoken of, where severity is above 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    severity: Annotated[float, Field(ge=0, le=WORST)] | None = None
    category: str | None = None
    stance: Stance | NoStance | None = None
    frame: Stance | NoStance | None = None
    subject: Subject | None = None
    traits: dict[Trait, Annotated[float, Field(ge=-2, le=2)]] = {}
    hazard: Annotated[float, Field(ge=0, le=1)] | None = None

    @field_validator("category")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        from eudaimon.data.taxonomy import categories

        if name is not None and name not in categories():
            raise ValueError(f"{name!r} is no harm category: {', '.join(categories())}")
        return name

    @classmethod
    def of(cls, scores: SegmentScores) -> Labels:
        """The labels that scores mean: of the categories the likeliest, where severity is above 0."""
        category = max(scores.harm, key=lambda name: scores.harm[name], default=None)
        return cls.model_validate(
            {
                "severity": scores.severity,
                "category": category if scores.severity else None,
                "stance": scores.stance,
                "frame": scores.frame,
                "subject": scores.subject,
                "traits": dict(scores.traits),
                "hazard": scores.hazard,
            }
        )

    def scores(self) -> SegmentScores:
        """The labels as scores of a segment: what a scorer would have said that thinks as the rater does."""
        from eudaimon.data.taxonomy import categories

        harm: dict[str, float] = {}
        if self.severity == 0:
            harm = dict.fromkeys(categories(), 0.0)
        elif self.category is not None:
            harm = {name: CERTAIN if name == self.category else 0.0 for name in categories()}
        elif self.severity is not None:
            harm = {"other": CERTAIN}
        quiet = self.severity == 0
        return SegmentScores(
            "",
            0,
            0,
            harm=harm,
            severity=self.severity,
            stance=self.stance or ("none" if quiet else None),
            frame=self.frame,
            subject=self.subject,
            traits={str(name): value for name, value in self.traits.items()},
            hazard=self.hazard,
        )


class Rating(BaseModel):
    """One rater's labels of one item, and what the rater was told (`eudaimon.curate.rubric_hash`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    document: str
    segment: int
    rater: Annotated[str, Field(min_length=1)]
    rubric: str = ""
    labels: Labels = Labels()
    skipped: bool = False

    @property
    def key(self) -> tuple[str, int]:
        """Document and segment, as `AuditItem.key`."""
        return self.document, self.segment


def verdict(policy: Policy, labels: Labels) -> bool | None:
    """Whether the policy's segment rules act on a voice of these labels; None where that hangs on more.

    So what counts as bad is what the policy would remove if scores were never wrong.
    """
    scores = labels.scores()
    possible: set[bool] = set()
    for rule in policy.segments:
        holds = rule.when.holds(scores)
        if holds is not False:
            possible.add(rule.do != "keep")
        if holds:
            break
    else:
        possible.add(False)
    return possible.pop() if len(possible) == 1 else None


def read_ratings(path: str | Path) -> tuple[Rating, ...]:
    """The ratings of a JSON Lines file, the latest of each rater on each item, in order of the first.

    None where there is no file. Raises `BadRows` with file and line on a line that is no rating, but for a
    last one that was cut off.
    """
    path = Path(path)
    latest: dict[tuple[str, tuple[str, int]], Rating] = {}
    *lines, tail = path.read_bytes().split(b"\n") if path.is_file() else (b"",)
    for number, line in enumerate((*lines, *((tail,) if _whole(tail) else ())), start=1):
        if not line.strip():
            continue
        try:
            rating = Rating.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise BadRows(
                f"{path}, line {number}: {where + ': ' if where else ''}{first['msg']}",
                right="a rating on each line",
            ) from error
        latest[rating.rater, rating.key] = rating
    return tuple(latest.values())


def add_ratings(path: str | Path, ratings: Iterable[Rating]) -> None:
    """Add ratings at the end of a file, which is made where there is none; on disk when this returns."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (rating.model_dump(mode="json", exclude_defaults=True) for rating in ratings)
    lines = "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows)
    with path.open("a+b") as stream:
        stream.seek(0)
        *_, tail = stream.read().split(b"\n")
        if tail and not _whole(tail):
            # What an interruption left of a line must not run into the next one.
            stream.truncate(stream.tell() - len(tail))
        elif tail:
            lines = "\n" + lines
        stream.write(lines.encode())
        stream.flush()
        os.fsync(stream.fileno())


def _whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
