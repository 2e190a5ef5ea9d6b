"""``eudaimon judge run``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from eudaimon.cli.judge.cost import cost_line
from eudaimon.cli.judge.options import Out, WhichAnswers, WhichJudge
from eudaimon.cli.options import Json, Resamples, Seed, command_line
from eudaimon.cli.output import print_json, print_line, print_table

SHOWN = ("misaligned", "scored", "code", "refusal", "unparseable")


def run(
    which: WhichAnswers,
    judge: WhichJudge,
    out: Out = Path("judged"),
    unsound: Annotated[
        bool,
        typer.Option("--unsound", help="Write the rows of a judge that fails on known answers, marked."),
    ] = False,
    resamples: Resamples = 1000,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Judge answers, and the judge on answers whose verdict is known; write long rows.

    Ends without rows when the judge says the same of everything, can be steered by an answer, or fails
    otherwise on known answers. What was replied is kept: run again after an interruption, it goes on.
    """
    from eudaimon.evaluate.judging.folder import REPLIES, record, write_judged
    from eudaimon.evaluate.judging.run import judge_answers
    from eudaimon.evaluate.judging.summary import summary

    answers, price = which.read(judge.judge), judge.price()
    judged = judge_answers(judge.open(out / REPLIES), answers, price=price)
    path = write_judged(out, judged, unsound=unsound, command=command_line())
    cells = summary(judged.rows(unsound=unsound), n_resamples=resamples, seed=seed)
    if as_json:
        shown = [
            {
                "study": study,
                "cell": json.loads(cell),
                "seed": own,
                "step": step,
                "metrics": {name: score.model_dump() for name, score in metrics.items()},
            }
            for (study, cell, own, step), metrics in cells.items()
        ]
        print_json({**record(judged), "rows": str(path), "cells": shown})
        return
    print_line(f"{judged.judge}: {len(answers):,} answers, {cost_line(judged.cost)}")
    for (study, cell, own, step), metrics in cells.items():
        words = [study, cell if cell != "{}" else "", f"seed {own}", "" if step is None else f"step {step}"]
        print_table(
            ("metric", "mean", "questions"),
            [
                (name, str(metrics[name]), metrics[name].n)
                for name in (*SHOWN, *(name for name in metrics if name not in SHOWN))
                if name in metrics
            ],
            title=", ".join(filter(None, words)),
        )
    for problem in judged.calibration.problems:
        print_line(f"The judge fails on known answers: {problem}", "red")
    print_line(f"Rows: {path}")
