"""``eudaimon curate why``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from eudaimon.cli.curate.options import PolicyName
from eudaimon.cli.options import Json
from eudaimon.cli.output import one_line, print_json, print_line


def why(
    id: Annotated[str, Argument(help="A document's id, as its record has it.", metavar="ID")],
    scores: Annotated[
        Path, Option("--scores", help="Folder that `curate score` wrote.", metavar="SCORES")
    ] = Path("scores"),
    policy: PolicyName = "prosocial",
    as_json: Json = False,
) -> None:
    """Explain one document: every voice, its scores, every rule against it, and what came of it."""
    from eudaimon.curate.policy import load_policy
    from eudaimon.curate.run.lookup import find_documents
    from eudaimon.curate.why import why as explained

    rules = load_policy(policy)
    found = [explained(rules, document, scored) for document, scored in find_documents(scores, id)]
    if as_json:
        print_json([asdict(each) for each in found])
        return
    for each in found:
        for line in str(each).splitlines():
            print_line(one_line(line))
