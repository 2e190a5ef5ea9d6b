"""A judge behind any provider: an inspect-ai model, by name or bound to a role.

inspect-ai talks to the provider, waits and tries again; here a request becomes its call, and its output a
reply. Nothing about the provider is known here, except what it does not do: give log-probabilities.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.judging.asker import Told
from eudaimon.evaluate.judging.one_loop import in_one_loop
from eudaimon.evaluate.judging.request import Request
from eudaimon.evaluate.judging.verdict import Reply, number_shares, written_number

if TYPE_CHECKING:
    from inspect_ai.model import GenerateConfig, Model, ModelOutput

log = logging.getLogger(__name__)

ROLE = "judge"
TOP = 20
"""Log-probabilities asked for at each token: the most that providers give."""
VERDICT_TOKENS = 16
"""Room for a verdict; the least that some providers accept."""
REASONING_TOKENS = 4096
"""Room for a model that reasons before it says anything."""


@dataclass(frozen=True)
class RoleJudge:
    """The inspect-ai model ``model`` (provider/name), or whichever is bound to ``role`` in an Inspect run.

    With ``url``, ``model`` is a name on that OpenAI-compatible server. ``api_key_env`` names the variable
    that holds the key, where it is not the provider's own. ``retries`` count the requests after the first,
    with waits that grow; ``timeout_seconds`` bounds each. Raises `UsageError` on what cannot be asked, and
    for a missing key when asking begins.
    """

    model: str
    url: str | None = None
    api_key_env: str = ""
    role: str = ROLE
    retries: int = 5
    timeout_seconds: float = 60.0
    concurrency: int = 8
    logprobs: bool = True

    def __post_init__(self) -> None:
        if self.concurrency < 1 or self.retries < 0 or self.timeout_seconds <= 0:
            raise UsageError(
                f"a judge with {self.retries} retries, {self.timeout_seconds} s and concurrency "
                f"{self.concurrency} cannot answer",
                right="retries of at least 0, a positive timeout, concurrency of at least 1",
            )
        if not self.model.strip() or (self.url is None and "/" not in self.model):
            raise UsageError(
                f"{self.model!r} names no judge",
                right="provider/model as inspect-ai names it, or a URL beside the name",
                do="openai/gpt-4o",
            )

    @property
    def name(self) -> str:
        """The model that is bound to the role, or else the one named here: provider and name."""
        bound = _bound(self.role)
        return self.model if bound is None else str(bound)

    def ask(self, requests: Sequence[Request], told: Told) -> None:
        """Put the requests, at most ``concurrency`` at a time to one model, whichever threads ask.

        ``told`` is called in the thread of `in_one_loop`, while the caller waits.
        """
        in_one_loop(lambda: self._ask(requests, told))

    async def _ask(self, requests: Sequence[Request], told: Told) -> None:
        conversation = _Conversation(self)
        entries = iter(enumerate(requests))
        going = True

        async def work() -> None:
            nonlocal going
            for index, request in entries:
                if not going:
                    return
                going = told(index, await conversation.reply(request)) and going

        try:
            # The first alone: what it finds out about the provider, the others need not.
            for index, request in entries:
                going = told(index, await conversation.reply(request))
                break
            await asyncio.gather(*(work() for _ in range(self.concurrency)))
        finally:
            await conversation.close()


class _Conversation:
    """An open model, and what it has shown that it cannot do."""

    def __init__(self, judge: RoleJudge) -> None:
        self.judge = judge
        self.logprobs = judge.logprobs
        self.answered = False
        self.room = VERDICT_TOKENS
        self.model, self.own = _opened(judge)

    async def reply(self, request: Request) -> Reply | str:
        """The reply, or why there is none."""
        try:
            output = await self._generate(request)
        except Exception as error:  # each provider has its own
            return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        if output.error or not output.choices:
            return output.error or "no choice in the output"
        usage = output.usage
        return Reply(
            output.completion.strip(),
            None if request.choices else _numbers(output),
            output.model,
            usage.input_tokens + (usage.input_tokens_cache_read or 0) if usage else 0,
            usage.output_tokens if usage else 0,
        )

    async def close(self) -> None:
        """Close what was opened here."""
        if self.own:
            async with self.model:
                pass

    async def _generate(self, request: Request) -> ModelOutput:
        try:
            output = await self._call(request)
        except Exception as error:
            if self.answered or not self.logprobs:
                raise
            # Some servers refuse a request for log-probabilities instead of leaving them out.
            output = await self._call(request, logprobs=False)
            log.warning("%s gives no log-probabilities: %.200s", self.judge.name, error)
            self.logprobs = False
        self.answered = True
        if output.stop_reason == "max_tokens" and not output.completion.strip():
            self.room = REASONING_TOKENS
            output = await self._call(request)
        return output

    async def _call(self, request: Request, *, logprobs: bool | None = None) -> ModelOutput:
        from inspect_ai.model import ChatMessageSystem, ChatMessageUser

        wanted = self.logprobs if logprobs is None else logprobs
        return await self.model.generate(
            [ChatMessageSystem(content=request.system), ChatMessageUser(content=request.user)],
            config=_config(self.judge, self.room, wanted and not request.choices),
        )


def _bound(role: str) -> Model | None:
    """The model that an Inspect run has bound to a role."""
    # Nobody can have bound one where inspect-ai, whose import takes seconds, was never imported.
    if "inspect_ai" not in sys.modules:
        return None
    from inspect_ai.model import model_roles

    found = model_roles().get(role)
    return found[0] if isinstance(found, list) else found


def _opened(judge: RoleJudge) -> tuple[Model, bool]:
    """The model, and whether it was opened here rather than bound to the role by somebody else."""
    try:
        from inspect_ai.model import get_model
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the judge {judge.name} needs inspect-ai", do='pip install "eudaimon[eval]"'
        ) from error
    settings: dict[str, Any] = {}
    if judge.api_key_env:
        key = os.environ.get(judge.api_key_env, "").strip()
        if not key or not key.isascii() or not key.isprintable():
            raise UsageError(
                f"the environment variable {judge.api_key_env} holds no usable key for the judge",
                do=f"export {judge.api_key_env}=...",
            )
        settings["api_key"] = key
    name = judge.model
    if judge.url is not None:
        name = f"openai-api/judge/{judge.model}"
        settings = {"api_key": "none", **settings, "base_url": judge.url}
    elif name.startswith("hf/"):
        settings["do_sample"] = False
    own = _bound(judge.role) is None
    try:
        model = get_model(name, role=judge.role, memoize=False, **settings)
    except Exception as error:  # a missing key or client library: inspect-ai says which
        raise UsageError(
            f"the judge {judge.name} cannot be asked: {' '.join(str(error).split())}",
            right="provider/model as inspect-ai names it, with the provider's key in the environment",
        ) from error
    if own:
        # Connections of its own: an Inspect run that asks the same model waits for them in another loop.
        key = f"{model.api.connection_key()} judge {judge.concurrency}"
        model.api.connection_key = lambda: key  # type: ignore[method-assign]
    return model, own


def _config(judge: RoleJudge, room: int, logprobs: bool) -> GenerateConfig:
    from inspect_ai.model import GenerateConfig

    return GenerateConfig(
        temperature=0.0,
        max_tokens=room,
        logprobs=True if logprobs else None,
        top_logprobs=TOP if logprobs else None,
        max_connections=judge.concurrency,
        max_retries=judge.retries,
        attempt_timeout=max(1, round(judge.timeout_seconds)),
    )


def _numbers(output: ModelOutput) -> dict[int, float] | None:
    """The probabilities of numbers at the first token that says something; None where they cannot be had."""
    found = output.choices[0].logprobs
    spoken = [token for token in (found.content if found else []) if token.token.strip()]
    if not spoken or not spoken[0].top_logprobs:
        return None
    written = written_number(output.completion)
    if written is not None and spoken[0].token.strip() != str(written):
        # The number is spread over tokens: the first one says tens, and its probabilities no numbers.
        return None
    return number_shares((top.token, top.logprob) for top in spoken[0].top_logprobs)
