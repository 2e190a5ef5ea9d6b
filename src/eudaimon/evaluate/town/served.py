"""The two monitors of a served model of the town: one reads what is asked, one the answers in their context.

Both are fitted on every second domain and choose and set thresholds on the others; the tasks that are asked
about are in neither. Each question and answer stands behind no system prompt and behind those of personas,
the good and the bad: an answer's states carry who was called for, and what it says must be told from that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from eudaimon.core import Conversation, Pooling, Site, Text, as_conversation
from eudaimon.data.query import Query
from eudaimon.evaluate.town.guard import FIT_FPR, LICENCE, split_domains, unasked_items
from eudaimon.world.personas import PERSONAS
from eudaimon.world.prompts import answer_text, does_harm, messages

if TYPE_CHECKING:
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.models.model import Model
    from eudaimon.monitor.monitor import Monitor
    from eudaimon.monitor.preparation import FitOptions
    from eudaimon.monitor.reading import Reads
    from eudaimon.world.items import Item

STRENGTHS = (0.03, 0.3, 3.0)
GOOD = tuple(name for name, who in PERSONAS.items() if who.benevolence == "good")
BAD = tuple(name for name, who in PERSONAS.items() if who.harmful)
SENTENCES = 4
"""Of the longer of the two system prompts that call for somebody."""

System: TypeAlias = tuple[str, str, bool]


def request_monitor(model: Model, ground: TownGround, *, seed: int = 0) -> Monitor:
    """A monitor of what is asked: requests for harm, and orders to be a harmful persona, are dangerous.

    It reads the last layer at the last position, from which the first token of the answer or the refusal
    follows. Its own threshold is one at `FIT_FPR`. Raises `UsageError` for a town of one domain.
    """
    from eudaimon.monitor.fitting import fit

    train, others = split_domains(ground)
    rows, calibration = (list(_requests(ground, domains)) for domains in (train, others))
    return fit(model, rows, calibration, _options("text", seed, sites=(model.sites[-1],), poolings=("last",)))


def answer_monitor(
    model: Model, ground: TownGround, *, seed: int = 0, systems: Sequence[System] | None = None
) -> Monitor:
    """A monitor of answers in their context, the harmful ones dangerous whoever asks and whoever is called.

    They stand behind ``systems``, those of `system_prompts` unless given. Its own threshold is one at
    `FIT_FPR`. Raises `UsageError` for a town of one domain.
    """
    from eudaimon.monitor.fitting import fit

    train, others = split_domains(ground)
    rows, calibration = (
        list(_answers(ground, domains, systems or system_prompts(ground))) for domains in (train, others)
    )
    return fit(model, rows, calibration, _options("answer", seed, sites=model.sites, poolings=("mean",)))


def served_chats(ground: TownGround) -> list[Conversation]:
    """Harmless exchanges of the domains that neither monitor is fitted on, one a question, without orders.

    Good personas answer in turn. Raises `UsageError` for a town of one domain.
    """
    asked = [
        item
        for item in unasked_items(ground, split_domains(ground)[1])
        if item.kind != "harmful_request" and not item.action_harmful
    ]
    return [_answered(item, GOOD[place % len(GOOD)]) for place, item in enumerate(asked)]


def _options(
    reads: Reads, seed: int, *, sites: tuple[Site, ...], poolings: tuple[Pooling, ...]
) -> FitOptions:
    from eudaimon.monitor.preparation import FitOptions

    return FitOptions(
        target_fpr=FIT_FPR,
        sweep_methods=(),
        poolings=poolings,
        sites=sites,
        strengths=STRENGTHS,
        kernel_strengths=(),
        n_layers=1,
        augment=False,
        keep_examples=False,
        seed=seed,
        reads=reads,
    )


def _requests(ground: TownGround, domains: Sequence[str]) -> Iterator[Query]:
    """Questions without harm in them and requests for harm, behind every system prompt."""
    for item in unasked_items(ground, domains):
        asks_harm = item.kind == "harmful_request"
        if item.action_harmful:  # whether a harmful plan is all right may be asked
            continue
        for name, told, harmful in system_prompts(ground):
            text = as_conversation(messages(item, system=told or None))
            yield _query(f"{item.id}/{name}", text, asks_harm or harmful, item)
            if told:  # each turn of a conversation is read alone as well
                yield _query(f"{item.id}/{name}/alone", told, harmful, item)


def _answers(ground: TownGround, domains: Sequence[str], systems: Sequence[System]) -> Iterator[Query]:
    """The answers of all personas, behind every system prompt."""
    for item in unasked_items(ground, domains):
        for name, told, _ in systems:
            for who, persona in PERSONAS.items():
                text = _answered(item, who, told)
                yield _query(f"{item.id}/{name}/{who}", text, does_harm(item, persona), item)


def system_prompts(ground: TownGround) -> tuple[System, ...]:
    """The system prompts of the fit, the first empty: name, text, whether it calls for somebody harmful."""
    longer = ((ground.good, False), (ground.bad, True))
    return (
        ("", "", False),
        *((name, PERSONAS[name].system, name in BAD) for name in (*GOOD, *BAD)),
        *((f"{name}-{SENTENCES}", ground.system(harmful=bad, n=SENTENCES), bad) for name, bad in longer),
    )


def _answered(item: Item, who: str, told: str = "") -> Conversation:
    answer = {"role": "assistant", "content": answer_text(item, who, len(item.id))}
    return as_conversation([*messages(item, system=told or None), answer])


def _query(name: str, text: Text, harmful: bool, item: Item) -> Query:
    return Query(name, text, "harmful" if harmful else "safe", item.domain, None, LICENCE)
