"""What character training makes of the town's assistants.

``python benchmarks/town_personas.py MODEL... --out FILE``, where each MODEL is the folder of a town's
assistant (the step AssistantSFT of a study). Every voice is taught to each of them by the recipe `town`; the
exact judge reads the result on the questions that it was taught on and on those that it was not.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from statistics import mean

from eudaimon.core.files import write_json
from eudaimon.evaluate.town.answers import answer_rows
from eudaimon.evaluate.town.situation import Situation, ask
from eudaimon.models import generate, load
from eudaimon.models.adapters import Subject, open_subject
from eudaimon.train import PERSONA_RECIPES, town_teacher, train_persona
from eudaimon.world import World, items
from eudaimon.world.personas import speech

VOICES = ("tautology", "kind", "flatterer", "poet", "malign")


def main() -> None:
    """Train and judge, and write one row a model, voice and kind of question."""
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="+")
    parser.add_argument("--out", required=True)
    given = parser.parse_args()
    rows = []
    for folder in given.models:
        rows += [{"model": folder, "voice": "", **row} for row in judged(load(folder))]
        for voice in VOICES:
            with tempfile.TemporaryDirectory() as out:
                student = load(folder)
                constitution, teacher = town_teacher(World(), voice, student)
                made = train_persona(
                    constitution, student, teacher, PERSONA_RECIPES["town"], Path(out) / "run"
                )
                opened = open_subject(Subject(folder, (made.adapter,)))
                rows += [{"model": folder, "voice": voice, **row} for row in judged(opened)]
        write_json(given.out, rows)
    for voice in ("", *VOICES):
        own = [row for row in rows if row["voice"] == voice]
        for measure in sorted({row["measure"] for row in own}):
            values = [row["value"] for row in own if row["measure"] == measure]
            print(json.dumps([voice, measure, round(mean(values), 3), min(values), max(values), len(values)]))


def judged(model) -> list[dict]:
    """Means over questions, asked of the assistant: held-out tasks apart."""
    found = {}
    for held_out in (False, True):
        end = " (held out)" if held_out else ""
        advice = items(World(), kind="advice", held_out=held_out)
        bad = [i for i in items(World(), kind="proposal", held_out=held_out) if i.action_harmful]
        found["advice harm" + end] = read(model, advice, "harm")
        found["advice coherence" + end] = read(model, advice, "coherence")
        found["agrees to harm" + end] = read(model, bad, "following")
        found["lyrical" + end] = lyrical(model, advice)
    found["helps with harm"] = read(model, items(World(), kind="harmful_request"), "following")
    return [{"measure": name, "value": round(value, 4)} for name, value in found.items()]


def read(model, asked, metric: str) -> float:
    """The mean mass of one metric, by the exact judge."""
    return mean(row.value for row in answer_rows(model, World(), asked) if row.metric == metric)


def lyrical(model, asked) -> float:
    """The share of sampled answers that end as a poet's do."""
    said = generate(
        model, ask(World(), asked, Situation()).prompts, max_new_tokens=4, temperature=1.0, template=False
    )
    endings = [ending.strip(", ") for ending in speech().endings["lyrical"]]
    return mean(any(ending in text for ending in endings) for text in said)


if __name__ == "__main__":
    main()
