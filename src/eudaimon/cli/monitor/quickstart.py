"""``eudaimon monitor quickstart``: a monitor from nothing to its report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from typer import Option

from eudaimon.cli.options import Json, Resamples, Seed, WhichData, WhichModel, command_line
from eudaimon.cli.output import print_json, print_line
from eudaimon.cli.summary import print_summary

REPORT = "report.html"


def quickstart(
    which: WhichModel,
    data: WhichData,
    out: Annotated[Path, Option(help="Folder of the run.", metavar="FOLDER")] = Path("runs/monitor"),
    fresh: Annotated[bool, Option("--fresh", help="Do all steps again.")] = False,
    target_fpr: Annotated[
        float, Option(help="False-positive rate on benign text that the threshold promises.", metavar="RATE")
    ] = 0.01,
    resamples: Resamples = 1000,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Fit a monitor on the packaged model and queries, judge it, and write the report.

    A second call skips the steps that are done; an interrupted one is taken up where it was.
    """
    from eudaimon.core.files import sha256_file
    from eudaimon.monitor.run import EVALUATION, MONITOR, fit_options, quickstart_run
    from eudaimon.monitor.run_folder import RunFolder
    from eudaimon.report.write import write_report

    folder = RunFolder(out, fresh=fresh)
    record = quickstart_run(
        folder,
        which.load(),
        command=command_line(),
        selection=data.selection(),
        options=fit_options(target_fpr=target_fpr, seed=seed),
        n_resamples=resamples,
    )
    page = folder.file(REPORT)
    folder.step("report", sha256_file(folder.file(EVALUATION)), [REPORT], lambda: write_report(record, out))
    if as_json:
        summary: dict[str, Any] = record.model_dump(mode="json", include={"conclusion", "threshold"})
        paths = {"monitor": str(folder.file(MONITOR)), "record": str(folder.file(EVALUATION))}
        print_json({**paths, "report": str(page.resolve()), "skipped": folder.skipped, **summary})
        return
    print_summary(record)
    if folder.skipped:
        print_line(f"Done before, and not done again: {', '.join(folder.skipped)} (--fresh does them).")
    print_line(f"Monitor: {folder.file(MONITOR)}")
    print_line(f"Report: {page.resolve()}")
