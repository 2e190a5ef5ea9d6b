"""``eudaimon curate filter``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, cast

from typer import Argument, Option

from eudaimon.cli.curate.apply import tell_applied
from eudaimon.cli.curate.judge import WhichJudge
from eudaimon.cli.curate.options import Format, HowToRead, HowToRun, Out, PolicyName, output_format
from eudaimon.cli.curate.score import SCORER_HELP, tell_failures, tell_scored
from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line


def filter(
    paths: Annotated[
        list[str],
        Argument(help="Files, folders, patterns or URLs of records with text.", metavar="PATHS"),
    ],
    read: HowToRead,
    run: HowToRun,
    judge: WhichJudge,
    out: Out = Path("filtered"),
    scorer: Annotated[str, Option(help=SCORER_HELP, metavar="NAME")] = "shipped",
    policy: PolicyName = "prosocial",
    format: Format = "jsonl.zst",
    shard_mb: Annotated[
        int, Option("--shard-mb", min=1, help="Text of a shard, the unit that is resumed.", metavar="N")
    ] = 64,
    as_json: Json = False,
) -> None:
    """Score, decide and apply in one reading of the corpus, into "scores", "decisions" and "applied".

    The files are those of the three commands. The same command resumes; another policy scores nothing anew.
    """
    from eudaimon.curate.run.filter_corpus import filter_corpus

    workers = run.workers or len(os.sched_getaffinity(0))
    done = filter_corpus(
        paths,
        out,
        judge.behind(scorer, out, workers),
        policy,
        fields=read.fields,
        reading=read.reading,
        format=cast(Any, read.input_format),
        output=output_format(format),
        shard_bytes=shard_mb << 20,
        **run.as_options(own_process=False),
    )
    if as_json:
        kept = done.applied.manifest if done.applied else {}
        record = {name: value for name, value in kept.items() if name not in ("shards", "policy")}
        print_json({"folder": str(done.folder), "failed": dict(done.failed), **record})
    else:
        scored = done.scored
        print_line(
            f"{len(scored.computed)} shards done in {scored.seconds:.0f} s, {len(scored.found)} were scored"
        )
        if scored.manifest:
            tell_scored(dict(scored.manifest))
        if done.applied:
            tell_applied(done.applied.manifest)
        print_line(f"all of it is in {done.folder}")
    tell_failures(done.failed)
