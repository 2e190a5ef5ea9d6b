"""Options that several commands for corpora share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

if TYPE_CHECKING:
    from eudaimon.curate.run.engines import EngineName
    from eudaimon.curate.sources.record import Fields, Reading
    from eudaimon.curate.sources.write import OutputFormat

POLICY_HELP = "A policy that `curate policies` lists, or a YAML file."

ScoresFolder = Annotated[Path, Argument(help="Folder that `curate score` wrote.", metavar="SCORES")]
AppliedFolder = Annotated[Path, Argument(help="Folder that `curate apply` wrote.", metavar="APPLIED")]
PolicyName = Annotated[str, Option("--policy", help=POLICY_HELP, metavar="NAME")]
Out = Annotated[Path, Option("--out", help="The folder to write.", metavar="FOLDER")]
Format = Annotated[str, Option("--format", help="jsonl.zst or parquet.", metavar="NAME")]


def output_format(name: str) -> OutputFormat:
    """The form of files that a word names; raises `UsageError` on any other word."""
    from eudaimon.core import UsageError

    if name == "jsonl.zst":
        return "jsonl.zst"
    if name == "parquet":
        return "parquet"
    raise UsageError(f"--format {name}", right="jsonl.zst or parquet", do="--format parquet")


@dataclass(frozen=True)
class HowToRun:
    """Where shards are worked on, and by how many processes."""

    workers: Annotated[
        int | None,
        Option(
            "--workers",
            min=1,
            help="Processes at a time. Default: the machine's cores, or what Slurm gives.",
            metavar="N",
            rich_help_panel="Running",
        ),
    ] = None
    engine: Annotated[
        str, Option("--engine", help="local or slurm.", metavar="NAME", rich_help_panel="Running")
    ] = "local"
    slurm: Annotated[
        list[str] | None,
        Option(
            "--slurm",
            help="An option of sbatch: partition=cpu, time=60, mem=4G.",
            metavar="KEY=VALUE",
            rich_help_panel="Running",
        ),
    ] = None

    def as_options(self, *, own_process: bool = True) -> dict[str, Any]:
        """The options as functions take them; raises `UsageError` on a word that is no pair.

        Without ``own_process`` the machine's cores are named, where None would mean this process alone.
        """
        import os

        from eudaimon.cli.parse import pairs

        name: EngineName = self.engine  # type: ignore[assignment]  # the engine refuses others
        chosen: Mapping[str, str] = pairs(self.slurm or (), "--slurm")
        workers = self.workers
        if workers is None and self.engine == "local" and not own_process:
            workers = len(os.sched_getaffinity(0))
        return {"workers": workers, "engine": name, "slurm": chosen}


@dataclass(frozen=True)
class HowToRead:
    """What records are called, and which are taken."""

    text_field: Annotated[
        str, Option("--text-field", help="Field of the text.", metavar="NAME", rich_help_panel="Records")
    ] = "text"
    id_field: Annotated[
        str, Option("--id-field", help="Field of the id.", metavar="NAME", rich_help_panel="Records")
    ] = "id"
    source_field: Annotated[
        str | None,
        Option(
            "--source-field",
            help="Field of the source, under which documents are counted. Default: source, else the file.",
            metavar="NAME",
            rich_help_panel="Records",
        ),
    ] = None
    input_format: Annotated[
        str | None,
        Option(
            "--input-format",
            help="What the files are, where their names do not say it: jsonl, parquet.",
            metavar="NAME",
            rich_help_panel="Records",
        ),
    ] = None
    longest: Annotated[
        int, Option("--longest-mb", min=1, help="Longer records are set aside.", rich_help_panel="Records")
    ] = 32
    replace_bad: Annotated[
        bool,
        Option(
            "--replace-bad-utf8",
            help="Put U+FFFD for bytes that are no UTF-8, instead of setting the record aside.",
            rich_help_panel="Records",
        ),
    ] = False

    @property
    def fields(self) -> Fields:
        """The names of the fields."""
        from eudaimon.curate.sources.record import Fields

        return Fields(text=self.text_field, id=self.id_field, source=self.source_field)

    @property
    def reading(self) -> Reading:
        """How records are read."""
        from eudaimon.curate.sources.record import Reading

        return Reading(longest=self.longest << 20, errors="replace" if self.replace_bad else "quarantine")
