"""``eudaimon curate evaluate``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from eudaimon.cli.curate.labelled import WhichLabelled
from eudaimon.cli.options import Json, Resamples, Seed
from eudaimon.cli.output import print_json, print_line


def evaluate(
    which: WhichLabelled,
    scorers: Annotated[
        list[str] | None,
        typer.Option(
            "--scorer",
            help="shipped, stage1, stage2, lexicon, a folder that fit wrote, words for the packaged list of "
            "bad words, or words=PATH for another. Again for more. Default: shipped.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    policy: Annotated[
        str, typer.Option("--policy", help="A shipped policy or a YAML file.", metavar="NAME")
    ] = "prosocial",
    most: Annotated[
        int, typer.Option("--most", min=1, help="Documents of a set, drawn by hash.", metavar="N")
    ] = 1000,
    gold: Annotated[bool, typer.Option("--gold/--no-gold", help="Also the packaged gold passages.")] = True,
    resamples: Resamples = 1000,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Measure what a policy removes from held-out labelled text on the scores of each scorer."""
    from eudaimon.curate.policy import load_policy
    from eudaimon.curate.quality.evaluate import ceilings
    from eudaimon.curate.quality.evaluate import evaluate as measure
    from eudaimon.curate.quality.held_out import held_out
    from eudaimon.curate.quality.page import tables
    from eudaimon.curate.quality.systems import system

    rules = load_policy(policy)
    comments = which.path_of("comments")
    items = held_out(
        which.read(),
        rules,
        most=most,
        gold=gold,
        comments=None if comments is None else Path(comments),
        seed=seed,
    )
    opened = {name: system(name) for name in scorers or ["shipped"]}
    quality = measure(opened, items, rules, seed=seed, n_resamples=resamples)
    most_there_is = ceilings(items, seed)
    if as_json:
        figures = [
            {**asdict(each), "score": each.score and each.score.model_dump()}
            for each in (*quality.figures, *most_there_is)
        ]
        mistakes = [asdict(each) for each in quality.mistakes]
        print_json({"figures": figures, "mistakes": mistakes, "failed": dict(quality.failed)})
        return
    print_line(tables(quality, most_there_is))
