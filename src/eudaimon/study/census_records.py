"""What a study of censuses stores: which groups of roles were found without a name, and what carries them."""

from __future__ import annotations

from eudaimon.core import Score
from eudaimon.monitor.records import Record


class FoundRow(Record):
    """A group of roles that a census of an arm found to be a persona, and in how many of its models.

    ``persona`` is the town's persona whose names these are, every one and no other; empty: of none, as when
    two personas are one to the model. ``distance`` is in nats an answer, over the models that have the group.
    """

    row: str
    roles: tuple[str, ...]
    persona: str
    distance: Score
    n_found: int
    n_seeds: int


class CarriedText(Record):
    """A training text that lies far on a persona's side: its strongest passage and where that stands."""

    id: str
    rank: int
    score: float
    """Standard deviations between the strongest passages of all texts that were read."""
    text: str


class CarriedRow(Record):
    """How often a persona speaks in the texts of an arm's corpus that lie furthest on its side.

    ``among_top`` is that share of the furthest texts, ``among_all`` of all that were read, both of texts that
    the arm left as they were. ``texts`` are the furthest of the first seed.
    """

    row: str
    persona: str
    among_top: Score
    among_all: Score
    n_top: int
    n_texts: int
    n_seeds: int
    texts: tuple[CarriedText, ...]


class Censuses(Record):
    """Everything that the censuses of a study found beyond the distances in its table."""

    found: tuple[FoundRow, ...] = ()
    carried: tuple[CarriedRow, ...] = ()
