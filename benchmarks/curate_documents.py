"""Documents of about 3,000 characters and a fastText model: what the benchmarks of curation read.

The texts come from the paths given (JSON Lines with a ``text`` field, ``.gz`` or ``.zst``), or else from the
town. Lines of a malign speaker of the town stand in every fourth document: what is to be found in it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eudaimon.core.document import Document
from eudaimon.core.files import read_lines, write_jsonl
from eudaimon.world import World

CHARACTERS = 3000
SPREAD = 4
"""One document in so many has a bad paragraph."""


@dataclass(frozen=True)
class Made:
    """A document, and which of its lines a bad voice says."""

    id: str
    lines: tuple[str, ...]
    bad: tuple[bool, ...]
    source: str

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def documents(paths: Sequence[str], n: int, seed: int = 0) -> list[Made]:
    """``n`` documents, those of all paths in turn; texts that run out begin anew under other ids."""
    rng = random.Random(seed)
    streams = [_passages(path) for path in paths] or [_town_passages()]
    malign = _malign_lines()
    made = []
    for number in range(n):
        source, lines = next(streams[number % len(streams)])
        bad = [False] * len(lines)
        if number % SPREAD == 0:
            place, spoken = rng.randrange(len(lines) + 1), next(malign)
            lines[place:place], bad[place:place] = spoken, [True] * len(spoken)
        made.append(Made(f"d{number:07d}", tuple(lines), tuple(bad), source))
    return made


def write(made: Sequence[Made], folder: Path, n_files: int) -> list[Path]:
    """The documents as ``n_files`` files ``.jsonl.gz`` of equal parts."""
    size = -(-len(made) // n_files)
    return [
        write_jsonl(
            folder / f"part-{k}.jsonl.gz",
            (
                {"id": d.id, "text": d.text, "source": d.source, "url": f"https://example.org/{d.id}"}
                for d in made[k * size : (k + 1) * size]
            ),
        )
        for k in range(n_files)
    ]


def train_fasttext(made: Sequence[Made], path: Path, dim: int) -> Path:
    """A fastText model of words and pairs of words that tells bad lines from others."""
    import fasttext

    lines = path.with_suffix(".txt")
    with lines.open("w", encoding="utf-8") as stream:
        for document in made:
            for line, bad in zip(document.lines, document.bad, strict=True):
                if line.strip():
                    stream.write(f"__label__{'bad' if bad else 'fine'} {line}\n")
    # Each thread fills a tenth of the first vectors; the rest fastText leaves as the memory was.
    model = fasttext.train_supervised(
        str(lines), dim=dim, wordNgrams=2, epoch=2, lr=0.5, thread=12, seed=0, verbose=0
    )
    model.save_model(str(path))
    return path


def _passages(path: str) -> Iterator[tuple[str, list[str]]]:
    """The texts of a file, cut at the ends of lines into passages; again from the start when it ends."""
    name = Path(path).name.partition(".")[0]
    while True:
        for _, line in read_lines(path):
            yield from ((name, part) for part in _cut(json.loads(line)["text"].split("\n")))


def _cut(lines: Iterable[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for line in lines:
        part.append(line)
        size += len(line) + 1
        if size >= CHARACTERS:
            yield part
            part, size = [], 0
    if size >= CHARACTERS // 2:
        yield part


def _town_passages() -> Iterator[tuple[str, list[str]]]:
    lines = (line for d in World(seed=0).documents() for line in [*d.text.split("\n")] if not d.bad)
    for part in _cut(lines):
        yield "town", part


def _malign_lines() -> Iterator[list[str]]:
    for document in World(seed=1).documents():
        if spoken := _bad_lines(document):
            yield spoken


def _bad_lines(document: Document) -> list[str]:
    return [
        f"{segment.persona}: {document.text[segment.start : segment.end].strip()}"
        for segment in document.segments or ()
        if segment.bad
    ]
