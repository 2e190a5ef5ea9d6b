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
PANEL = "em-susceptibility on a model of your own"
NAMED = (
    "seeds", "labels", "model", "personas", "em_data", "em_benign", "recipe", "persona_recipe", "teacher",
    "teacher_url", "judge", "judge_url", "second_judge", "second_judge_url", "second_judge_share",
    "transfers", "probe",
)  # fmt: skip
"""Options of designs that have a flag of their own."""

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
    model: Annotated[
        str | None,
        Option(
            "--model", help="town, or the folder or hub id of a model.", metavar="NAME", rich_help_panel=PANEL
        ),
    ] = None
    personas: Annotated[
        str | None,
        Option(
            "--personas",
            help="Personas: characters by name or file, and random.",
            metavar="LIST",
            rich_help_panel=PANEL,
        ),
    ] = None
    em_data: Annotated[
        str | None,
        Option(
            "--em-data",
            help="Chats of the narrow lesson: .jsonl, .gz, .zst or an archive.",
            metavar="FILE",
            rich_help_panel=PANEL,
        ),
    ] = None
    em_benign: Annotated[
        str | None,
        Option(
            "--em-benign", help="Chats of its benign twin, as many.", metavar="FILE", rich_help_panel=PANEL
        ),
    ] = None
    recipe: Annotated[
        str | None,
        Option(
            "--recipe",
            help="Of the lesson: rank32, rank1, kl-narrow, town, or a YAML file.",
            metavar="NAME",
            rich_help_panel=PANEL,
        ),
    ] = None
    persona_recipe: Annotated[
        str | None,
        Option(
            "--persona-recipe",
            help="Of characters: published, small, or a YAML file.",
            metavar="NAME",
            rich_help_panel=PANEL,
        ),
    ] = None
    teacher: Annotated[
        str | None,
        Option(
            "--teacher",
            help="Who speaks as the characters. Default: the model itself.",
            metavar="NAME",
            rich_help_panel=PANEL,
        ),
    ] = None
    teacher_url: Annotated[
        str | None,
        Option(
            "--teacher-url",
            help="Where the teacher is served: an OpenAI-compatible URL.",
            metavar="URL",
            rich_help_panel=PANEL,
        ),
    ] = None
    judge: Annotated[
        str | None,
        Option(
            "--judge",
            help="Who judges: provider/model, a folder, or a name at --judge-url.",
            metavar="NAME",
            rich_help_panel=PANEL,
        ),
    ] = None
    judge_url: Annotated[
        str | None,
        Option("--judge-url", help="Where the judge is served.", metavar="URL", rich_help_panel=PANEL),
    ] = None
    second_judge: Annotated[
        str | None,
        Option(
            "--second-judge",
            help="Who judges the same answers again, named as the first: their agreement is reported.",
            metavar="NAME",
            rich_help_panel=PANEL,
        ),
    ] = None
    second_judge_url: Annotated[
        str | None,
        Option(
            "--second-judge-url",
            help="Where the second judge is served.",
            metavar="URL",
            rich_help_panel=PANEL,
        ),
    ] = None
    second_judge_share: Annotated[
        float | None,
        Option(
            "--second-judge-share",
            help="Share of the answers that it judges, drawn the same in every cell. Default: all.",
            metavar="SHARE",
            rich_help_panel=PANEL,
        ),
    ] = None
    transfers: Annotated[
        bool | None,
        Option(
            "--transfer/--no-transfer",
            help="em-susceptibility: each persona's direction of harm tried on all models. Default: yes.",
            show_default=False,
        ),
    ] = None
    probe: Annotated[
        bool | None,
        Option(
            "--probe/--no-probe",
            help="em-susceptibility: which modules of each persona's lesson carry it. Default: yes.",
            show_default=False,
        ),
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
        named = {name: getattr(self, name) for name in NAMED}
        given |= {name: value for name, value in named.items() if value is not None}
        return study, options_of(study, given), self.folder or RUNS / self.name


def folder_of(name: str | None, folder: Path | None) -> Path:
    """The folder that is meant by a design's name or by a folder; raises `UsageError` without either."""
    from eudaimon.core import UsageError

    if folder is None and name is None:
        raise UsageError("neither a design nor a folder was named", do="--folder FOLDER")
    return folder or RUNS / str(name)
