"""``eudaimon world write``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line
from eudaimon.cli.world.options import WhichWorld


def write(
    folder: Annotated[Path, Argument(help="A new or empty folder, or one to go on in.", show_default=False)],
    which: WhichWorld,
    n: Annotated[int, Option("--n", min=0, help="How many documents.", metavar="N")] = 10_000,
    format: Annotated[
        str, Option("--format", help="jsonl.zst, jsonl.gz, jsonl or parquet.", metavar="NAME")
    ] = "jsonl.zst",
    shards: Annotated[int, Option("--shards", min=1, help="How many files.", metavar="N")] = 1,
    as_json: Json = False,
) -> None:
    """Write documents in shards, and their voices' labels as dolma attributes; goes on where it stopped."""
    from eudaimon.world.write import write_world

    world = which.world()
    written = write_world(world, folder, n, format, shards=shards)  # type: ignore[arg-type]
    if as_json:
        print_json({"folder": str(written), "documents": n, "shards": shards, "format": format})
        return
    print_line(f"{written}: {n:,} documents in {shards} shards, labels in attributes/oracle")
