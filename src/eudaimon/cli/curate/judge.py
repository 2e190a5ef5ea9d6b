"""The options by which commands take a judge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

if TYPE_CHECKING:
    from eudaimon.curate.stages.judge import JudgeOptions

PANEL = "Judge"


@dataclass(frozen=True)
class WhichJudge:
    """A language model that judges what the cheaper stages are unsure of; none without a URL."""

    judge_url: Annotated[
        str | None,
        Option(
            "--judge-url",
            help="OpenAI-compatible API of a judge, such as http://localhost:8000/v1. Default: no judge.",
            metavar="URL",
            rich_help_panel=PANEL,
        ),
    ] = None
    judge_model: Annotated[
        str | None,
        Option(
            "--judge-model", help="The judge's name on that server.", metavar="NAME", rich_help_panel=PANEL
        ),
    ] = None
    judge_key_env: Annotated[
        str,
        Option(
            "--judge-key-env",
            help="The environment variable that holds the key.",
            metavar="VARIABLE",
            rich_help_panel=PANEL,
        ),
    ] = ""
    judge_calls: Annotated[
        int | None,
        Option(
            "--judge-calls",
            min=0,
            help="Most questions of the whole run; what is beyond keeps its scores. Default: no bound.",
            metavar="N",
            rich_help_panel=PANEL,
        ),
    ] = None
    judge_records: Annotated[
        Path | None,
        Option(
            "--judge-records",
            help="Folder of verdicts, which are never asked for twice. Default: judge/ in the output folder.",
            metavar="FOLDER",
            rich_help_panel=PANEL,
        ),
    ] = None
    judge_timeout: Annotated[
        float,
        Option(
            "--judge-timeout", min=0.1, help="Seconds for one answer.", metavar="S", rich_help_panel=PANEL
        ),
    ] = 60.0
    judge_concurrency: Annotated[
        int,
        Option(
            "--judge-concurrency",
            min=1,
            help="Questions at a time of the whole run.",
            metavar="N",
            rich_help_panel=PANEL,
        ),
    ] = 4

    def options(self, out: Path) -> JudgeOptions | None:
        """The judge that these options mean, None without a URL; records go into ``out`` by default.

        Raises `UsageError` for a judge without a name, or options of a judge that is not there.
        """
        from eudaimon.core import UsageError
        from eudaimon.curate.stages.judge import JudgeOptions

        if self.judge_url is None:
            if self.judge_model is not None:
                raise UsageError(
                    f"the judge {self.judge_model} has no address", do="--judge-url http://localhost:8000/v1"
                )
            return None
        if self.judge_model is None:
            raise UsageError("the judge has no name", do="--judge-model NAME")
        return JudgeOptions(
            self.judge_url,
            self.judge_model,
            api_key_env=self.judge_key_env,
            max_calls=self.judge_calls,
            records=self.judge_records or out / "judge",
            timeout_seconds=self.judge_timeout,
            concurrency=self.judge_concurrency,
        )

    def behind(self, scorer: str, out: Path, workers: int) -> str:
        """What to open as scorer in each of so many workers: ``scorer``, with the judge behind it if any."""
        from eudaimon.curate.cascade_files import save_judged

        options = self.options(out)
        if options is None:
            return scorer
        return str(save_judged(out / "judged", scorer, options.shared_by(workers)))
