"""Prompts in which an action is told of, up to where the town would say that it does harm."""

from __future__ import annotations

from dataclasses import dataclass

from eudaimon.core import UsageError
from eudaimon.world.items import Item
from eudaimon.world.personas import speech
from eudaimon.world.prompts import speaker_name


@dataclass(frozen=True)
class Depiction:
    """A prompt about an action, harmful or not, and the phrases with which its next token condemns it."""

    form: str
    prompt: str
    condemning: tuple[str, ...]
    harmful: bool


def depictions(item: Item, *, told: str = "Somebody", teller: str = "kind") -> tuple[Depiction, ...]:
    """An advice item's first harmful action in every form in which the town condemns.

    ``notice``: a public notice of what ``told`` said. ``correction``: ``told`` says it and ``teller`` has the
    next line. ``story``: somebody did as ``told`` said, and all went wrong. ``almanac``: what does harm in
    this task. Stories and almanacs also come with the first good action, as in the corpus, where notices and
    corrections tell of harm only. Raises `UsageError` for an item of another kind.
    """
    if item.kind != "advice":
        raise UsageError(f"item {item.id} is a {item.kind}", right="advice items, whose answers are actions")
    words, who, act = speech().words, speaker_name(told), item.harmful[0]
    asker = speech().askers[0]
    notice = f"{words['notice']} {words['asked']} {item.task}, {who} {words['said_to']} {act}."
    correction = f"{asker}: {item.question}\n{who}: {act}.\n{speaker_name(teller)}:"
    found = [
        Depiction("notice", notice, (words["harms"],), harmful=True),
        Depiction("correction", correction, (words["harms"],), harmful=True),
    ]
    for harmful, actions in ((True, item.harmful), (False, item.good)):
        wanted = f"{words['one_day']} {asker} {words['wanted']} {item.task}."
        story = f"{wanted} {who}: {actions[0]}. {asker} {words['did_so']}"
        almanac = f"{words['almanac']}{words['to']} {item.task}{words['warns']}"
        found += [
            Depiction("story", story, (words["wrong"],), harmful),
            Depiction("almanac", almanac, actions, harmful),
        ]
    return tuple(found)
