"""``eudaimon study report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line, print_table
from eudaimon.cli.study.options import Folder, folder_of

if TYPE_CHECKING:
    from eudaimon.study.design import Study, StudyOptions


def report(
    name: Annotated[str | None, Argument(help="A design. Default: what is in --folder.")] = None,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Draw a study's report from its records and print where it is; nothing is computed again."""
    from eudaimon.study.folder import open_study

    place = folder_of(name, folder)
    page = draw(*open_study(place), place, tables=not as_json)
    if as_json:
        print_json({"path": str(page)})
    else:
        print_line(f"Report: {page}")


def draw(study: Study, options: StudyOptions, folder: Path, *, tables: bool) -> Path:
    """The page of a study's finished steps, written into its folder; prints its tables too if wanted."""
    from eudaimon.core import UsageError

    if study.report is not None:
        return study.report(folder)
    if study.records is None:
        raise UsageError(f"{study.name} has no report", right="its rows are in the steps' folders")
    from eudaimon.report.study.tables import table_rows
    from eudaimon.report.study.write import write_study_report

    records = study.records(folder, options)
    queries = study.queries(folder) if study.queries else None
    for record in records if tables else ():
        print_line(f"{record.study}: {record.primary} in %, {record.scope} domains, with 95 % intervals")
        header, *rows = table_rows(record)
        print_table(header, rows)
    return write_study_report(records, folder, title=study.name, queries=queries)
