"""``eudaimon persona new``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line


def new(
    name: Annotated[str, Argument(help="Its name: letters, digits, - and _.", show_default=False)],
    out: Annotated[
        Path | None, Option(help="A new file; default: NAME.yaml.", metavar="FILE", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Begin a constitution: a page with an example trait to write over."""
    from eudaimon.data.constitutions.write import begin_constitution

    path = begin_constitution(name, out or Path(f"{name}.yaml"))
    if as_json:
        print_json({"file": str(path)})
    else:
        print_line(f"{path}: write over the example, then eudaimon persona check {path}")
