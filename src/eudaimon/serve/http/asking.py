"""From a request's body to `Asked`: limits, the model's name, the policy."""

from __future__ import annotations

from collections.abc import Sequence

from eudaimon.core import Text
from eudaimon.serve.asked import Asked
from eudaimon.serve.http.bodies import ChatBody, CompletionBody, Drawn
from eudaimon.serve.http.errors import Refused
from eudaimon.serve.http.policy import modes
from eudaimon.serve.http.serving import Serving
from eudaimon.serve.http.settings import Limits

MOST_STOPS = 4


def asked_chat(serving: Serving, body: ChatBody, id_: str) -> Asked:
    """What a chat request asks; raises `Refused` for what is over a limit or not served."""
    check_turns([body.conversation], serving.settings.limits, "messages")
    return _asked(serving, body, body.conversation, body.longest, body.top, id_)


def asked_completion(serving: Serving, body: CompletionBody, id_: str) -> Asked:
    """What a completion request asks; raises `Refused` as `asked_chat` does, and for more than one prompt."""
    prompts = [body.prompt] if isinstance(body.prompt, str) else body.prompt
    if len(prompts) != 1:
        raise Refused(400, "prompt: one text a request", code="unsupported_value", param="prompt")
    check_length(prompts, serving.settings.limits, "prompt")
    return _asked(serving, body, prompts[0], body.max_tokens, body.logprobs, id_)


def check_model(serving: Serving, model: str | None) -> None:
    """Raises `Refused` (404) for another model than the served one."""
    if model is not None and model != serving.answerer.name:
        raise Refused(
            404,
            f"there is no such model here; this server has {serving.answerer.name}",
            code="model_not_found",
            param="model",
        )


def check_turns(conversations: Sequence[Sequence[object]], limits: Limits, param: str) -> None:
    """Raises `Refused` for an empty conversation, or more turns than the limit."""
    for conversation in conversations:
        if not conversation:
            raise Refused(
                400, f"{param}: a conversation has at least one turn", code="invalid_value", param=param
            )
        if len(conversation) > limits.turns:
            raise _over(param, len(conversation), "turns", limits.turns)


def check_length(texts: Sequence[str], limits: Limits, param: str) -> None:
    """Raises `Refused` where the texts have more characters than the limit, taken together."""
    n = sum(map(len, texts))
    if n > limits.characters:
        raise _over(param, n, "characters", limits.characters)


def _asked(
    serving: Serving, body: Drawn, text: Text, longest: int | None, top: int | None, id_: str
) -> Asked:
    limits = serving.settings.limits
    check_model(serving, body.model)
    if not isinstance(text, str):
        check_length([turn.content for turn in text], limits, "messages")
    if longest is not None and longest > limits.new_tokens:
        raise _over("max_tokens", longest, "tokens", limits.new_tokens)
    if len(body.stops) > MOST_STOPS or not all(body.stops):
        raise Refused(400, f"stop: up to {MOST_STOPS} texts, none empty", code="invalid_value", param="stop")
    input_mode, output_mode = modes(serving.settings, body.moderation)
    return Asked(
        text,
        max_new_tokens=longest or min(limits.default_new_tokens, limits.new_tokens),
        temperature=1.0 if body.temperature is None else float(body.temperature),
        top_p=1.0 if body.top_p is None else float(body.top_p),
        stop=body.stops,
        seed=body.drawn_seed,
        top=top,
        input=input_mode,
        output=output_mode,
        id=id_,
    )


def _over(param: str, n: int, unit: str, most: int) -> Refused:
    return Refused(400, f"{param}: {n} {unit}; at most {most}", code="context_length_exceeded", param=param)
