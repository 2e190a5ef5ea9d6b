"""Stage 3: a language model as judge, over any OpenAI-compatible URL, on what the encoder is unsure of.

The judged text is untrusted: it is fenced with a code that depends on the text itself, and markers in it are
neutralised. Nothing that goes wrong is ever a label: an answer without one is a refusal, no answer is
``unavailable``, and both make the document an error.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import httpx
import numpy as np

from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.core.progress import progress
from eudaimon.curate.score_table import HARM, TRAIT
from eudaimon.curate.scores import source_of
from eudaimon.curate.stages.batch import CODED, Batch, number_columns
from eudaimon.curate.stages.escalated import CHANCE, DOUBTED, apply_to_rows, excerpts_of
from eudaimon.curate.stages.judgements import Asked, Judgement, Judgements, judgement_key
from eudaimon.curate.stages.verdict import LONGEST_TEXT, Outcome, Verdict, messages, read_label, request_hash
from eudaimon.models.served import ChatServer, Connection, read_completion

log = logging.getLogger(__name__)

GIVEN_UP_AFTER = 10
"""Questions in a row without any answer, after which a server is asked only once a batch."""


@dataclass(frozen=True)
class JudgeOptions:
    """A judge, and what it may cost.

    ``url`` and ``model`` as in `eudaimon.models.served.ChatServer`; ``api_key_env`` names the variable that
    holds the key. ``max_calls`` bounds the questions that one opened judge puts (None: no bound); what is
    beyond keeps the scores that it had. ``records`` is the folder in which verdicts are kept and looked up.
    """

    url: str
    model: str
    api_key_env: str = ""
    max_calls: int | None = None
    records: str | Path | None = None
    timeout_seconds: float = 60.0
    retries: int = 3
    backoff_seconds: float = 0.5
    concurrency: int = 4
    max_tokens: int = 512

    def __post_init__(self) -> None:
        if self.concurrency < 1 or (self.max_calls is not None and self.max_calls < 0):
            raise UsageError(
                f"a judge with concurrency {self.concurrency} and {self.max_calls} calls cannot answer",
                right="concurrency of at least 1, calls of at least 0",
            )
        _ = self.server()  # Raises where it is none.

    def server(self, transport: httpx.BaseTransport | None = None) -> ChatServer:
        """The server that these options name."""
        return ChatServer(
            self.url,
            self.model,
            api_key_env=self.api_key_env,
            timeout_seconds=self.timeout_seconds,
            retries=self.retries,
            backoff_seconds=self.backoff_seconds,
            max_tokens=self.max_tokens,
            transport=transport,
        )

    def shared_by(self, workers: int) -> JudgeOptions:
        """The options of one of so many workers: ``max_calls`` and concurrency are divided among them."""
        calls = None if self.max_calls is None else self.max_calls // max(1, workers)
        return replace(self, max_calls=calls, concurrency=max(1, self.concurrency // max(1, workers)))


class JudgeStage:
    """A judge as a `Stage`, and as one who answers questions one by one.

    As a stage it reads the rows that the column `DOUBTED` marks, all voices where there is none, and gives
    them its labels: probabilities for all harm categories, severity, stance, frame, traits, subject, hazard.
    ``transport`` replaces the network in tests. Raises `UsageError` when the key is missing.
    """

    name = "judge"
    number = 3

    def __init__(self, options: JudgeOptions, transport: httpx.BaseTransport | None = None) -> None:
        self.options = options
        self.server = options.server(transport)
        self.server.headers()  # Raises without a key, before anything is scored.
        self.rubric = request_hash()
        # Where it is served and how patiently it is asked changes no label; what it may cost does.
        self.hash = short_hash(["stage 3", options.model, options.max_tokens, self.rubric, options.max_calls])
        self.records = Judgements(options.records)
        self._lock = Lock()
        self._calls = self._silent = 0

    @property
    def calls(self) -> int:
        """The questions put to the server so far."""
        return self._calls

    @property
    def record(self) -> Mapping[str, str]:
        """Who judges, and by which rubric: for manifests."""
        return {"judge": self.options.model, "rubric": self.rubric}

    def judge(self, items: Sequence[Asked], *, show_progress: bool = False) -> tuple[Verdict, ...]:
        """The verdicts on excerpts, in order, at most ``concurrency`` at a time.

        What is on record is not asked again, and equal excerpts are asked once; beyond ``max_calls`` the
        verdict is ``unasked``. What goes wrong is a verdict too.
        """
        keys = [judgement_key(self.options.model, self.rubric, item.excerpt) for item in items]
        found: dict[str, Verdict] = {}
        open_questions: dict[str, Asked] = {}
        for key, item in zip(keys, items, strict=True):
            known = self.records.get(key)
            if known is not None:
                found[key] = replace(known, remembered=True)
            elif len(item.excerpt.text) > LONGEST_TEXT:
                reason = f"{len(item.excerpt.text)} characters are over the limit of {LONGEST_TEXT}"
                found[key] = Verdict("refused", None, reason)
            else:
                open_questions.setdefault(key, item)
        with self._lock:
            limit = self.options.max_calls
            left = len(open_questions) if limit is None else max(0, limit - self._calls)
            chosen = list(open_questions.items())[:left]
            self._calls += len(chosen)
        if chosen:
            found |= self._asked(chosen, show_progress)
        unasked = Verdict("unasked", None, f"the budget of {self.options.max_calls} calls is spent")
        return tuple(found.get(key, unasked) for key in keys)

    def run(self, batch: Batch) -> Batch:
        """The batch with the judge's labels in the marked rows; a refusal is its document's error."""

        def label(rows: np.ndarray) -> Mapping[str, np.ndarray]:
            chances = batch.columns.get(CHANCE)
            owners = batch.spans.document[rows].tolist()
            asked = [
                Asked(
                    item,
                    source_of(batch.documents[owner]),
                    short_hash(batch.spans.texts[owner]),
                    1.0 if chances is None else float(chances[row]),
                )
                for item, owner, row in zip(excerpts_of(batch, rows), owners, rows.tolist(), strict=True)
            ]
            return columns_of(self.judge(asked))

        return apply_to_rows(batch, DOUBTED, self.number, label)

    def _asked(self, chosen: Sequence[tuple[str, Asked]], show: bool) -> Iterator[tuple[str, Verdict]]:
        with (
            self.server.connected() as connection,
            ThreadPoolExecutor(max_workers=self.options.concurrency) as pool,
            progress("judge", len(chosen), "segments", enabled=show) as advance,
        ):
            first = True

            def answer(entry: tuple[str, Asked]) -> Verdict:
                nonlocal first
                with self._lock:
                    skip = self._silent >= GIVEN_UP_AFTER and not first
                    first = False
                if skip:
                    return Verdict("unavailable", None, f"{self._silent} questions in a row had no answer")
                return self._answer(connection, *entry)

            for entry, verdict in zip(chosen, pool.map(answer, chosen), strict=True):
                advance()
                yield entry[0], verdict

    def _answer(self, connection: Connection, key: str, item: Asked) -> Verdict:
        reply = connection.ask(messages(item.excerpt))
        with self._lock:
            self._silent = self._silent + 1 if reply.content is None else 0
        if reply.content is None:
            return Verdict("unavailable", None, reply.reason, "", reply.seconds, reply.attempts)
        text, model, problem = read_completion(reply.content)
        labels, reason = (None, problem) if problem else read_label(text)
        outcome: Outcome = "labelled" if labels else "refused"
        verdict = Verdict(outcome, labels, reason, model, reply.seconds, reply.attempts)
        self.records.add(Judgement(key, self.options.model, self.rubric, item, verdict))
        return verdict


def columns_of(verdicts: Sequence[Verdict]) -> dict[str, np.ndarray]:
    """The verdicts as columns of a `Batch`, with ``error`` where there is no label.

    Nothing is said, not even an error, where nobody was asked: the column ``answered`` is False there.
    """
    n = len(verdicts)
    columns: dict[str, np.ndarray] = {name: np.full(n, np.nan) for name in number_columns()}
    columns |= {name: np.full(n, -1, dtype=np.int32) for name in CODED}
    columns["error"] = np.full(n, "", dtype=object)
    columns["answered"] = np.array([verdict.outcome != "unasked" for verdict in verdicts], dtype=bool)
    for k, verdict in enumerate(verdicts):
        if verdict.labels is None:
            if verdict.outcome != "unasked":
                columns["error"][k] = f"the judge's answer is {verdict.outcome}: {verdict.reason}"
            continue
        labels = verdict.labels
        for prefix, values in ((HARM, labels["harm"]), (TRAIT, labels["traits"])):
            for name, value in values.items():
                columns[prefix + name][k] = value
        columns["severity"][k], columns["hazard"][k] = labels["severity"], labels["hazard"]
        for name, known in CODED.items():
            columns[name][k] = known.index(labels[name])
    return columns
