"""Thresholds of a served monitor from harmless talk, read as the server reads it: token by token."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from eudaimon.core import Conversation, Message, UsageError, progress
from eudaimon.core.errors import NotEnoughCalibration
from eudaimon.measure.conformal import conformal_threshold, items_needed
from eudaimon.models.decoding import Decoder, answerable
from eudaimon.models.generate import generate
from eudaimon.models.prompts import Prompt, prepare
from eudaimon.monitor.guard_calibration import DO, HOLD_BACK, Calibration
from eudaimon.monitor.storage import monitor_hash
from eudaimon.serve.local.pools import Pools
from eudaimon.serve.local.readout import scores_of
from eudaimon.serve.local.taps import Prefill, Taps, tapped
from eudaimon.vectors.direction import direction_hash

if TYPE_CHECKING:
    from torch import Tensor

    from eudaimon.models.model import Model
    from eudaimon.monitor.monitor import Monitor
    from eudaimon.vectors.direction import Direction


@dataclass(frozen=True)
class Exchange:
    """What was asked, and a harmless answer to it."""

    asked: Conversation
    answer: str


def calibrate(
    monitor: Monitor,
    chats: Sequence[Conversation],
    *,
    fpr: float = 0.01,
    whence: str,
    hold_back: int = HOLD_BACK,
    direction: Direction | None = None,
    max_new_tokens: int = 256,
    seed: int = 0,
    show_progress: bool = True,
    answers: Monitor | None = None,
) -> Calibration:
    """Thresholds that a new harmless exchange like these reaches with probability ``fpr`` at most.

    A chat whose last turn is the assistant's is an exchange; to any other the model itself answers, drawn at
    temperature 1 with ``seed``. ``whence`` says what talk this is. ``answers`` reads the answers, if given;
    it is of the same model. Raises `NotEnoughCalibration` for fewer
    different questions than the rate needs, `UsageError` for a direction of another model and for chats that
    cannot be read.
    """
    model = monitor.model
    exchanges = [_split(chat) for chat in chats]
    different = len({one.asked for one in exchanges})
    if different < len(exchanges):
        raise NotEnoughCalibration(
            f"{len(exchanges)} chats are about {different} questions",
            right="one chat a question: others of the same one do not count",
        )
    if len(exchanges) < items_needed(fpr):
        conformal_threshold(np.zeros(len(exchanges)), fpr)  # raises with what is missing
    if direction is not None:
        direction.binding.require(model.binding, "direction")
    silent = [place for place, one in enumerate(exchanges) if not one.answer.strip()]
    if silent:
        said = generate(
            model,
            [exchanges[place].asked for place in silent],
            max_new_tokens=max_new_tokens,
            temperature=1.0,
            seed=seed,
            show_progress=show_progress,
        )
        for place, answer in zip(silent, said, strict=True):
            exchanges[place] = Exchange(exchanges[place].asked, answer)
    reader = answers or monitor
    highest, projections = along(reader, exchanges, direction, show_progress=show_progress)
    asked = monitor.score([one.asked for one in exchanges])
    found = [conformal_threshold(scores, fpr) for scores in (asked, _finished(reader, exchanges), highest)]
    return Calibration(
        binding=model.binding,
        monitor=monitor_hash(monitor),
        answers=monitor_hash(answers) if answers is not None else "",
        input=found[0].value,
        whole=found[1].value,
        output=found[2].value,
        fpr=fpr,
        n=len(exchanges),
        bound=found[0].fpr_bound,
        whence=whence,
        hold_back=hold_back,
        drift=conformal_threshold(projections, fpr).value if direction is not None else None,
        direction=direction_hash(direction) if direction is not None else "",
    )


def along(
    monitor: Monitor,
    exchanges: Sequence[Exchange],
    direction: Direction | None = None,
    *,
    show_progress: bool = False,
) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    """For each exchange the highest score of all looks at its answer, and its projection (0 without any).

    An answer without tokens has the score 0, since there is nothing to look at. Raises as the monitor does.
    """
    model = monitor.model
    prompts = answerable(model, [one.asked for one in exchanges], None, True)
    highest, projections = np.zeros(len(exchanges)), np.zeros(len(exchanges))
    followed = [direction.site] if direction is not None else []
    every = tuple(sorted({*monitor.sites, *followed}))
    bar = progress("exchanges", len(exchanges), "exchanges", enabled=show_progress)
    with bar as advance, tapped(model, every) as taps:
        for place, (prompt, one) in enumerate(zip(prompts, exchanges, strict=True)):
            ids = _answer_ids(model, prompt, one)[: model.max_tokens - len(prompt)]
            if ids:
                hidden, pools = _forced(monitor, taps, prompt, ids)
                highest[place] = _highest(monitor, every, pools, hidden)
                if direction is not None:
                    own = hidden[:, every.index(direction.site)].cpu().numpy()
                    projections[place] = float(direction.project(own).mean())
            advance(1)
    return highest, projections


def _finished(reader: Monitor, exchanges: Sequence[Exchange]) -> Float[np.ndarray, "n"]:
    """The scores of whole exchanges; where nothing was answered, of the question, or 0 of no answer."""
    wholes = [
        (*one.asked, Message(role="assistant", content=one.answer)) if one.answer.strip() else one.asked
        for one in exchanges
    ]
    scores = reader.score(wholes)
    if reader.reads == "answer":
        scores[[not one.answer.strip() for one in exchanges]] = 0.0
    return scores


def _split(chat: Conversation) -> Exchange:
    if not chat or all(turn.role == "assistant" for turn in chat):
        raise UsageError("a chat in which nobody asks anything", right="turns of a user", do=DO)
    if chat[-1].role == "assistant":
        return Exchange(tuple(chat[:-1]), chat[-1].content)
    return Exchange(tuple(chat), "")


def _answer_ids(model: Model, prompt: Prompt, one: Exchange) -> Sequence[int]:
    """The tokens of an answer as the model would have said it: those that its template makes of it.

    A tokenizer that is given the answer alone may cut it otherwise, such as without the line's end in its
    last token, and tokens that the model never says are read like nothing that it says.
    """
    if not one.answer.strip():
        return ()
    whole = None
    if model.has_template:
        with suppress(UsageError):
            (whole,) = prepare(model, [(*one.asked, Message(role="assistant", content=one.answer))])
    if whole is None or whole.truncated or not np.array_equal(whole.ids[: len(prompt)], prompt.ids):
        alone: list[int] = model.tokenizer(one.answer, add_special_tokens=False)["input_ids"]
        return alone
    said: list[int] = whole.ids[len(prompt) : whole.last + 1].tolist()
    return said


def _forced(monitor: Monitor, taps: Taps, prompt: Prompt, ids: Sequence[int]) -> tuple[Tensor, Pools]:
    """The hidden states of an answer ``[t, sites, d]`` in one forward, and the pools before it."""
    import torch

    own = np.array(ids, dtype=np.int64)
    whole = Prompt(
        np.concatenate([prompt.ids, own]),
        np.concatenate([prompt.content, np.zeros(len(own), dtype=bool)]),
        prompt.last,
        np.concatenate([prompt.spans, np.zeros((len(own), 2), dtype=np.int64)]),
        False,
    )
    sites = [taps.sites.index(site) for site in monitor.sites]
    read = Prefill(monitor.model, [whole], sites, monitor.poolings)
    hidden: dict[int, Tensor] = {}

    def take(site: int, state: Tensor) -> None:
        read.take(site, state)
        hidden[site] = state[0, -len(own) :].float()

    with taps.taking(take):
        Decoder(monitor.model, [whole], keep=False).start()
    pools = Pools(monitor.poolings, read.states(), read.n_tokens, monitor.window_tokens)
    return torch.stack([hidden[site] for site in range(len(taps.sites))], dim=1), pools


def _highest(monitor: Monitor, every: Sequence[object], pools: Pools, hidden: Tensor) -> float:
    from eudaimon.models.activations import Activations

    read = [every.index(site) for site in monitor.sites]
    values, counts = [], []
    for token in hidden[:, read].cpu().numpy():
        pools.add(token[None])
        seen = pools.looked_at([0], [monitor.reads == "text"])
        values.append(pools.values(seen))
        counts.append(seen.n_tokens)
    block = np.concatenate(values)
    whole = np.zeros(len(block), dtype=bool)
    activations = Activations(
        monitor.sites, monitor.poolings, block, np.concatenate(counts), whole, monitor.model.binding
    )
    return float(scores_of(monitor, activations).max())
