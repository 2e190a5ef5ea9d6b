"""The second opinion on a request: the text that is shown, and what its answer or its failure decides."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from eudaimon.core import Message, Text
from eudaimon.serve.asked import Decided
from eudaimon.serve.local.guard import Guard
from eudaimon.serve.local.job import Asking, Job
from eudaimon.serve.local.readout import failed
from eudaimon.serve.second import Side

log = logging.getLogger(__name__)


def ask(job: Job, text: Text, side: Side, n: int, first: Decided, wake: Callable[[Any], None]) -> None:
    """Ask about a text; ``wake`` is called when the answer is there. What it raises is its answer."""
    assert job.opinion is not None
    try:
        answer = job.opinion(text, side, first)
    except Exception as error:
        answer = Future()
        answer.set_exception(error)
    job.asking.append(Asking(side, n, answer))
    answer.add_done_callback(wake)


def ask_about_answer(job: Job, tokenizer: Any, wake: Callable[[Any], None]) -> None:
    """Ask about the answer so far where its looks want that.

    Where nothing is blocked nothing waits for it: then it is asked once, about the whole.
    """
    watched = job.watched
    if watched is None or watched.wants is None or job.opinion is None:
        return
    if job.asked.output == "score" and (job.finish is None or job.unread or job.looking):
        return
    n = watched.wants
    ask(job, shown(job.asked.text, job, n, tokenizer), "output", n, watched.asked(), wake)


def shown(text: Text, job: Job, n: int, tokenizer: Any) -> Text:
    """The conversation with the first ``n`` tokens of the answer as the assistant's turn."""
    answer: str = tokenizer.decode(job.release.tokens[:n], skip_special_tokens=True)
    if isinstance(text, str):
        return text + answer
    if len(text) > 1 and text[-1].role == "assistant":  # it was the beginning of the answer
        return (*text[:-1], Message(role="assistant", content=text[-1].content + answer))
    return (*text, Message(role="assistant", content=answer))


def answered(guard: Guard, one: Asking) -> Decided:
    """What a question that is answered has decided; a failure is a failed check."""
    limit = guard.input if one.side == "input" else guard.output
    if one.answer.cancelled():
        return failed("the second opinion was cancelled", limit, fail_open=guard.fail_open)
    error = one.answer.exception()
    if error is not None:
        log.error("the second opinion failed: %s", type(error).__name__)
        return failed(error, limit, fail_open=guard.fail_open)
    return one.answer.result()
