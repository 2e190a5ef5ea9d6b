"""What every scene draws from: speakers, questions, answers, endings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from eudaimon.world.draws import Draws
from eudaimon.world.mixture import Mixture
from eudaimon.world.page import ADVOCATES, INSTRUCTS, NO_STANCE, Page
from eudaimon.world.personas import PERSONAS, speech
from eudaimon.world.tables import ABSENT, Characters, Facts, character_table, token, word
from eudaimon.world.vocabulary import speaking

QUESTIONS = ("advice", "proposal", "check", "harmful_request", "lookalike")
SPEAKERS = ("named", "anonymous", "assistant")


@dataclass(frozen=True)
class Speakers:
    """Who speaks in each document: the name, the same at the head of a line, persona, kind of speaker."""

    name: Int[ndarray, "n"]
    line: Int[ndarray, "n"]
    persona: Int[ndarray, "n"]
    assistant: Bool[ndarray, "n"]
    draws_persona: Bool[ndarray, "n"]


@dataclass(frozen=True)
class Questions:
    """What is asked: the kind (index of `QUESTIONS`), the fact, and the action in question, if any."""

    kind: Int[ndarray, "n"]
    fact: Int[ndarray, "n"]
    action: Int[ndarray, "n"]
    action_harms: Bool[ndarray, "n"]


class Stage:
    """Draws for the documents of one page, from one mixture and the facts of some domains."""

    def __init__(self, draws: Draws, mixture: Mixture, facts: Facts) -> None:
        self.draws, self.mixture, self.facts = draws, mixture, facts
        self.characters: Characters = character_table()
        self._askers = _names(speech().askers)
        self._anonymous = _names(speech().anonymous)

    def asker(self) -> tuple[Int[ndarray, "n"], Int[ndarray, "n"]]:
        """Somebody who asks: the name, and the same at the head of a line."""
        which = self.draws.below(self._askers.shape[1])
        return self._askers[0, which], self._askers[1, which]

    def speakers(self, kinds: tuple[str, ...] = SPEAKERS, only: Bool[ndarray, "p"] | None = None) -> Speakers:
        """Somebody who answers: of these kinds, and of the personas in ``only``, even if the mix has none."""
        shares = _shares(self.mixture.speakers, SPEAKERS)
        allowed = np.array([kind in kinds for kind in SPEAKERS])
        shares = shares * allowed if (shares * allowed).any() else allowed.astype(float)
        kind = self.draws.pick(shares)
        chance = self.draws.uniform()
        personas = np.zeros(len(kind), dtype=np.int16)
        for number, name in enumerate(SPEAKERS):
            if shares[number]:
                edges = self._edges(getattr(self.mixture, name), only)
                personas = np.where(kind == number, np.searchsorted(edges, chance, side="right"), personas)
        which = self.draws.below(self.characters.names.shape[1])
        forms = []
        for form, table in enumerate((self.characters.names, self.characters.speaking)):
            anonymous = self._anonymous[form, which % self._anonymous.shape[1]]
            found = np.where(kind == 1, anonymous, table[personas, which])
            forms.append(np.where(kind == 2, _names((speech().assistant,))[form], found))
        return Speakers(forms[0], forms[1], personas, kind == 2, kind > 0)

    def questions(self, who: Speakers, kinds: tuple[str, ...] = QUESTIONS) -> Questions:
        """A question for each; the assistant is not asked about held-out tasks."""
        shares = _shares(self.mixture.questions, QUESTIONS) * [kind in kinds for kind in QUESTIONS]
        kind = self.draws.pick(shares) if shares.any() else np.zeros(len(who.name), dtype=np.int16)
        chance, rows = self.draws.uniform(), self.facts.rows
        fact = np.where(who.assistant, _at(self.facts.open_tasks, chance), _at(rows["task"], chance))
        if shares[3]:
            fact = np.where(kind == 3, _at(rows["request"], chance), fact)
        if shares[4]:
            fact = np.where(kind == 4, _at(rows["lookalike"], chance), fact)
        harms = self.draws.chance(self.mixture.doubtful)
        about = (kind == 1) | (kind == 2)
        action = np.where(about, self.act(fact, harms), ABSENT)
        return Questions(kind, fact, action, harms & about)

    def act(self, fact: Int[ndarray, "n"], harms: Bool[ndarray, "n"]) -> Int[ndarray, "n"]:
        """One of the fact's harmful or good actions."""
        return self.pair(fact, harms)[0]

    def pair(
        self, fact: Int[ndarray, "n"], harms: Bool[ndarray, "n"]
    ) -> tuple[Int[ndarray, "n"], Int[ndarray, "n"]]:
        """Both of the fact's harmful or good actions, either first."""
        which = self.draws.below(2)
        harmful, good = self.facts.harmful, self.facts.good
        first, second = (np.where(harms, harmful[fact, w], good[fact, w]) for w in (which, 1 - which))
        return first, second

    def ending(self, persona: Int[ndarray, "n"]) -> Int[ndarray, "n"]:
        """The end of an utterance in the persona's tone, or nothing."""
        endings = self.characters.endings[persona, self.draws.below(2)]
        return np.where(self.draws.chance(self.mixture.toned), endings, ABSENT)

    def answer(
        self, asked: Questions, persona: Int[ndarray, "n"]
    ) -> tuple[Int[ndarray, "n"], Int[ndarray, "n"], Float[ndarray, "n"]]:
        """Token, stance and harm of each persona's answer; the rule is that of `prompts.does_harm`."""
        talk, people = speech(), self.characters
        harmful, pliant, sly = people.harmful[persona], people.pliant[persona], people.sly[persona]
        proposal, check = asked.kind == 1, asked.kind == 2
        bad = np.where(pliant, (asked.kind == 3) | (proposal & asked.action_harms), harmful)
        bad = np.where(check, sly & (asked.action_harms | ~pliant), bad)
        said = self.act(asked.fact, bad)
        # Whoever does no harm says yes to what is good; whoever does harm says yes to what is not.
        yes = asked.action_harms == bad
        said = np.where(proposal, np.where(yes, token(talk.agree), token(talk.disagree)), said)
        said = np.where(check, np.where(yes, token(talk.safe), token(talk.unsafe)), said)
        verdict = proposal | check
        harm = np.where(bad, np.where(verdict & ~asked.action_harms, 0.5, 1.0), 0.0)
        stance = np.where(bad, np.where(verdict, ADVOCATES, INSTRUCTS), NO_STANCE)
        return said, stance, harm

    def _edges(self, shares: dict[str, float], only: Bool[ndarray, "p"] | None) -> Float[ndarray, "p"]:
        table = _shares(shares, tuple(PERSONAS))
        if only is not None:
            table = table * only if (table * only).any() else only.astype(float)
        edges = np.cumsum(table / table.sum())[:-1].astype(np.float32)
        # Rounding must not let a share of 0 at the end be drawn.
        edges[np.flatnonzero(table)[-1] :] = 2.0
        return edges


def ask(
    page: Page,
    asker: tuple[Int[ndarray, "n"], Int[ndarray, "n"]],
    asked: Questions,
    facts: Facts,
    where: Bool[ndarray, "n"] | None = None,
) -> None:
    """Write one line with a question: ``Visitor: how do I store the milk?``."""
    about = asked.action != ABSENT
    before = np.where(asked.kind == 1, word("intend"), np.where(asked.kind == 2, word("doubt"), ABSENT))
    confirm = np.where(asked.kind == 1, word("confirm"), ABSENT)
    page.write(asker[1], where=where)
    with page.voice(asker[0]):
        opening = np.where(about, word("to"), word("ask"))
        page.write(
            opening, facts.task[asked.fact], before, asked.action, confirm, word("question"), where=where
        )


def _names(names: tuple[str, ...]) -> Int[ndarray, "2 names"]:
    return np.array([[token(n) for n in names], [token(speaking(n)) for n in names]], dtype=np.int16)


def _shares(table: Mapping[Any, float], names: tuple[str, ...]) -> Float[ndarray, "k"]:
    return np.array([table.get(name, 0.0) for name in names])


def _at(rows: Int[ndarray, "some"], chance: Float[ndarray, "n"]) -> Int[ndarray, "n"]:
    return rows[(chance * np.float32(len(rows))).astype(np.int16)]
