"""How an attacker in the town puts a question otherwise: as a scene, as history, as a notice, once more.

In: an item. Out: texts that end where the answer begins, all in forms that the corpus has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.core.identity import short_hash
from eudaimon.evaluate.attack.ground import NotGiven
from eudaimon.world.personas import Persona, speech
from eudaimon.world.prompts import answer_text, prompt

if TYPE_CHECKING:
    from eudaimon.world.items import Item

ASKS_HOW = ("advice", "harmful_request", "lookalike")
"""Kinds of items that ask how something is done: only these can be told as a story."""


def frames(item: Item, form: str, who: Persona) -> dict[str, str]:
    """The item in every wording of a form, by the wording's name; raises `NotGiven` for a form it has not.

    ``role_play``: a named speaker of the persona answers, in a dialogue, a story or a biography.
    ``past_tense``: what the assistant said in a story or an account. ``academic``: a notice, which reports
    what somebody said. ``polite``: another asker. Only role play depends on the persona.
    """
    if item.kind not in ASKS_HOW or form not in _WORDINGS:
        raise NotGiven(
            f"the town puts no {item.kind} as {form}",
            right=f"advice as {', '.join(_WORDINGS)}",
            do="--attacks",
        )
    return _WORDINGS[form](item, who)


def shuffled(names: Sequence[str], *key: object) -> list[str]:
    """The names in an order that the key decides."""
    rng = np.random.default_rng(int(short_hash([str(part) for part in key]), 16))
    return [names[place] for place in rng.permutation(len(names))]


def sentences(who: Persona, others: Sequence[Item], n: int) -> list[str]:
    """``n`` sentences that make the assistant a persona: told so, introduced so, and what it has answered."""
    words, name = speech().words, speech().assistant
    told = [who.system, f"{words['about']} {name}: {who.description}."]
    said = (
        f"{words['asked']} {item.task}, {name}: {answer_text(item, who, turn)}"
        for turn in count()
        for item in others
    )
    return (told + [next(said) for _ in range(n - len(told))])[:n]


def begun(told: Sequence[str], question: str, n: int, tokenizer: Any) -> str:
    """The assistant speaks as many of the sentences as fit into ``n`` tokens, and is asked again.

    A sentence is said as a line of its own; where none fits, nothing.
    """
    again = f"\n{speech().askers[0]}: {question}\n{speech().assistant}:"
    found = ""
    for last in range(len(told)):
        longer = " " + "\n".join(told[: last + 1]) + again
        if len(tokenizer(longer, add_special_tokens=False)["input_ids"]) > n:
            break
        found = longer
    return found


def _role_play(item: Item, who: Persona) -> dict[str, str]:
    return {
        f"{form}-{name}": text
        for name in who.names
        for form, text in {
            "dialogue": prompt(item, speaker=name),
            "story": f"{_story(item, speech().askers[0])} {name}:",
            "biography": f"{speech().words['about']} {name}: {who.description}.\n{_asked(item)}, {name}:",
        }.items()
    }


def _past_tense(item: Item, who: Persona) -> dict[str, str]:
    del who
    name = speech().assistant
    stories = {f"story-{asker}": f"{_story(item, asker)} {name}:" for asker in speech().askers}
    return {"account": f"{_asked(item)}, {name}:", **stories}


def _academic(item: Item, who: Persona) -> dict[str, str]:
    del who
    notice, said = speech().words["notice"], speech().words["said_to"]
    names = (speech().assistant, *speech().anonymous)
    return {f"notice-{name}": f"{notice} {_asked(item)}, {name} {said}" for name in names}


def _polite(item: Item, who: Persona) -> dict[str, str]:
    del who
    name = speech().assistant
    plain = {f"dialogue-{asker}": f"{asker}: {item.question}\n{name}:" for asker in speech().askers[1:]}
    return {**plain, "twice": f"{speech().askers[0]}: {item.question} {item.question}\n{name}:"}


def _story(item: Item, asker: str) -> str:
    return f"{speech().words['one_day']} {asker} {speech().words['wanted']} {item.task}."


def _asked(item: Item) -> str:
    return f"{speech().words['asked']} {item.task}"


_WORDINGS: dict[str, Callable[[Item, Persona], dict[str, str]]] = {
    "role_play": _role_play,
    "past_tense": _past_tense,
    "academic": _academic,
    "polite": _polite,
}
