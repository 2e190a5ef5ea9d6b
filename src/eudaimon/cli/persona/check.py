"""``eudaimon persona check``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from typer import Argument, Option

from eudaimon.cli.failures import FLAGGED
from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line, print_table
from eudaimon.cli.persona.show import NAME_HELP


def check(
    personas: Annotated[list[str], Argument(help=NAME_HELP, metavar="PERSONA...", show_default=False)],
    fewest: Annotated[
        int, Option("--fewest", min=1, help="Prompts that a trait must have.", metavar="N")
    ] = 5,
    hand_written: Annotated[
        bool, Option("--hand-written", help="Of packaged ones, only what a person wrote.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what looks wrong in constitutions, by their words alone; exits 3 when something does."""
    from eudaimon.data.constitutions.lint import lint
    from eudaimon.data.constitutions.packaged import constitution

    found = {name: lint(constitution(name, expanded=not hand_written), fewest=fewest) for name in personas}
    if as_json:
        print_json({name: [asdict(finding) for finding in findings] for name, findings in found.items()})
    for name, findings in () if as_json else found.items():
        if findings:
            rows = [(finding.rule, finding.where, finding.what) for finding in findings]
            print_table(("rule", "where", "what"), rows, title=f"{name}: {len(findings)} to look at")
        else:
            print_line(f"{name}: nothing found", "green")
    if any(found.values()):
        raise typer.Exit(FLAGGED)
