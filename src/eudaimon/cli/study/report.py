"""``eudaimon study report``."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line
from eudaimon.cli.study.options import Folder, folder_of


def report(
    name: Annotated[str | None, Argument(help="A design. Default: what is in --folder.")] = None,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Draw a study's report from its records and print where it is; nothing is computed again."""
    from eudaimon.core import UsageError
    from eudaimon.study.folder import open_study

    place = folder_of(name, folder)
    study, _ = open_study(place)
    if study.report is None:
        raise UsageError(f"{study.name} has no report", right="its rows are in the steps' folders")
    page = study.report(place)
    if as_json:
        print_json({"path": str(page)})
    else:
        print_line(f"Report: {page}")
