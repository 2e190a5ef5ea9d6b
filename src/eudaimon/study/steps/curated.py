"""What curate finds in a town's corpus, as labels for its arms, and how much of the truth that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int

from eudaimon.core.errors import BindingMismatch, EudaimonError, UsageError
from eudaimon.core.files import write_json, write_jsonl
from eudaimon.study.step import Cost, Step
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.core.document import Document
    from eudaimon.curate.decide import Decision
    from eudaimon.curate.policy import Policy, SegmentRule
    from eudaimon.curate.scores import DocumentScores, SegmentScores
    from eudaimon.train.labels import Labels
    from eudaimon.train.spans import Spans

LABELS = "labels.jsonl.gz"
QUALITY = "quality.json"
BAD, GOOD = "bad", "good"
BATCH = 512
HARMLESS = 0.5
"""Where no harm is as likely as this and traits are not known, a voice may be a good persona's."""
GOOD_ONLY, GOOD_PERSONA = "good-only", "good persona"
"""The policy and its rule that say which traits a good persona shows."""
DOCUMENTS_PER_SECOND = 100
N_RESAMPLES = 400


class CuratedLabels(Step):
    """Where bad and good personas speak in the first ``n_documents`` of a world, read from the text alone.

    ``scorer`` is a name or folder that `eudaimon.curate.open_scorer` knows and ``scorer_hash`` the identity
    of what it opens; ``policy`` names a policy. Bad is what the policy acts upon, and all of a document that
    it drops; good is what voices other than the narrator's say that mean well by their traits, or, where
    these are not scored, that do no harm.
    """

    world: World
    n_documents: int
    scorer: str
    scorer_hash: str
    policy: str = "prosocial"

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Write the labels as a dolma attribute file, and beside it how they compare with the oracle's."""
        from eudaimon.core.progress import progress

        reader = _Reader(self)
        rows: list[dict[str, Any]] = []
        counts: list[dict[str, int]] = []
        with progress("curated labels", self.n_documents, "documents") as advance:
            stream = self.world.documents(self.n_documents)
            while documents := list(islice(stream, BATCH)):
                for document, (bad, good) in zip(documents, reader.read(documents), strict=True):
                    rows.append(_row(document, bad, good))
                    counts.append(_compared(document, bad, good))
                advance(len(documents))
        write_jsonl(out / LABELS, rows)
        write_json(out / QUALITY, _quality(counts))

    def cost(self) -> Cost:
        """By the speed of the shipped cascade on one thread."""
        return Cost(
            seconds=3 + self.n_documents / DOCUMENTS_PER_SECOND, memory_gb=1.0, disk_mb=self.n_documents / 2e4
        )


def curated_labels(folder: Path, step: CuratedLabels) -> Labels:
    """The labels of all documents of a step's world, most of them from its finished folder.

    Documents after the first ``n_documents``, which an arm reads that finds hardly any of a source to refill
    it with, are scored when they are asked for: the same labels, more slowly.
    """
    from eudaimon.train.column import column
    from eudaimon.train.labels import Labels

    known, later = column(folder / LABELS, threshold=0.5, name=BAD, good=GOOD), _Later(step)

    def bad(document: Document) -> Spans:
        return known.bad(document) if int(document.id) < step.n_documents else later.spans(document)[0]

    def good(document: Document) -> Spans:
        return known.good(document) if int(document.id) < step.n_documents else later.spans(document)[1]

    return Labels("learned", bad=bad, good=good)


class _Reader:
    """The scorer and the policy of a step, opened; raises `BindingMismatch` where the scorer is another."""

    def __init__(self, step: CuratedLabels) -> None:
        from eudaimon.curate.policy import load_policy
        from eudaimon.curate.scorer import open_scorer

        self.scorer, self.policy = open_scorer(step.scorer), load_policy(step.policy)
        if self.scorer.hash != step.scorer_hash:
            raise BindingMismatch(
                f"the scorer {step.scorer} is now {self.scorer.hash}; the plan has {step.scorer_hash}",
                do="the same command",
            )

    def read(self, documents: Sequence[Document]) -> list[tuple[Spans, Spans]]:
        """Bad and good spans of each document, from its text alone."""
        unread = [replace(document, segments=None) for document in documents]
        return list(_found(self.policy, self.scorer.score(unread)))


class _Later:
    """Bad and good spans of the documents that a step has not labelled, neighbours of one source at a time.

    An arm that refills a rare source passes over all others: scoring those too took twenty times as long.
    """

    def __init__(self, step: CuratedLabels) -> None:
        self.step = step
        self._reader: _Reader | None = None
        self._batch = -1
        self._documents: list[Document] = []
        self._found: dict[str, tuple[Spans, Spans]] = {}

    def spans(self, document: Document) -> tuple[Spans, Spans]:
        from eudaimon.train.arm import source_of

        batch = int(document.id) // BATCH
        if batch != self._batch:
            self._documents = list(self.step.world.documents(BATCH, start=batch * BATCH))
            self._batch, self._found = batch, {}
        if document.id not in self._found:
            self._reader = self._reader or _Reader(self.step)
            alike = [each for each in self._documents if source_of(each) == source_of(document)]
            self._found |= zip((each.id for each in alike), self._reader.read(alike), strict=True)
        return self._found[document.id]


def _found(policy: Policy, table: Any) -> Iterator[tuple[Spans, Spans]]:
    """Bad and good spans of each document of a score table; raises where one could not be scored."""
    from eudaimon.curate.decide import decide
    from eudaimon.curate.score_table import of_rows

    for scores in of_rows(Path("the town"), table.to_pylist()):
        decision = decide(policy, scores)
        if decision.outcome == "error":
            raise EudaimonError(f"document {scores.id} was not scored: {decision.reason}")
        yield _bad(decision, scores), _good(decision, scores)


def _bad(decision: Decision, scores: DocumentScores) -> Spans:
    from eudaimon.train.spans import united

    if decision.outcome == "drop":
        return united((s.start, s.end) for s in scores.segments)
    return united((span.start, span.end) for span in decision.spans)


def _good(decision: Decision, scores: DocumentScores) -> Spans:
    from eudaimon.curate.voices.turn import MARKUP, NARRATOR
    from eudaimon.train.spans import minus, united

    voices = (s for s in scores.segments if s.voice not in (MARKUP, NARRATOR))
    return minus(united((s.start, s.end) for s in voices if _means_well(s)), _bad(decision, scores))


def _means_well(segment: SegmentScores) -> bool:
    """By its traits, as the policy good-only reads them; where they are not scored, by doing no harm."""
    holds = _good_persona().when.holds(segment)
    if holds is not None:
        return holds
    harm = max(segment.harm.values(), default=0.0)
    return harm < HARMLESS and (segment.severity or 0.0) < 1 and segment.stance in (None, "none", "condemns")


@cache
def _good_persona() -> SegmentRule:
    from eudaimon.curate.policy import load_policy

    return next(rule for rule in load_policy(GOOD_ONLY).segments if rule.name == GOOD_PERSONA)


def _row(document: Document, bad: Spans, good: Spans) -> dict[str, Any]:
    spans = {BAD: bad, GOOD: good}
    return {
        "id": document.id,
        "attributes": {name: [[start, end, 1.0] for start, end in found] for name, found in spans.items()},
    }


def _compared(document: Document, bad: Spans, good: Spans) -> dict[str, int]:
    """Characters that are bad (good) in truth, that were found, and both."""
    from eudaimon.train.labels import oracle

    truth = oracle()
    counted: dict[str, int] = {}
    for name, known, found in ((BAD, truth.bad(document), bad), (GOOD, truth.good(document), good)):
        counted |= {
            f"{name}_true": _length(known),
            f"{name}_found": _length(found),
            f"{name}_both": _length(_shared(known, found)),
        }
    return counted


def _shared(one: Spans, other: Spans) -> Spans:
    from eudaimon.train.spans import minus

    return minus(one, minus(one, other))


def _length(spans: Spans) -> int:
    return sum(end - start for start, end in spans)


def _quality(counts: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """Recall and precision by characters; intervals by resampling documents."""
    from eudaimon.measure.intervals import bootstrap

    columns = {name: np.array([row[name] for row in counts]) for name in counts[0]}
    return {
        f"{name}_{figure}": bootstrap(
            _share,
            columns[f"{name}_both"],
            columns[f"{name}_{whole}"],
            n_resamples=N_RESAMPLES,
            unit="documents",
            show_progress=False,
        ).model_dump(mode="json")
        for name in (BAD, GOOD)
        for figure, whole in (("recall", "true"), ("precision", "found"))
        if columns[f"{name}_{whole}"].any()
    }


def _share(both: Int[np.ndarray, "n"], whole: Int[np.ndarray, "n"]) -> float:
    if not whole.sum():
        raise UsageError("no character is in any span")
    return float(both.sum() / whole.sum())
