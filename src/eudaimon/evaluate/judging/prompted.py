"""A language model as judge of open answers: requests put once, replies kept, all of them read in one way."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from eudaimon.core.errors import JudgeUnavailable, UsageError
from eudaimon.core.progress import progress
from eudaimon.evaluate.judging.answers import Answer
from eudaimon.evaluate.judging.asker import Asker
from eudaimon.evaluate.judging.calibration import Known, known_answers
from eudaimon.evaluate.judging.cost import TOKENS_OF_A_VERDICT, Cost, Price, estimated
from eudaimon.evaluate.judging.judge import Verdicts
from eudaimon.evaluate.judging.kept import Replies
from eudaimon.evaluate.judging.request import Request, request_hash, requests
from eudaimon.evaluate.judging.verdict import How, Reply, read_reply

log = logging.getLogger(__name__)

Scores = Literal["auto", "expectation", "integer"]
GIVEN_UP_AFTER = 10
"""Requests in a row without a reply, after which no more are put."""


class PromptedJudge:
    """A judge that is a language model: ``asker`` replies, and replies are kept in the folder ``records``.

    ``scores`` says how numbers are read: as the ``expectation`` over the judge's probabilities, as the
    ``integer`` that it writes, or ``auto``: the former where every reply has probabilities, the latter for
    all of them where one lacks them, so that a run never mixes two scales.
    """

    def __init__(self, asker: Asker, records: str | Path | None = None, *, scores: Scores = "auto") -> None:
        if scores not in ("auto", "expectation", "integer"):
            raise UsageError(f"{scores!r} is no way of reading scores", right="auto, expectation or integer")
        self.asker = asker
        self.scores = scores
        self.replies = Replies(records)

    @property
    def name(self) -> str:
        """The model, and the hash of what it is told around the prompts."""
        return f"{self.asker.name} (request {request_hash()})"

    def known(self) -> tuple[Known, ...]:
        """The packaged answers whose verdict is known."""
        return known_answers()

    def estimate(self, answers: Sequence[Answer], price: Price | None = None) -> Cost:
        """About what the verdicts on answers and on the known ones would cost; nothing is asked.

        A verdict has as many tokens as those on record that it needs have on average: how much a judge
        reasons is known once it was asked a little.
        """
        wanted = self._requests([*answers, *(known.answer for known in self.known())])
        open_requests = [each for key, each in wanted.items() if key not in self.replies]
        tokens = self.replies.output_tokens(wanted) or TOKENS_OF_A_VERDICT
        return estimated(open_requests, len(wanted) - len(open_requests), price, tokens)

    def verdicts(self, answers: Sequence[Answer], *, price: Price | None = None) -> Verdicts:
        """The verdicts on answers; equal requests are put once, and those on record not at all.

        Raises `JudgeUnavailable` when a reply cannot be had (those that came are kept), and `UsageError`
        when expectations are wanted of a judge that gives no probabilities.
        """
        wanted: dict[str, Request] = {}
        keys = [self._keys(answer, wanted) for answer in answers]
        open_requests = {key: each for key, each in wanted.items() if key not in self.replies}
        tokens = self._put(open_requests)
        found = {key: self._on_record(key) for key in wanted}
        how = self._how([found[key] for key, each in wanted.items() if not each.choices])
        read = {key: read_reply(found[key], each.choices, how) for key, each in wanted.items()}
        return Verdicts(
            each=tuple({measure: read[key] for measure, key in own.items()} for own in keys),
            how=how,
            cost=Cost.of(len(open_requests), len(wanted) - len(open_requests), tokens, price),
            served=tuple(sorted({reply.model for reply in found.values() if reply.model})),
        )

    def _requests(self, answers: Sequence[Answer]) -> dict[str, Request]:
        """The requests about answers by key, equal ones once."""
        wanted: dict[str, Request] = {}
        for answer in answers:
            self._keys(answer, wanted)
        return wanted

    def _keys(self, answer: Answer, wanted: dict[str, Request]) -> dict[str, str]:
        """The keys of the requests about an answer by measure; the requests are added to ``wanted``."""
        keys = {}
        for each in requests(answer.question, answer.text):
            key = keys[each.measure] = each.key(self.asker.name)
            wanted.setdefault(key, each)
        return keys

    def _on_record(self, key: str) -> Reply:
        reply = self.replies.get(key)
        assert reply is not None
        return reply

    def _put(self, wanted: dict[str, Request]) -> tuple[int, int]:
        """Put the requests and keep the replies; the tokens in and out."""
        keys, failures, silent = [*wanted], [], 0
        n_in = n_out = 0
        with progress("judge", len(keys), "requests") as advance:

            def told(index: int, reply: Reply | str) -> bool:
                nonlocal silent, n_in, n_out
                advance()
                if isinstance(reply, str):
                    failures.append(reply)
                    silent += 1
                    return silent < GIVEN_UP_AFTER
                silent, n_in, n_out = 0, n_in + reply.input_tokens, n_out + reply.output_tokens
                self.replies.add(keys[index], reply)
                return True

            if keys:
                try:
                    self.asker.ask([*wanted.values()], told)
                finally:
                    self.replies.close()
        missing = sum(key not in self.replies for key in keys)
        if missing:
            raise JudgeUnavailable(
                f"the judge {self.asker.name} did not reply to {missing} of {len(keys)} requests: "
                f"{failures[-1] if failures else 'it ended early'}",
                right="a judge that replies to every request",
                do="the same command again: what was replied is kept",
            )
        return n_in, n_out

    def _how(self, replies: list[Reply]) -> How:
        lacking = sum(reply.numbers is None for reply in replies)
        if self.scores == "integer":
            return "integer"
        if lacking and self.scores == "expectation":
            raise UsageError(
                f"{lacking} of {len(replies)} replies of {self.asker.name} have no probabilities of numbers",
                right="a judge that gives log-probabilities and has numbers as tokens",
                do="--scores integer",
            )
        if lacking:
            log.warning(
                "%d of %d replies have no probabilities of numbers: all scores are the integers written",
                lacking, len(replies),
            )  # fmt: skip
        return "integer" if lacking else "expectation"
