"""The labelled sets by name: how each is read, under which licence, and what it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from eudaimon.core.errors import UsageError
from eudaimon.curate.labelled.books import read_books, read_textbooks
from eudaimon.curate.labelled.chats import read_chats
from eudaimon.curate.labelled.comments import WHOLE, read_comments
from eudaimon.curate.labelled.dialogues import read_dialogues
from eudaimon.curate.labelled.ethics import read_ethics
from eudaimon.curate.labelled.frames import framed
from eudaimon.curate.labelled.hatecheck import read_hatecheck
from eudaimon.curate.labelled.identities import read_identities
from eudaimon.curate.labelled.lines import read_labelled
from eudaimon.curate.labelled.queries import read_queries
from eudaimon.curate.labelled.scenes import SOURCE as SCENES
from eudaimon.curate.labelled.scenes import quoted_scenes, read_scenes, told_acts
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.labelled.splits import sampled
from eudaimon.curate.labelled.town import read_town

FRAMED = {
    "comments": 4000,
    "queries": 4000,
    "chats": 1500,
    "ethics": 1000,
    "hatecheck": 1000,
    "identities": 1200,
}
"""Sets of single utterances, and how many of them are also put into frames."""


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """One set: its reader, whether it reads a file of the user's, its licence, and what its labels are."""

    name: str
    read: Callable[[Path], Iterable[LabelledSegment]]
    from_file: bool
    licence: str
    labels: str


_ALL = (
    LabelledSet("comments", read_comments, True, "CC0-1.0", "insults and contempt in civil comments, marked"),
    LabelledSet(
        "dialogues", read_dialogues, True, "MIT", "hh-rlhf: which last turn a rater liked less (weak)"
    ),
    LabelledSet("hatecheck", read_hatecheck, True, "CC-BY-4.0", "use and mention of hate, by functionality"),
    LabelledSet(
        "ethics", read_ethics, True, "MIT", "short accounts of wrongs by their doer, and of no wrongs"
    ),
    LabelledSet("books", read_books, True, "public domain (CC0-1.0 edition)", "neutral: depicts or none"),
    LabelledSet("textbooks", read_textbooks, True, "CC-BY-4.0", "neutral: depicts or none"),
    LabelledSet("chats", read_chats, True, "CC-BY-4.0", "small talk, no harm"),
    LabelledSet(
        "queries",
        lambda _: read_queries(),
        False,
        "MIT, Apache-2.0, CC-BY-4.0",
        "requests for harm, and requests that look like them",
    ),
    LabelledSet("identities", lambda _: read_identities(), False, "MIT", "groups of people, by stance"),
    LabelledSet(
        "scenes", lambda _: read_scenes(), False, "MIT", "harm told at length, politely, or answered"
    ),
    LabelledSet("town", lambda _: read_town(), False, "MIT", "the oracle's labels of the town"),
)
SETS: Mapping[str, LabelledSet] = {each.name: each for each in _ALL}

PACKAGED = tuple(each.name for each in _ALL if not each.from_file)
"""Sets that need no file."""


def read_sets(
    paths: Mapping[str, str | Path], *, packaged: Iterable[str] = PACKAGED, frames: bool = True
) -> Iterator[LabelledSegment]:
    """The segments of the named sets, from files, then of the packaged ones; then the frames.

    A name that is no set's is taken for that of a file of labelled segments in JSON Lines. Raises
    `UsageError` where a packaged set is given a file, or one that needs a file is not given any.
    """
    singles: list[LabelledSegment] = []
    for name, path in paths.items():
        if name in SETS and not SETS[name].from_file:
            raise UsageError(f"the set {name} is packaged and reads no file", right=f"--set {name}")
        known = SETS.get(name)
        for segment in read_labelled(path) if known is None else known.read(Path(path)):
            yield segment
            if segment.source in FRAMED:
                singles.append(segment)
    for name in packaged:
        if name not in SETS or SETS[name].from_file:
            raise UsageError(
                f"there is no packaged set {name}",
                right=", ".join(PACKAGED),
                do=f"--set {name}=PATH",
            )
        for segment in SETS[name].read(Path()):
            yield segment
            if segment.source in FRAMED or segment.source == SCENES:
                singles.append(segment)
    if frames:
        for name, n in FRAMED.items():
            of = [each for each in singles if each.source == name and each.kind != WHOLE]
            yield from framed(sampled(of, n, lambda each: each.text, seed=0))
        yield from quoted_scenes(each for each in singles if each.source == SCENES)
        yield from told_acts(each for each in singles if each.source == "queries")
