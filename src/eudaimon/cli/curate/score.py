"""``eudaimon curate score``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from typer import Argument, Option

from eudaimon.cli.curate.judge import WhichJudge
from eudaimon.cli.curate.options import HowToRead, HowToRun, Out
from eudaimon.cli.options import Json
from eudaimon.cli.output import one_line, print_json, print_line

FAILED = 1
SHOWN = 5
SCORER_HELP = "shipped, stage1, a folder that `curate fit` wrote, a fastText .bin, or module:function."


def score(
    paths: Annotated[
        list[str],
        Argument(help="Files, folders, patterns or URLs of records with text.", metavar="PATHS"),
    ],
    read: HowToRead,
    run: HowToRun,
    judge: WhichJudge,
    out: Out = Path("scores"),
    scorer: Annotated[
        str,
        Option(help=SCORER_HELP, metavar="NAME"),
    ] = "shipped",
    shard_mb: Annotated[
        int, Option("--shard-mb", min=1, help="Text of a shard, the unit that is resumed.", metavar="N")
    ] = 64,
    afresh: Annotated[bool, Option("--afresh", help="Score again what is scored.")] = False,
    wait: Annotated[
        bool, Option("--wait/--no-wait", help="Wait for another run of the same folder, or refuse.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Score every voice of a corpus, once; the same command resumes. Exits 1 when a shard failed.

    Records that cannot be read are set aside in each shard's quarantine.jsonl, with file and place.
    """
    from eudaimon.curate.run.score_corpus import score_corpus

    workers = run.workers or len(os.sched_getaffinity(0))
    done = score_corpus(
        paths,
        out,
        judge.behind(scorer, out, workers),
        fields=read.fields,
        reading=read.reading,
        format=cast(Any, read.input_format),
        shard_bytes=shard_mb << 20,
        resume=not afresh,
        wait=wait,
        **run.as_options(),
    )
    manifest = {name: value for name, value in done.manifest.items() if name != "shards"}
    if as_json:
        record = {"folder": str(done.folder), "computed": len(done.computed), "found": len(done.found)}
        print_json({**record, "failed": dict(done.failed), "seconds": done.seconds, "manifest": manifest})
    else:
        print_line(
            f"{len(done.computed)} shards scored in {done.seconds:.0f} s, {len(done.found)} were scored, "
            f"{len(done.failed)} failed: {done.folder}"
        )
        if manifest:
            tell_scored(manifest)
    tell_failures(done.failed)


def tell_failures(failed: Any) -> None:
    """Say why shards failed, the first few, on standard error, and exit 1; nothing when none did."""
    for key, why in list(failed.items())[:SHOWN]:
        print(one_line(f"failed {key}: {why}"), file=sys.stderr, flush=True)
    if failed:
        raise typer.Exit(FAILED)


def tell_scored(manifest: dict[str, Any]) -> None:
    """Say what was scored, what was set aside, and which ids come again."""
    print_line(
        f"{manifest['documents']:,} documents, {manifest['segments']:,} segments, "
        f"{manifest['characters']:,} characters; {manifest['errors']:,} could not be scored"
    )
    if manifest["quarantined"]:
        kinds = ", ".join(f"{kind} {n:,}" for kind, n in manifest["quarantine"].items())
        print_line(f"{manifest['quarantined']:,} records set aside: {kinds}", "yellow")
    repeated = manifest["repeated_ids"]
    if repeated["ids"]:
        names = ", ".join(one_line(each["id"], 40) for each in repeated["examples"][:SHOWN])
        print_line(f"{repeated['ids']:,} ids name {repeated['documents']:,} documents: {names} ...", "yellow")
