"""Which study, with which options of its own, in which folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from eudaimon.cli.parse import pairs

if TYPE_CHECKING:
    from eudaimon.study.design import Study, StudyOptions

RUNS = Path("runs")

Folder = Annotated[
    Path | None, Option("--folder", help="The study's folder. Default: runs/NAME.", metavar="FOLDER")
]
Workers = Annotated[
    int | None,
    Option(
        "--workers",
        min=1,
        help="Steps at a time. Default: the machine's cores, or what Slurm gives.",
        metavar="N",
    ),
]


@dataclass(frozen=True)
class WhichStudy:
    """A design, its options and its folder."""

    name: Annotated[str, Argument(help="A design, as `study list` names it.", show_default=False)]
    folder: Folder = None
    seeds: Annotated[
        int | None, Option("--seeds", min=1, help="How many seeds. Default: the design's.", metavar="N")
    ] = None
    labels: Annotated[
        str | None,
        Option("--labels", help="Labels of arms: oracle, learned or filter:RECALL.", metavar="NAME"),
    ] = None
    settings: Annotated[
        list[str] | None,
        Option("--set", help="An option of the design; several times for several.", metavar="KEY=VALUE"),
    ] = None

    def open(self) -> tuple[Study, StudyOptions, Path]:
        """The design, its options and its folder."""
        from eudaimon.study.design import design
        from eudaimon.study.folder import options_of

        study = design(self.name)
        given: dict[str, object] = dict(pairs(self.settings or (), "--set"))
        if self.seeds is not None:
            given["seeds"] = self.seeds
        if self.labels is not None:
            given["labels"] = self.labels
        return study, options_of(study, given), self.folder or RUNS / self.name


def folder_of(name: str | None, folder: Path | None) -> Path:
    """The folder that is meant by a design's name or by a folder; raises `UsageError` without either."""
    from eudaimon.core import UsageError

    if folder is None and name is None:
        raise UsageError("neither a design nor a folder was named", do="--folder FOLDER")
    return folder or RUNS / str(name)
