"""``eudaimon study plan --power``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from typer import Option

from eudaimon.cli.output import print_json, print_line, print_table
from eudaimon.cli.parse import words

if TYPE_CHECKING:
    from eudaimon.cli.study.options import WhichStudy
    from eudaimon.measure.power import Components

Power = Annotated[
    float | None,
    Option(
        "--power",
        help="Instead: the seeds and questions that an effect of so many points needs.",
        metavar="POINTS",
    ),
]
Spread = Annotated[
    str | None,
    Option(
        "--spread",
        help="With --power: standard deviations of the difference in points, between seeds, between "
        "questions, and left in a cell. Default: from the study's finished seeds.",
        metavar="SEED,QUESTION,CELL",
    ),
]
Tests = Annotated[
    int, Option("--tests", min=1, help="With --power: hypotheses adjusted by Holm together.", metavar="N")
]


def print_power(which: WhichStudy, points: float, spread: str | None, n_tests: int, *, as_json: bool) -> None:
    """The power of seeds by questions to show an effect of ``points``, and the questions that suffice."""
    from eudaimon.measure.power import power_plan

    spreads, source = _spreads(which, spread)
    found = power_plan(spreads, points, n_tests=n_tests)
    if as_json:
        print_json(
            {**asdict(found), "table": found.table.tolist(), "spreads": asdict(spreads), "from": source}
        )
        return
    print_line(
        f"Power in % to show a difference of {abs(points):g} points at p {found.alpha:.3g}, by questions"
    )
    rows = zip(found.seeds, found.table, found.least, strict=True)
    print_table(
        ("seeds", *map(str, found.questions), f"questions for {100 * found.wanted:.0f} %"),
        [
            (str(seeds), *(f"{100 * share:.0f}" for share in row), str(least or "none suffice"))
            for seeds, row, least in rows
        ],
    )
    print_line(
        f"Standard deviations of the difference, {source}: {spreads.seed:.1f} points between seeds, "
        f"{spreads.question:.1f} between questions, {spreads.cell:.1f} left in a seed and question."
    )
    if spreads.seed_high is not None:
        careful = f"{spreads.seed_high:.1f},{spreads.question:.1f},{spreads.cell:.1f}"
        print_line(
            f"So few seeds leave up to {spreads.seed_high:.1f} points between seeds possible (80 % limit); "
            f"to plan for that: --spread {careful}"
        )


def _spreads(which: WhichStudy, spread: str | None) -> tuple[Components, str]:
    """The spreads in points, stated or from a pilot, and where they come from."""
    from eudaimon.core import UsageError
    from eudaimon.measure.power import Components
    from eudaimon.study.pilot import pilot

    if spread is None:
        of_pilot, n = pilot(*which.open())
        high = None if of_pilot.seed_high is None else 100 * of_pilot.seed_high
        in_points = Components(100 * of_pilot.seed, 100 * of_pilot.question, 100 * of_pilot.cell, high)
        return in_points, f"as in {n} contrasts that are finished"
    try:
        seed, question, cell = (float(word) for word in words(spread))
    except ValueError as error:
        raise UsageError(
            f"--spread {spread}", right="three numbers of points", do="--spread 4,15,20"
        ) from error
    return Components(seed, question, cell), "as stated"
