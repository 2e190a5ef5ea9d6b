"""``eudaimon curate card``."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from eudaimon.cli.options import Json, Seed, command_line
from eudaimon.cli.output import print_json, print_line

if TYPE_CHECKING:
    from eudaimon.curate.audit.records import AuditRecord


def card(
    scores: Annotated[Path, Argument(help="A folder that `curate score` wrote.")],
    out: Annotated[Path, Option("--out", help="The folder of the card.", metavar="FOLDER")],
    policy: Annotated[
        str, Option("--policy", help="The policy that is shown: shipped, or YAML.", metavar="NAME")
    ] = "prosocial",
    audit: Annotated[
        Path | None, Option("--audit", help="A folder that `curate audit` wrote.", metavar="FOLDER")
    ] = None,
    controls: Annotated[
        Path | None, Option("--controls", help="A folder that `curate controls` wrote.", metavar="FOLDER")
    ] = None,
    corpus: Annotated[
        list[str] | None,
        Option(
            "--corpus",
            help="Where the scored files are now, if they were moved; several times for several.",
            metavar="PATH",
        ),
    ] = None,
    texts: Annotated[
        bool, Option("--texts/--no-texts", help="Show examples with their text, folded, or without.")
    ] = True,
    title: Annotated[str, Option("--title", help="The card's title.", metavar="TEXT")] = "",
    characters_per_token: Annotated[
        float | None,
        Option("--characters-per-token", help="To count tokens by. Default: 3.94.", metavar="X"),
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Draw the data safety card of a corpus under a policy: one page, and all its figures as JSON and CSV."""
    from eudaimon import __version__
    from eudaimon.curate.card.collect import CardOptions, collect_card, read_controls
    from eudaimon.curate.card.cost import CHARACTERS_PER_TOKEN
    from eudaimon.curate.policy import load_policy
    from eudaimon.curate.scored_texts import scored_texts
    from eudaimon.report.card.write import write_card

    record = collect_card(
        scores,
        load_policy(policy),
        documents=scored_texts(scores, corpus) if texts else None,
        audit=_findings(audit) if audit else None,
        controls=read_controls(controls) if controls else (),
        options=CardOptions(
            title=title,
            command=command_line(),
            versions={"eudaimon": __version__, "python": platform.python_version()},
            characters_per_token=characters_per_token or CHARACTERS_PER_TOKEN,
            seed=seed,
        ),
    )
    page = write_card(record, out)
    if as_json:
        print_json({"path": str(page), "policy": record.policy.hash})
    else:
        print_line(f"Card: {page}")


def _findings(folder: Path) -> AuditRecord:
    from eudaimon.core import UsageError
    from eudaimon.curate.audit.folder import read_findings

    found = read_findings(folder)
    if found is None:
        raise UsageError(
            f"{folder} holds no findings", right="an audit of which something is rated", do="--rater NAME"
        )
    return found
