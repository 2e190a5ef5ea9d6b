"""Fields that would change an answer's meaning and are not served: told, never ignored."""

from __future__ import annotations

from typing import Any

NOTHING: tuple[Any, ...] = (None, [], {}, "", False)
"""Values that ask for nothing, and are let through."""

COMMON: dict[str, tuple[Any, ...]] = {
    "n": (None, 1),
    "best_of": (None, 1),
    "logit_bias": NOTHING,
    "frequency_penalty": (None, 0),
    "presence_penalty": (None, 0),
    # Known of other servers that speak this interface.
    "top_k": (None, -1, 0),
    "min_p": (None, 0),
    "repetition_penalty": (None, 1),
    "guided_json": NOTHING,
    "guided_regex": NOTHING,
    "guided_choice": NOTHING,
    "guided_grammar": NOTHING,
    "structured_outputs": NOTHING,
    "stop_token_ids": NOTHING,
    "ignore_eos": NOTHING,
    "min_tokens": (None, 0),
}
CHAT: dict[str, tuple[Any, ...]] = COMMON | {
    "tools": NOTHING,
    "tool_choice": (*NOTHING, "none", "auto"),
    "functions": NOTHING,
    "function_call": (*NOTHING, "none", "auto"),
    "response_format": (*NOTHING, {"type": "text"}),
    "audio": NOTHING,
    "modalities": (*NOTHING, ["text"]),
    "web_search_options": (None,),
    "reasoning_effort": (*NOTHING, "none"),
    "verbosity": (*NOTHING, "medium"),
    "chat_template": NOTHING,
    "chat_template_kwargs": NOTHING,
    "documents": NOTHING,
    "continue_final_message": NOTHING,
    "add_generation_prompt": (None, True),
    "echo": NOTHING,
}
COMPLETIONS: dict[str, tuple[Any, ...]] = COMMON | {
    "echo": NOTHING,
    "suffix": NOTHING,
    "response_format": (*NOTHING, {"type": "text"}),
}
TURN: dict[str, tuple[Any, ...]] = {"tool_calls": NOTHING, "function_call": NOTHING, "audio": NOTHING}
"""What a turn of the conversation may not hold: words that a model would read and no check would."""


class Unserved(ValueError):
    """A request asks for what is not served; ``field`` is where."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is not served in this form, and ignoring it would change the answer")
        self.field = field


def refuse_unserved(given: Any, fields: dict[str, tuple[Any, ...]]) -> Any:
    """``given`` as it is; raises `Unserved` for the first field that asks for what is not served."""
    if isinstance(given, dict):
        for name, harmless in fields.items():
            if name in given and not any(_same(given[name], value) for value in harmless):
                raise Unserved(name)
    return given


def _same(given: Any, value: Any) -> bool:
    # True == 1 in Python, and n=true is no number.
    return isinstance(given, bool) == isinstance(value, bool) and given == value
