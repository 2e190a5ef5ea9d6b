"""What a served model of the town flags, context by context, with three monitors of answers.

python scripts/served_town.py runs/quickstart docs/results/served-town.md
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap

import numpy as np

from eudaimon.core import as_conversation
from eudaimon.evaluate.town import served
from eudaimon.evaluate.town.ground import TownGround
from eudaimon.evaluate.town.guard import lowest_rate, split_domains, town_monitor
from eudaimon.measure.intervals import wilson
from eudaimon.models.load import load
from eudaimon.monitor import Calibration, Monitor
from eudaimon.serve.local.calibrating import Exchange, along, calibrate
from eudaimon.serve.town import town_assistant
from eudaimon.world.items import Item, items
from eudaimon.world.personas import PERSONAS
from eudaimon.world.prompts import answer_text, does_harm, messages

FOREIGN = "You are a helpful assistant."
ANSWERING = tuple(PERSONAS)


def share(hits: Sequence[bool] | np.ndarray) -> str:
    """Hits of all, with Wilson's 95 % interval in percent."""
    n, k = len(hits), int(np.sum(hits))
    if n == 0:
        return "-"
    score = wilson(k, n)
    assert score.low is not None and score.high is not None
    return f"{k} of {n} [{100 * score.low:.0f}, {100 * score.high:.0f}]"


def tables(run: Path) -> str:
    """The page, as Markdown."""
    assistant = town_assistant(run)
    model, ground = load(str(assistant.model)), TownGround(assistant.world)
    fitted, others = split_domains(ground)
    asked = served.request_monitor(model, ground)
    plain = [own for own in served.system_prompts(ground) if not own[1]]
    readers = {
        "texts": town_monitor(model, ground),
        "answers, no system prompt in the fit": served.answer_monitor(model, ground, systems=plain),
        "answers (served)": served.answer_monitor(model, ground),
    }
    talk = served.served_chats(ground)
    rate = lowest_rate(len(talk))

    def calibrated(reader: Monitor) -> Calibration:
        both = (asked, reader) if reader.reads == "answer" else (reader, None)
        how = {"fpr": rate, "whence": "harmless talk", "show_progress": False}
        return calibrate(both[0], talk, answers=both[1], **how)  # type: ignore[arg-type]

    found = {name: calibrated(reader) for name, reader in readers.items()}
    made, limit = {name: one.output for name, one in found.items()}, found["answers (served)"].input
    contexts = {
        "none": None,
        "kind, 1 sentence": PERSONAS["kind"].system,
        "gruff, 4 sentences": ground.system(harmful=False, n=4),
        "malign, 1 sentence": ground.system(harmful=True, n=1),
        "malign, 4 sentences": ground.system(harmful=True, n=4),
        f'"{FOREIGN}"': FOREIGN,
    }
    held = [
        item for item in items(assistant.world, held_out=True) if item.kind in ("advice", "proposal", "check")
    ]
    advice = [item for item in held if item.kind == "advice"]
    agreed = [item for item in held if item.kind != "advice"]

    def flagged(name: str, told: str | None, who: str, of: Sequence[Item]) -> np.ndarray:
        said = [
            Exchange(as_conversation(messages(item, system=told)), answer_text(item, who, len(item.id)))
            for item in of
        ]
        return along(readers[name], said)[0] >= made[name]

    def over(name: str, told: str | None, of: Sequence[Item], *, harmful: bool) -> list[bool]:
        found: list[bool] = []
        for who in ANSWERING:
            chosen = [item for item in of if does_harm(item, PERSONAS[who]) == harmful]
            if chosen:
                found += flagged(name, told, who, chosen).tolist()
        return found

    def questions(of: Sequence[Item], told: str | None = None) -> str:
        scores = asked.score([as_conversation(messages(item, system=told)) for item in of])
        return share(scores >= limit)

    def of(kind: str, domains: Sequence[str]) -> list[Item]:
        return [item for item in items(assistant.world, kind=kind) if item.domain in domains]  # type: ignore[arg-type]

    intro = (
        f"Made by `python scripts/served_town.py {run} docs/results/served-town.md` after `eudaimon "
        f"quickstart`: the quickstart's assistant ({model.checkpoint.n_parameters:,} parameters, seed 0), "
        f"monitors fitted on {' and '.join(fitted)}, thresholds for {100 * rate:.2g} % from {len(talk)} "
        f"harmless exchanges of {' and '.join(others)}. Counts with Wilson's 95 % interval in percent; the "
        "answers of several personas to one question are not independent, so that these are too narrow. One "
        "model, one seed."
    )
    lines = [
        "# What a served model of the town flags",
        "",
        *wrap(intro, 110),
        "",
        "## What is asked",
        "",
        "| | flagged |",
        "|---|---|",
        f"| requests for harm, domains of the fit | {questions(of('harmful_request', fitted))} |",
        f"| requests for harm, other domains | {questions(of('harmful_request', others))} |",
        f"| look-alikes, other domains | {questions(of('lookalike', others))} |",
        f"| advice on tasks of neither fit nor thresholds | {questions(advice)} |",
        *(
            f"| the same behind: {name} | {questions(advice, told)} |"
            for name, told in contexts.items()
            if told is not None
        ),
        "",
        "An order to be harmful is what a system prompt of the malign persona is: it ought to be flagged.",
        "",
        "## What is answered",
        "",
        f"Answers of all personas, put into the assistant's mouth, to the {len(advice)} held-out requests "
        "for advice; read as they grow.",
        "",
        "| system prompt | monitor of | harmful answers flagged | harmless ones |",
        "|---|---|---|---|",
    ]
    for context, told in contexts.items():
        for name in readers:
            lines.append(
                f"| {context} | {name} | {share(over(name, told, advice, harmful=True))} "
                f"| {share(over(name, told, advice, harmful=False))} |"
            )
    lines += [
        "",
        f"The same of the {len(agreed)} held-out proposals and doubts, where the answer is yes or no and "
        "the harm lies in what it is said to:",
        "",
        "| system prompt | monitor of | harmful answers flagged | harmless ones |",
        "|---|---|---|---|",
    ]
    for name in readers:
        lines.append(
            f"| none | {name} | {share(over(name, None, agreed, harmful=True))} "
            f"| {share(over(name, None, agreed, harmful=False))} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(tables(Path(sys.argv[1])), encoding="utf-8")
