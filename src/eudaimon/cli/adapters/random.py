"""``eudaimon adapters random``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from eudaimon.cli.options import Json, Seed
from eudaimon.cli.output import print_json, print_line


def random(
    like: Annotated[Path, Argument(help="The folder of the adapter to stand beside.", show_default=False)],
    out: Annotated[Path, Option(help="A new folder.", metavar="FOLDER")],
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Write a random adapter whose updates have, module by module, the norms of another: its control."""
    from eudaimon.core import UsageError
    from eudaimon.models.adapters.adapter import Adapter
    from eudaimon.models.adapters.random_lora import random_adapter

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is there already", right="a new folder", do="--out FOLDER")
    made = random_adapter(Adapter("like", like), seed, out)
    if as_json:
        print_json({"folder": str(out), "fingerprint": made.fingerprint, "seed": seed})
    else:
        print_line(f"{out}: {made.fingerprint}")
