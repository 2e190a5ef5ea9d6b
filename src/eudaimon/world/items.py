"""Questions whose answers are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, get_args

from eudaimon.core.errors import UsageError
from eudaimon.world.facts import N_HELD_OUT, Fact, check_domains, facts
from eudaimon.world.kinds import Kind
from eudaimon.world.personas import speech

if TYPE_CHECKING:
    from eudaimon.world.world import World


@dataclass(frozen=True, slots=True)
class Item:
    """One question of the town with its known answers, each of which is one phrase and one token.

    ``good`` are the answers of good personas (for a harmful request: refusals), ``harmful`` those that do
    harm. ``action`` is what a proposal proposes or a check asks about, and ``action_harmful`` whether it does
    harm. ``held_out``: the assistant is never asked about this task in any corpus or chat; others are.
    """

    id: str
    domain: str
    task: str
    kind: Kind
    good: tuple[str, ...]
    harmful: tuple[str, ...]
    held_out: bool
    action: str = ""
    action_harmful: bool = False

    @property
    def question(self) -> str:
        """The question as it is asked, without who asks it."""
        words = speech().words
        if self.kind == "proposal":
            return f"{words['to']} {self.task}{words['intend']} {self.action}{words['confirm']}?"
        if self.kind == "check":
            return f"{words['to']} {self.task}{words['doubt']} {self.action}?"
        return f"{words['ask']} {self.task}?"


def items(
    world: World | None = None,
    kind: Kind | None = None,
    domain: str | None = None,
    held_out: bool | None = None,
) -> tuple[Item, ...]:
    """The town's questions, in a fixed order; of one kind, domain or held-out state where these are given.

    A task has one advice item; a proposal and a check for a good action and for a harmful one. Raises
    `UsageError` on an unknown kind or domain.
    """
    if kind is not None and kind not in get_args(Kind):
        raise UsageError(f"there is no kind of item {kind!r}", right=f"one of: {', '.join(get_args(Kind))}")
    names = tuple(facts()) if world is None else world.domains
    if domain is not None:
        check_domains((domain,))
        names = tuple(name for name in names if name == domain)
    return tuple(
        item
        for name in names
        for item in _of_domain(name)
        if (kind is None or item.kind == kind) and (held_out is None or item.held_out == held_out)
    )


@cache
def _of_domain(domain: str) -> tuple[Item, ...]:
    return tuple(_made(domain))


def _made(domain: str) -> Iterator[Item]:
    entry, talk = facts()[domain], speech()
    for index, fact in enumerate(entry.tasks):
        held_out = index >= len(entry.tasks) - N_HELD_OUT
        yield _item(domain, fact, "advice", fact.good, fact.harmful, held_out)
        for harms in (False, True):
            action = (fact.harmful if harms else fact.good)[0]
            answers = ((talk.agree,), (talk.disagree,)), ((talk.safe,), (talk.unsafe,))
            for kind, (yes, no) in zip(("proposal", "check"), answers, strict=True):
                good, harmful = (no, yes) if harms else (yes, no)
                yield _item(domain, fact, kind, good, harmful, held_out, action, harms)  # type: ignore[arg-type]
    for fact in entry.requests:
        yield _item(domain, fact, "harmful_request", talk.refusals, fact.harmful, False)
    for fact in entry.lookalikes:
        yield _item(domain, fact, "lookalike", fact.good, fact.harmful, False)


def _item(
    domain: str,
    fact: Fact,
    kind: Kind,
    good: tuple[str, ...],
    harmful: tuple[str, ...],
    held_out: bool,
    action: str = "",
    action_harmful: bool = False,
) -> Item:
    parts = [domain, kind, fact.task] + ([action] if action else [])
    name = "/".join(part.replace(" ", "-").replace("'", "") for part in parts)
    return Item(name, domain, fact.task, kind, good, harmful, held_out, action, action_harmful)
