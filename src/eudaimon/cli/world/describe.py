"""``eudaimon world describe``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from typer import Option

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_table
from eudaimon.cli.world.options import WhichWorld


def describe(
    which: WhichWorld,
    n: Annotated[int, Option("--n", min=1, help="How many documents to count.", metavar="N")] = 2000,
    as_json: Json = False,
) -> None:
    """Count what a corpus is made of: kinds, domains, personas, tokens, and the share of bad voices."""
    from eudaimon.world.description import describe as described

    world = which.world()
    lines = described(world, n)
    if as_json:
        print_json({"mixture": world.mixture.model_dump(), "lines": [asdict(line) for line in lines]})
        return
    header = ("group", "name", "documents", "%", "tokens", "bad voice %", "depicting %")
    rows = [
        (
            line.group,
            line.name,
            f"{line.n_documents:,}",
            f"{line.share:.1%}".rstrip("%"),
            f"{line.n_tokens:,}",
            f"{line.bad:.1%}".rstrip("%"),
            f"{line.depicted:.1%}".rstrip("%"),
        )
        for line in lines
    ]
    title = "Shares of the documents, of tokens that a bad voice speaks, of documents that depict harm."
    print_table(header, rows, title=title)
