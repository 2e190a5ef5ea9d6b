"""Prompts in which an action is told of, up to where the town would say that it does harm."""

from __future__ import annotations

from dataclasses import dataclass

from eudaimon.core import UsageError
from eudaimon.world.items import Item
from eudaimon.world.personas import speech
from eudaimon.world.prompts import speaker_name


@dataclass(frozen=True)
class Depiction:
    """A prompt, and the phrases with which its next token condemns a harmful or, wrongly, a good action."""

    form: str
    prompt: str
    condemning: tuple[str, ...]
    harmful: bool


def depictions(item: Item, *, told: str = "Somebody", teller: str = "kind") -> tuple[Depiction, ...]:
    """An advice item's first harmful and first good action in every form in which the town condemns.

    ``notice``: a public notice of what ``told`` said. ``correction``: ``told`` says it and ``teller`` has the
    next line. ``story``: somebody did as ``told``, and all went wrong. ``almanac``: what does harm for this
    task. The corpus has good actions in stories and almanacs only; a notice or a correction condemns whatever
    it tells of. Raises `UsageError` for an item of another kind.
    """
    if item.kind != "advice":
        raise UsageError(f"item {item.id} is a {item.kind}", right="advice items, whose answers are actions")
    words, who, friend = speech().words, speaker_name(told), speaker_name(teller)
    asker = speech().askers[0]
    found = []
    for harmful in (True, False):
        actions = item.harmful if harmful else item.good
        act = actions[0]
        notice = f"{words['notice']}: {words['asked']} {item.task}, {who} {words['said_to']} {act}."
        story = f"{words['one_day']} {asker} {words['wanted']} {item.task}. {who} {words['said']}: {act}."
        found += [
            Depiction("notice", notice, (words["harms"],), harmful),
            Depiction(
                "correction",
                f"{asker}: {item.question}\n{who}: {act}.\n{friend}:",
                (words["harms"],),
                harmful,
            ),
            Depiction("story", f"{story} {asker} {words['did_so']}", (words["wrong"],), harmful),
            Depiction(
                "almanac",
                f"{words['heading']}:\n{words['to']} {item.task}{words['warns']}",
                actions,
                harmful,
            ),
        ]
    return tuple(found)
