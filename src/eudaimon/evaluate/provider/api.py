"""The provider of inspect-ai: a Subject that answers in batches."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Logprob,
    Logprobs,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    TopLogprob,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.core.text import Conversation, Message, as_conversation
from eudaimon.evaluate.provider.opening import open_words
from eudaimon.evaluate.provider.speaking import Asked, How, Spoken, Token, speak
from eudaimon.evaluate.provider.worker import Worker

if TYPE_CHECKING:
    from eudaimon.models.adapters.opening import SubjectModel
    from eudaimon.monitor.monitor import Monitor

Found = TypeVar("Found")
NEW_TOKENS = 256
"""The longest answer where nobody says how long."""
BATCH = 64
QUERY, ANSWER = "monitor_query", "monitor_answer"
"""In the metadata of an output: the monitor's scores of what was asked, and of that with its answer."""
ROLES = ("system", "user", "assistant", "tool")


class SubjectAPI(ModelAPI):
    """A checkpoint (folder, hub id, or a subject's JSON file) with its adapters, interventions and monitor.

    Model arguments: ``adapters``, ``steer`` (words as `open_words` takes them), ``monitor`` (a file),
    ``device``, ``dtype``, ``batch`` (most answers at once), ``force``. Temperature is 1 and an answer
    `NEW_TOKENS` long unless the config says otherwise. A sample follows from seed (0 unless given), prompt
    and how often that was asked before, whoever else stands in the batch. A last turn of the assistant is
    the beginning of the answer.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  frozen by contract of the base class
        adapters: str | Sequence[str] = (),
        steer: str | Sequence[str] = (),
        monitor: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
        batch: int = BATCH,
        force: bool = False,
        **others: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        if others:
            raise UsageError(
                f"eudaimon/{model_name} takes no argument {', '.join(others)}",
                right="adapters, steer, monitor, device, dtype, batch, force",
            )
        self.batch = batch
        self._seen: Counter[str] = Counter()
        self._worker: Worker[Asked, How, _Answered] = Worker(self._answers, batch)

        def start() -> tuple[SubjectModel, Monitor | None]:
            from eudaimon.monitor.storage import load_monitor

            model = open_words(model_name, adapters, steer, device=device, dtype=dtype, force=force)
            return model, load_monitor(monitor, model, force=force, reads="text") if monitor else None

        self.model, self.monitor = self._worker.call(start).result()

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """The answer, with usage, the seconds of its batch, log-probabilities and the monitor's scores."""
        if tools:
            raise UsageError("eudaimon's models call no tools", right="a task without tools")
        text, prefill = conversation(input)
        answered = await self.awaited(
            self._worker.ask(Asked(text, prefill, self._seed(text, prefill, config)), how_of(config))
        )
        spoken = answered.spoken
        return ModelOutput(
            model=self.model_name,
            choices=[
                ChatCompletionChoice(
                    message=ChatMessageAssistant(
                        content=spoken.text, model=self.model_name, source="generate"
                    ),
                    stop_reason=spoken.ending,
                    logprobs=_logprobs(spoken.tokens) if config.logprobs else None,
                )
            ],
            usage=ModelUsage(
                input_tokens=spoken.n_input,
                output_tokens=len(spoken.ids),
                total_tokens=spoken.n_input + len(spoken.ids),
            ),
            time=answered.seconds,
            metadata=answered.scores or None,
        )

    def begin(self, do: Callable[[SubjectModel], Found]) -> Future[Found]:
        """What ``do`` will give of the model, called in the thread in which its interventions act."""
        return self._worker.call(lambda: do(self.model))

    async def awaited(self, future: Future[Found]) -> Found:
        """What a future of the worker gives, without holding up others; it may be awaited many times.

        Under asyncio, which Inspect runs on unless told otherwise.
        """
        return await asyncio.shield(asyncio.wrap_future(future))

    def max_connections(self) -> int:
        """As many as there are in a batch."""
        return self.batch

    def max_tokens(self) -> int | None:
        """The longest answer where nobody says how long."""
        return NEW_TOKENS

    def close(self) -> None:
        """End the worker's thread."""
        self._worker.close()

    def _seed(self, text: Conversation, prefill: str, config: GenerateConfig) -> int:
        # Epochs of one sample ask the same: each is another draw.
        seed = config.seed or 0
        asked = short_hash([[turn.role, turn.content] for turn in text] + [["prefill", prefill], [str(seed)]])
        before = self._seen[asked]
        self._seen[asked] += 1
        return seed if before == 0 else int(short_hash([seed, before]), 16)

    def _answers(self, asked: Sequence[Asked], how: How) -> list[_Answered]:
        began = time.monotonic()
        spoken = speak(self.model, asked, how)
        seconds = time.monotonic() - began
        scores: list[dict[str, float]] = [{} for _ in asked]
        if self.monitor is not None:
            queries = self.monitor.score([one.text for one in asked])
            wholes = self.monitor.score(
                [_with_answer(one, said) for one, said in zip(asked, spoken, strict=True)]
            )
            scores = [
                {QUERY: float(query), ANSWER: float(whole)}
                for query, whole in zip(queries, wholes, strict=True)
            ]
        return [_Answered(said, own, seconds) for said, own in zip(spoken, scores, strict=True)]


class _Answered:
    def __init__(self, spoken: Spoken, scores: dict[str, float], seconds: float) -> None:
        self.spoken, self.scores, self.seconds = spoken, scores, seconds


def conversation(messages: Sequence[ChatMessage]) -> tuple[Conversation, str]:
    """The turns of Inspect's messages, and the beginning of the answer: a last turn of the assistant."""
    turns = tuple(
        Message(role=message.role, content=message.text) for message in messages if message.role in ROLES
    )
    if turns and turns[-1].role == "assistant":
        return turns[:-1], turns[-1].content
    return turns, ""


def how_of(config: GenerateConfig) -> How:
    """How to draw under Inspect's config; what it leaves open is as `SubjectAPI` says."""
    return How(
        temperature=1.0 if config.temperature is None else config.temperature,
        top_p=1.0 if config.top_p is None else config.top_p,
        max_new_tokens=config.max_tokens or NEW_TOKENS,
        stop=tuple(config.stop_seqs or ()),
        top=(config.top_logprobs or 1) if config.logprobs else None,
    )


def _with_answer(asked: Asked, said: Spoken) -> Conversation:
    return (*as_conversation(asked.text), Message(role="assistant", content=asked.prefill + said.text))


def _logprobs(tokens: Sequence[Token]) -> Logprobs:
    return Logprobs(
        content=[
            Logprob(
                token=token.text,
                logprob=token.logprob,
                bytes=list(token.text.encode()),
                top_logprobs=[
                    TopLogprob(token=text, logprob=value, bytes=list(text.encode()))
                    for text, value in token.top
                ],
            )
            for token in tokens
        ]
    )
