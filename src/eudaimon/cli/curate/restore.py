"""``eudaimon curate restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from eudaimon.cli.curate.options import AppliedFolder
from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line


def restore(
    applied: AppliedFolder,
    out: Annotated[
        Path | None, Option("--out", help="Write the original records there too.", metavar="FOLDER")
    ] = None,
    as_json: Json = False,
) -> None:
    """Prove that kept and removed text together are the original, every document, byte for byte."""
    from eudaimon.curate.run.restore_corpus import restore_corpus

    done = restore_corpus(applied, out)
    if as_json:
        record = {"documents": done.documents, "characters": done.characters, "pieces": done.pieces}
        print_json({**record, "out": str(done.out) if done.out else None})
        return
    print_line(
        f"{done.documents:,} documents, {done.characters:,} characters: kept and removed text are the "
        f"original ({done.pieces:,} pieces put back)",
        "green",
    )
    if done.out:
        print_line(f"written: {done.out}")
