"""A language model as judge, over any OpenAI-compatible URL.

The judged text is untrusted: it is fenced with a code that depends on the text itself, and grade markers in
it are neutralised. The last ``GRADE:`` line of the answer counts. Nothing that goes wrong is ever a pass: no
answer is `JudgeUnavailable` (or the outcome ``unavailable``), an answer without a grade is ``refused``.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import numpy as np
from jaxtyping import Float

from eudaimon.core import JudgeUnavailable, Text, UsageError
from eudaimon.core.progress import progress
from eudaimon.models.served import ChatServer, Connection
from eudaimon.monitor.grading import Grade, as_material, prompt, read_answer, rubric_hash

LONGEST_TEXT = 100_000
"""Characters; a longer text is refused rather than cut, since danger may stand in what would be cut off."""


@dataclass(frozen=True)
class Judge:
    """A judge model behind ``url`` (``/chat/completions`` is appended); a `Scorer` with scores in [0, 1] too.

    ``api_key_env`` names the environment variable that holds the key, which is read at each request and kept
    nowhere. ``timeout_seconds`` bounds one request as a whole, ``retries`` the requests after the first one;
    waits between them start at ``backoff_seconds`` and double. ``transport`` replaces the network in tests.
    """

    url: str
    model: str
    api_key_env: str = ""
    timeout_seconds: float = 30.0
    retries: int = 3
    backoff_seconds: float = 0.5
    concurrency: int = 4
    max_tokens: int = 512
    transport: httpx.BaseTransport | None = None

    def __post_init__(self) -> None:
        _ = self._server  # Raises where it is none.
        if self.concurrency < 1:
            raise UsageError(
                f"a judge with concurrency {self.concurrency} cannot answer",
                right="concurrency of at least 1",
            )

    @property
    def name(self) -> str:
        """The judge as reports name it: model and hash of the rubric."""
        return f"judge {self.model} (rubric {rubric_hash()})"

    def grade(self, text: Text) -> Grade:
        """The grade of one text, never ``unavailable``: raises `JudgeUnavailable` instead.

        Raises `UsageError` when the variable that should hold the key is not set.
        """
        (grade,) = self.grade_many([text])
        if grade.outcome == "unavailable":
            raise JudgeUnavailable(
                f"the judge {self.model} at {self.url} gave no answer: {grade.reason}",
                right="a server that answers POST /chat/completions",
            )
        return grade

    def grade_many(self, texts: Sequence[Text]) -> tuple[Grade, ...]:
        """The grades of texts in their order, at most ``concurrency`` at a time.

        What fails has the outcome ``unavailable``; only a missing key raises (`UsageError`).
        """
        with (
            self._server.connected() as connection,
            ThreadPoolExecutor(max_workers=self.concurrency) as pool,
            progress("judge", len(texts), "texts") as advance,
        ):
            grades = []
            for grade in pool.map(lambda text: self._graded(connection, text), texts):
                grades.append(grade)
                advance()
        return tuple(grades)

    def __call__(self, texts: Sequence[Text]) -> Float[np.ndarray, "n"]:
        """The dangers of texts, in [0, 1], a refusal as 1; raises `JudgeUnavailable` if one has none."""
        grades = self.grade_many(texts)
        missing = [grade for grade in grades if grade.outcome == "unavailable"]
        if missing:
            raise JudgeUnavailable(
                f"the judge {self.model} at {self.url} gave no answer on {len(missing)} of "
                f"{len(texts)} texts: {missing[0].reason}"
            )
        return np.array([1.0 if grade.danger is None else grade.danger for grade in grades])

    def _graded(self, connection: Connection, text: Text) -> Grade:
        rendered = as_material(text)
        if len(rendered) > LONGEST_TEXT:
            return Grade("refused", None, f"{len(rendered)} characters are over the limit of {LONGEST_TEXT}")
        reply = connection.ask(prompt(rendered))
        if reply.content is None:
            return Grade("unavailable", None, reply.reason, "", self.model, reply.seconds, reply.attempts)
        return read_answer(reply.content, reply.seconds, reply.attempts)

    @property
    def _server(self) -> ChatServer:
        return ChatServer(
            self.url,
            self.model,
            api_key_env=self.api_key_env,
            timeout_seconds=self.timeout_seconds,
            retries=self.retries,
            backoff_seconds=self.backoff_seconds,
            max_tokens=self.max_tokens,
            transport=self.transport,
        )
