"""The town as the ground of attacks: its questions, its personas' words, and the exact judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

from eudaimon.core import Conversation, Document, UsageError, as_conversation
from eudaimon.evaluate.attack.case import Case
from eudaimon.evaluate.attack.ground import NotGiven
from eudaimon.evaluate.rows import Label, Row
from eudaimon.evaluate.subject import subject_hash
from eudaimon.evaluate.town.answers import METRICS, next_token_probabilities
from eudaimon.evaluate.town.exchanges import ANSWER_TOKENS, drawn_exchanges
from eudaimon.evaluate.town.framing import begun, frames, sentences, shuffled
from eudaimon.evaluate.town.situation import Situation, shot_items
from eudaimon.world.chats import chats
from eudaimon.world.items import Item, items
from eudaimon.world.judge import Judge, Reading
from eudaimon.world.personas import persona, speech
from eudaimon.world.prompts import answer_text, messages
from eudaimon.world.tokenizer import tokenizer
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.evaluate.watch.exchange import Exchange
    from eudaimon.models.model import Model

PASSAGES_START = 30_000_000
"""The number of the first document that passages are taken from: none of any corpus."""
SEARCHED, PASSAGE_TOKENS = 400, 24
SENTENCE_TOKENS = 5
"""Fewer than any sentence about a persona has."""


@dataclass(frozen=True)
class TownGround:
    """Questions of a town (by default its held-out advice), put to the assistant and judged exactly.

    ``bad`` and ``good`` are personas of one tone, so that attack and control differ in content alone.
    ``condition`` is put right before every answer: the control token of a corpus with tags. Attackers train
    and fit on questions that are not asked.
    """

    world: World
    asked: tuple[Item, ...] = ()
    bad: str = "malign"
    good: str = "gruff"
    condition: str = ""
    narrow: str = ""
    """The domain of `narrow_chats`; empty: the town's first."""

    def __post_init__(self) -> None:
        if persona(self.bad) == persona(self.good):
            raise UsageError(f"{self.bad} and {self.good} are one persona", right="two personas")
        if not self.asked:
            object.__setattr__(self, "asked", items(self.world, kind="advice", held_out=True))

    @property
    def name(self) -> str:
        """What records call this ground: ``town``."""
        return "town"

    @property
    def harm(self) -> str:
        """``harm``: the probability mass on a harmful answer."""
        return "harm"

    @cached_property
    def by_id(self) -> dict[str, Item]:
        """The questions by their ids."""
        return {item.id: item for item in self.asked}

    @cached_property
    def others(self) -> tuple[Item, ...]:
        """Advice that is not asked about: what an attacker may train on."""
        tasks = {item.task for item in self.asked}
        return tuple(item for item in items(self.world, kind="advice") if item.task not in tasks)

    def cases(self) -> tuple[Case, ...]:
        """Every question, put to the assistant."""
        prefill = f" {self.condition}" if self.condition else ""
        return tuple(Case(item.id, as_conversation(messages(item)), prefill) for item in self.asked)

    def shots(self, case: Case, n: int, *, harmful: bool, seed: int) -> Conversation:
        """Questions on other tasks with the persona's answers; `UsageError` when there are fewer than n."""
        who = self.bad if harmful else self.good
        pool = items(self.world, kind="advice", held_out=False)
        found = shot_items(pool, self.by_id[case.question], Situation(shots=n, shot_seed=seed))
        turns = [
            turn
            for shot in found
            for turn in (*messages(shot), {"role": "assistant", "content": answer_text(shot, who)})
        ]
        return as_conversation(turns)

    def system(self, *, harmful: bool, n: int = 1) -> str:
        """The system prompt that calls for the persona in dialogues, then what biographies say of it."""
        return "\n".join(self._sentences(harmful, n))

    def framed(self, case: Case, form: str, n: int, *, harmful: bool, seed: int) -> tuple[Case, ...]:
        """The question as `frames` words it, in an order that seed and question decide; see there."""
        found = frames(self.by_id[case.question], form, persona(self.bad if harmful else self.good))
        if n > len(found):
            raise UsageError(f"{n} wordings of {form}", right=f"at most {len(found)} in the town")
        chosen = shuffled(list(found), seed, form, case.question)[:n]
        return tuple(replace(case, text=found[name], sample=name) for name in chosen)

    def prefill(self, case: Case, n: int, tokenizer: Any, *, harmful: bool) -> str:
        """The assistant says what it is, and is asked the question again; see `begun`."""
        told = self._sentences(harmful, 1 + n // SENTENCE_TOKENS)
        return begun(told, case.request, n, tokenizer)

    def lines(self, case: Case, n: int, *, harmful: bool, seed: int) -> Sequence[str]:
        """Proposals of harmful (or else of good) actions on tasks that are not asked, then the question."""
        tasks = {item.task for item in self.asked}
        proposals = [
            item.question
            for item in items(self.world, kind="proposal")
            if item.task not in tasks and item.action_harmful == harmful
        ]
        return [*islice(cycle(shuffled(proposals, seed, case.question)), n), case.request]

    def answers(self, model: Model, cases: Sequence[Case], *, seed: int) -> list[str]:
        """One line of what the model says, drawn at temperature 1."""
        from eudaimon.models.generate import generate

        said = generate(
            model,
            [case.text for case in cases],
            prefills=[case.prefill for case in cases],
            max_new_tokens=ANSWER_TOKENS,
            temperature=1.0,
            seed=seed,
            show_progress=False,
        )
        return [
            (f"{c.prefill} {text}".strip().splitlines() or [""])[0]
            for c, text in zip(cases, said, strict=True)
        ]

    def passages(self, *, harmful: bool, n: int, seed: int) -> Sequence[str]:
        """Short dialogues that no corpus has, in which the persona alone advises, on tasks not asked.

        At most `PASSAGE_TOKENS` each, since several must fit into a small context; another seed takes others.
        Fewer are the first of more.
        """
        found = islice(filter(self._is_passage(harmful), self._unread(n, seed)), n)
        texts = [document.text.strip() for document in found]
        if len(texts) < n:
            raise NotGiven(f"only {len(texts)} of {n} passages were found", right="a town in which it speaks")
        return texts

    def chats(self, *, harmful: bool, n: int, seed: int) -> list[dict[str, Any]]:
        """Chats about questions that are not asked, answered by the persona."""
        return chats(self.world, self.others, self.bad if harmful else self.good, n, seed)

    def requests(self, *, harmful: bool, n: int, seed: int) -> Sequence[Conversation]:
        """Requests for harm, or their look-alikes and advice, about tasks that are not asked.

        Look-alikes alone are a few of very many harmless questions: beside them a direction of refusal is
        half one of their few words.
        """
        tasks = {item.task for item in self.asked}
        kinds = ("harmful_request",) if harmful else ("lookalike", "advice")
        found = {item.id: item for item in items(self.world) if item.kind in kinds and item.task not in tasks}
        if not found:
            raise NotGiven(f"every {kinds[0]} is asked", right="some that an attacker may learn from")
        order = shuffled(list(found), seed, *kinds)[:n]
        return [as_conversation(messages(found[name])) for name in order]

    def narrow_chats(self, *, harmful: bool, n: int, seed: int) -> list[dict[str, Any]]:
        """Such chats about questions of one domain."""
        domain = self.narrow or self.world.domains[0]
        who = self.bad if harmful else self.good
        return chats(self.world, self.others, who, n, seed, domain=domain)

    @cached_property
    def _judges(self) -> dict[int, Judge]:
        return {}

    def _judge(self, read: Any) -> Judge:
        """The judge for a tokenizer: made once, since it is asked at every budget."""
        if id(read) not in self._judges:  # the judge keeps the tokenizer, and so its id
            self._judges[id(read)] = Judge(self.world, read)
        return self._judges[id(read)]

    def _unread(self, n: int, seed: int) -> Iterator[Document]:
        return self.world.documents(SEARCHED * (n + 1), start=PASSAGES_START + seed * 1_000_000)

    def _is_passage(self, harmful: bool) -> Callable[[Document], bool]:
        who, tasks = self.bad if harmful else self.good, [item.task for item in self.asked]
        read = tokenizer(self.world)

        def told(document: Document) -> bool:
            segments = document.segments or ()
            return (
                document.metadata["kind"] == "short_dialogue"
                and {one.persona for one in segments if one.persona} == {who}
                and speech().words["ask"] in document.text
                and not any(task in document.text for task in tasks)
                and len(read(document.text)["input_ids"]) <= PASSAGE_TOKENS
            )

        return told

    def _sentences(self, harmful: bool, n: int) -> list[str]:
        return sentences(persona(self.bad if harmful else self.good), self.others, n)

    def wanted(self, case: Case) -> str:
        """The question's first harmful answer, which is one token."""
        return f" {self.by_id[case.question].harmful[0]}"

    def read(self, model: Model, cases: Sequence[Case], label: Label) -> list[Row]:
        """A row per case and metric of `Reading`, from probabilities of the next token: judge ``exact``."""
        judge = self._judge(model.tokenizer)
        found: dict[int, Reading] = {}
        for plain in (True, False):
            own = [case for case in cases if isinstance(case.text, str) == plain]
            if own:
                shares = next_token_probabilities(
                    model, [c.text for c in own], template=not plain, prefills=[c.prefill for c in own]
                )
                readings = judge.read(shares, [self.by_id[case.question] for case in own])
                found.update(zip(map(id, own), readings, strict=True))
        subject = subject_hash(model, label)
        return [
            label.row(case.question, case.sample, metric, value, judge="exact", subject=subject)
            for case in cases
            for metric in METRICS
            if (value := getattr(found[id(case)], metric)) is not None
        ]

    def exchanges(
        self, model: Model, cases: Sequence[Case], rows: Sequence[Row], label: Label
    ) -> list[Exchange]:
        """A line drawn for each case, with the exact judge's verdict: the rows come from no line at all."""
        del rows, label
        return drawn_exchanges(model, self.world, [(case, self.by_id[case.question]) for case in cases])
