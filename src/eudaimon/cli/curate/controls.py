"""``eudaimon curate controls``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from eudaimon.cli.curate.options import AppliedFolder, Out
from eudaimon.cli.options import Json, Seed
from eudaimon.cli.output import print_json, print_line, print_table

if TYPE_CHECKING:
    from eudaimon.curate.draw import Draw


def controls(
    applied: AppliedFolder,
    out: Out = Path("controls"),
    reserve: Annotated[
        Path | None,
        Option(
            help="Folder that `curate apply` wrote of other text by the same policy; fills what was removed.",
            metavar="APPLIED",
        ),
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Write a filter's controls: as much removed and masked at random, and as much put back, by source.

    OUT/removal and OUT/backfill have the form of APPLIED. Tokens are words and punctuation marks.
    """
    from eudaimon.curate.run.controls_corpus import controls_corpus

    made = controls_corpus(applied, out, seed=seed, reserve=reserve)
    if as_json:
        drawn = {"removed": made.removed, "masked": made.masked, "added": made.added}
        told = {name: each.told() if each else None for name, each in drawn.items()}
        print_json({"removal": str(made.removal), "backfill": str(made.filled or "") or None, **told})
        return
    _tell(made.removed, f"documents removed at random: {made.removal}")
    _tell(made.masked, "voices masked at random")
    if made.added is not None:
        _tell(made.added, f"documents put in: {made.filled}")


def _tell(drawn: Draw, title: str) -> None:
    print_line(f"{drawn.n:,} {title}", "bold")
    rows = [(s or "-", n, drawn.drawn[s], drawn.missing.get(s, 0)) for s, n in drawn.wanted.items()]
    if rows:
        print_table(("source", "tokens wanted", "drawn", "missing"), rows)
