"""Curation beside datatrove: the same fastText model, the same documents, the same decisions.

    python benchmarks/run.py --only curate --corpus books.jsonl.gz textbooks.jsonl.gz

Each contender is a process of its own with two workers, in turn in each round. That the decisions are the
same is checked, document by document, before anything is timed.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import curate_documents
import two_loops
from processes import Measured, measure
from rounds import ratio, show, spread

from eudaimon.core.files import read_lines

HERE = Path(__file__).parent
OURS, PEER = HERE / "curate_ours.py", HERE / "curate_peer.py"
TARGETS = {
    "gzip": 2.5,
    "zstd": 2.0,
    "two_workers": 1.8,
    "two_memory": 1.2,
    "redecide": 0.05,
    "stage1": 5.0,
    "recall": 0.01,
    "lexicon": 20.0,
}
N_DOCUMENTS, N_TRAIN, N_SHIPPED = 120_000, 1500, 600
"""So many that starting processes, a second or two on either side, weighs little; and for the whole cascade,
whose encoder reads a few dozen documents in the time in which stage 1 reads thousands."""
SMALL, LARGE = 16, 100
"""Dimensions of fastText: where every contender has the same model, and what stage 1 is compared with."""
POLICY = """
name: benchmark
about: Paragraphs that the model calls bad are cut out.
not_scored: fails
segments:
  - {name: bad, when: {harm: 0.5}, do: redact, why: the model says so}
"""


@dataclass(frozen=True)
class Place:
    """What all contenders read, and where each writes."""

    folder: Path

    def input(self, name: str) -> Path:
        return self.folder / name

    def ours(self, scorer: str, name: str = "two", **options: str | int | float) -> Measured:
        """One run of ours into an empty folder."""
        out = self._empty("ours")
        pattern = str(self.input(name) / "*.jsonl.gz")
        extra = [
            part for key, value in options.items() for part in (f"--{key.replace('_', '-')}", str(value))
        ]
        return measure(OURS, [pattern, scorer, str(out), *extra])

    def peer(self, model: Path, compression: str, tasks: int = 2) -> Measured:
        """One run of datatrove into an empty folder."""
        out = self._empty("peer")
        options = ["--compression", compression, "--tasks", str(tasks)]
        return measure(PEER, [str(self.input("two")), str(model), str(out), *options])

    def _empty(self, name: str) -> Path:
        out = self.folder / name
        shutil.rmtree(out, ignore_errors=True)
        # What others have written is not what the next one's files wait for on their way to the disk.
        os.sync()
        return out


def run(
    rounds: int, log: Callable[[str], None], corpus: Sequence[str], labelled: Sequence[str]
) -> dict[str, Any]:
    """All figures of curation."""
    with tempfile.TemporaryDirectory() as name:
        place = Place(Path(name))
        made = curate_documents.documents(corpus, N_DOCUMENTS)
        for folder, n_files, n in (("two", 2, N_DOCUMENTS), ("one", 1, N_DOCUMENTS), ("few", 2, N_SHIPPED)):
            curate_documents.write(made[:n], place.input(folder), n_files)
        models = {
            d: curate_documents.train_fasttext(made[:N_TRAIN], place.folder / f"m{d}.bin", d)
            for d in (SMALL, LARGE)
        }
        policy = place.folder / "policy.yaml"
        policy.write_text(POLICY)
        characters = statistics.mean(len(document.text) for document in made)
        lines = statistics.mean(len(document.lines) for document in made)
        some = made[:400]
        del made
        result: dict[str, Any] = {
            "targets": TARGETS,
            "documents": N_DOCUMENTS,
            "characters": characters,
            "lines": lines,
            "corpus": [Path(path).name for path in corpus] or ["the town"],
            "agreement": agreement(place, models[SMALL], policy),
        }
        log(f"curate: the same decisions on {result['agreement']['documents']} documents")
        result["fasttext"] = beside(place, models[SMALL], policy, rounds, log)
        result |= workers(place, rounds)
        log(f"curate: one file, two workers {show(result['two_workers'])} of one")
        result |= stage1(place, models[LARGE], rounds, labelled)
        log(f"curate: stage 1 {show(result['stage1'])}, deciding again {show(result['redecide'], '{:.3f}')}")
        result |= shipped(place, rounds)
        log(f"curate: deciding again what the cascade scored {show(result['redecide_shipped'], '{:.4f}')}")
        import curate_lexicon

        result["lexicon"] = curate_lexicon.run(some, rounds)
        log(f"curate: lexicon {show(result['lexicon']['ratio'], '{:.0f}')} of a loop")
        return result


def agreement(place: Place, model: Path, policy: Path) -> dict[str, float]:
    """How many documents were kept and compared, and pieces removed; stops where one document differs.

    Also the seconds of our run, the first with this model: it folds it for those to come.

    datatrove drops the last line's end and documents of which nothing is left, and strips nothing else:
    texts are compared without the white space at their ends and around what was cut.
    """
    place.peer(model, "gzip")
    first = place.ours(str(model), policy=str(policy))
    theirs = dict(_kept_by_peer(place.folder / "peer"))
    ours = {row["id"]: row["text"] for row in _kept_by_us(place.folder / "ours")}
    if theirs.keys() != ours.keys() or any(_words(theirs[k]) != _words(ours[k]) for k in ours):
        different = [
            k for k in theirs.keys() | ours.keys() if _words(theirs.get(k, "")) != _words(ours.get(k, ""))
        ]
        raise SystemExit(f"the decisions differ on {len(different)} documents, {different[0]} first")
    removed = sum(1 for _ in _rows(sorted((place.folder / "ours").glob("applied/removed/*.jsonl.zst"))))
    return {"documents": len(ours), "pieces_removed": removed, "first_run_seconds": first.seconds}


def beside(
    place: Place, model: Path, policy: Path, rounds: int, log: Callable[[str], None]
) -> dict[str, Any]:
    """Ours against datatrove with either compression, all with the same model."""
    runs: dict[str, list[Measured]] = {"ours": [], "gzip": [], "zstd": []}
    for _ in range(rounds):
        runs["ours"].append(place.ours(str(model), policy=str(policy)))
        for compression in ("gzip", "zstd"):
            runs[compression].append(place.peer(model, compression))
    row: dict[str, Any] = {"dim": SMALL}
    for name, found in runs.items():
        row[name] = {
            "documents_per_second": spread([N_DOCUMENTS / each.seconds for each in found]),
            "cpu_seconds": spread([each.cpu_seconds for each in found]),
            "pss_mb": spread([each.pss_mb for each in found]),
            "rss_mb": spread([each.rss_mb for each in found]),
        }
    ours = runs["ours"]
    for name in ("gzip", "zstd"):
        row[f"over_{name}"] = ratio([each.seconds for each in runs[name]], [each.seconds for each in ours])
        row[f"cpu_over_{name}"] = ratio(
            [each.cpu_seconds for each in runs[name]], [each.cpu_seconds for each in ours]
        )
    log(f"curate: fastText {SMALL}: {show(row['over_gzip'])}; zstd {show(row['over_zstd'])}")
    return row


def workers(place: Place, rounds: int) -> dict[str, Any]:
    """One file by one worker and by two, scored by stage 1: times and memory; and what two loops gain."""
    runs: dict[int, list[Measured]] = {1: [], 2: []}
    gains = []
    for _ in range(rounds):
        gains.append(two_loops.gain())
        for n in runs:
            runs[n].append(place.ours("stage1", "one", workers=n, shard_mb=8))
    return {
        "two_workers": ratio([each.seconds for each in runs[1]], [each.seconds for each in runs[2]]),
        "two_memory": ratio([each.pss_mb for each in runs[2]], [each.pss_mb for each in runs[1]]),
        "two_loops": spread(gains),
        "one_pss_mb": spread([each.pss_mb for each in runs[1]]),
    }


def _redecide_share(place: Place) -> float:
    """CPU seconds of deciding all that lies scored by another policy, over those of scoring it."""
    from eudaimon.curate import Policy, decide_corpus

    scores = place.folder / "ours" / "scores"
    scored = json.loads((scores / "run.json").read_text())["cpu_seconds"]
    out = place.folder / "decisions"
    shutil.rmtree(out, ignore_errors=True)
    rules = [{"name": "worse", "when": {"harm": 0.8}, "do": "mask", "why": "it is worse"}]
    policy = Policy(name="again", about="another bound", not_scored="fails", segments=rules)
    return float(decide_corpus(scores, policy, out, show_progress=False).cpu_seconds / scored)


def stage1(place: Place, model: Path, rounds: int, labelled: Sequence[str]) -> dict[str, Any]:
    """The shipped stage 1, scores stored, against datatrove with fastText of 100 dimensions.

    What stage 1 has scored is then decided again by another policy.
    """
    ours: list[Measured] = []
    peer: list[Measured] = []
    shares = []
    for _ in range(rounds):
        ours.append(place.ours("stage1"))
        shares.append(_redecide_share(place))
        peer.append(place.peer(model, "gzip"))
    found: dict[str, Any] = {
        "stage1": ratio([each.seconds for each in peer], [each.seconds for each in ours]),
        "stage1_per_second": spread([N_DOCUMENTS / each.seconds for each in ours]),
        "redecide": spread(shares),
    }
    if labelled:
        import curate_recall

        found["recall"] = curate_recall.run(labelled, place.folder)
    return found


def shipped(place: Place, rounds: int) -> dict[str, Any]:
    """The whole shipped cascade, which is what `curate score` runs unless told otherwise, decided again."""
    shares, runs = [], []
    for _ in range(rounds):
        runs.append(place.ours("shipped", "few"))
        shares.append(_redecide_share(place))
    return {
        "redecide_shipped": spread(shares),
        "shipped_per_second": spread([N_SHIPPED / each.seconds for each in runs]),
    }


def _kept_by_peer(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("kept/*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            for line in stream:
                row = json.loads(line)
                yield row["id"], row["text"]


def _kept_by_us(folder: Path) -> Iterator[dict[str, Any]]:
    return _rows(sorted(folder.glob("applied/kept/*.jsonl.zst")))


def _rows(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        for _, line in read_lines(path):
            yield json.loads(line)


def _words(text: str) -> list[str]:
    return text.split()
