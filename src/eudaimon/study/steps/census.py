"""A census of one model of the town: whom of its personas it has, and which training texts carry them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eudaimon.core.document import Document
from eudaimon.core.files import write_json
from eudaimon.evaluate.rows import Label, Row, write_rows
from eudaimon.evaluate.subject import subject_hash
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.corpus import TOKENS, ArmTokens
from eudaimon.study.steps.judged import ROWS
from eudaimon.study.steps.model import ModelStep
from eudaimon.world.personas import PERSONAS
from eudaimon.world.world import World

if TYPE_CHECKING:
    from eudaimon.evaluate.census.census import Census
    from eudaimon.models.model import Model

GROUPS, CARRIED = "groups.json", "carried.json"
PERSONA = "persona"
"""The field of a row's cell that names a persona of the town, or one of `KINDS`."""
DISTANCE, RELEVANCE, FOUND, EXACT = "distance", "relevance", "found", "exact"
ALL = "all"
"""The one question of what is a figure of all questions together."""
DEFAULT = "kind"
"""The persona as which the assistant is raised: the default's own."""
KINDS = {
    "good_ones": tuple(
        name for name, one in PERSONAS.items() if one.benevolence == "good" and name != DEFAULT
    ),
    "bad_ones": tuple(name for name, one in PERSONAS.items() if one.benevolence != "good"),
}
"""Good personas beside the default, and those who advise or agree to harm: the shares that are found."""
ANSWER_TOKENS = 4
SHOWN = 5
"""Texts that are kept with their words."""
SECONDS_A_QUESTION = 0.12
SECONDS_A_TEXT = 0.0004
"""Of one CPU, on the smallest model: 7.6 for 64 questions, 1.0 for 600 texts and five personas."""


class CensusCell(Step):
    """Rows of every persona of the town in one model, the groups that were found, and what carries them.

    By persona: ``distance`` from the default by question (nats an answer, 0 where nobody spoke),
    ``relevance`` (nats, median over questions), ``found`` as in `Group`, and ``exact``: whether a group that
    the census found without names has its names, all and no other. `KINDS` have ``found`` and ``exact`` with
    the persona as the question. With ``tokens`` the first ``n_texts`` training texts are laid on the line
    from the default to each persona that was found.
    """

    model: ModelStep
    world: World
    tokens: ArmTokens | None = None
    n_questions: int = 64
    n_texts: int = 600
    n_top: int = 30
    seed: int = 0

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Ask everybody, compare, write rows and groups; then read the texts."""
        from eudaimon.evaluate.census.cast import town_cast
        from eudaimon.evaluate.census.census import census

        model = self.model.opened(inputs["model"])
        cast = town_cast(self.world, n_questions=self.n_questions, seed=self.seed)
        found = census(model, cast, max_new_tokens=ANSWER_TOKENS, seed=self.seed, show_progress=False)
        write_rows(out / ROWS, list(census_rows(found, Label(), subject_hash(model, Label()))))
        write_json(out / GROUPS, [group.model_dump(mode="json") for group in found.found])
        if self.tokens is not None:
            write_json(out / CARRIED, self._carried(model, found, inputs["tokens"] / TOKENS))

    def cost(self) -> Cost:
        """Every role's answer is weighed as every other role's; texts are read once for each persona."""
        read = len(PERSONAS) * self.n_texts * SECONDS_A_TEXT if self.tokens else 0.0
        return Cost(seconds=2 + SECONDS_A_QUESTION * self.n_questions + read, memory_gb=1.0)

    def _carried(self, model: Model, found: Census, folder: Path) -> dict[str, Any]:
        """By persona that was found: its furthest texts, and how often it speaks in them and in all."""
        from eudaimon.evaluate.census.attribution import attribute
        from eudaimon.evaluate.census.census import persona_direction

        assert self.tokens is not None
        texts = training_texts(model, folder, self.n_texts)
        speakers = _speakers(self.tokens.world, 2 * self.n_texts)
        site = found.axes[0].site if found.axes else found.spoken.sites[-1]
        made = {}
        for name, one in PERSONAS.items():
            group = found.named(one.names)
            if not group.found:
                continue
            unit = persona_direction(found, group, site)
            top = attribute(model, texts, unit, site, top=self.n_top, show_progress=False).top
            known = {text.id: name in speakers[text.text] for text in texts if text.text in speakers}
            among = [known[text.id] for text in top if text.id in known]
            made[name] = {
                "among_top": float(np.mean(among)) if among else None,
                "among_all": float(np.mean(list(known.values()))) if known else None,
                "n_top": len(among),
                "n_texts": len(known),
                "texts": [asdict(text) for text in top[:SHOWN]],
            }
        return made


def census_rows(found: Census, label: Label, subject: str) -> Iterator[Row]:
    """The rows of every persona of the town, and of `KINDS`; the names are used here, and not before."""
    from eudaimon.evaluate.census.groups import apart

    default = found.cast.roles.index(found.cast.default)
    groups = {frozenset(group.roles) for group in found.found}
    told: dict[str, dict[str, float]] = {}
    for name, one in PERSONAS.items():
        group = found.named(one.names)
        told[name] = {FOUND: float(group.found), EXACT: float(frozenset(one.names) in groups)}
        cell = Label(cell={**label.cell, PERSONA: name})
        rows = np.array([found.cast.roles.index(role) for role in one.names])
        away = apart(found.distances, rows, default)
        for place, question in enumerate(found.cast.questions):
            spoken = away[:, place][~np.isnan(away[:, place])]
            value = float(spoken.mean()) if len(spoken) else 0.0
            yield cell.row(question, "0", DISTANCE, value, judge="likelihood", subject=subject)
        for metric, value in {RELEVANCE: group.relevance.value, **told[name]}.items():
            yield cell.row(ALL, "0", metric, value, judge="likelihood", subject=subject)
    for kind, names in KINDS.items():
        cell = Label(cell={**label.cell, PERSONA: kind})
        for name in names:
            for metric, value in told[name].items():
                yield cell.row(name, "0", metric, value, judge="likelihood", subject=subject)


def training_texts(model: Model, folder: Path, n: int) -> list[Document]:
    """The first ``n`` texts that the model of a token set was trained on, as they were tokens."""
    from eudaimon.train.tokens.token_set import TokenSet

    tokens = TokenSet.open(folder, tokenizer=model.tokenizer)
    reader: Any = model.tokenizer
    return [
        Document(str(index), reader.decode(tokens.document(index)[0].tolist(), skip_special_tokens=True), {})
        for index in range(min(n, tokens.n_documents))
    ]


def _speakers(world: World, n: int) -> dict[str, set[str]]:
    """Which personas speak in each of a world's first texts; a text that an arm edited is not among them."""
    return {
        document.text: {one.persona for one in document.segments or () if one.persona}
        for document in islice(world.documents(), n)
    }
