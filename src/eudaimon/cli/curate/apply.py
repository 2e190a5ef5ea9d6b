"""``eudaimon curate apply``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from eudaimon.cli.curate.options import POLICY_HELP, Format, HowToRun, Out, output_format
from eudaimon.cli.curate.score import tell_failures
from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line, print_table

COLUMNS = ("documents", "kept", "drop_documents", "error_documents", "characters", "removed_characters",
           "masked_characters")  # fmt: skip


def apply(
    source: Annotated[
        Path, Argument(help="Folder that `curate score` or `curate decide` wrote.", metavar="SOURCE")
    ],
    run: HowToRun,
    policy: Annotated[
        str | None,
        Option(
            "--policy", help=f"{POLICY_HELP} Default: that of the decisions, or prosocial.", metavar="NAME"
        ),
    ] = None,
    out: Out = Path("curated"),
    format: Format = "jsonl.zst",
    corpus: Annotated[
        list[str] | None,
        Option("--corpus", help="Where the files are, if they have moved; repeatable.", metavar="PATH"),
    ] = None,
    rewrites: Annotated[
        Path | None,
        Option(help="New words for spans to be rewritten: rows id, start, end, text.", metavar="FILE"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the kept text with its masks and weights, and beside it the removed text with the reasons.

    `eudaimon.train.read_texts` reads the folder "kept"; `curate restore` proves that nothing is lost.
    """
    from eudaimon.curate.run.apply_corpus import apply_corpus

    done = apply_corpus(
        source,
        out,
        policy,
        paths=corpus,
        format=output_format(format),
        rewrites=rewrites,
        **run.as_options(own_process=False),
    )
    manifest = {name: value for name, value in done.manifest.items() if name not in ("shards", "policy")}
    if as_json:
        record = {"folder": str(done.folder), "computed": len(done.computed), "found": len(done.found)}
        print_json({**record, "failed": dict(done.failed), "seconds": done.seconds, **manifest})
    else:
        print_line(
            f"{len(done.computed)} shards written in {done.seconds:.0f} s, {len(done.found)} were written, "
            f"{len(done.failed)} failed: {done.folder}"
        )
        if manifest:
            tell_applied(manifest)
    tell_failures(done.failed)


def tell_applied(manifest: Mapping[str, Any]) -> None:
    """Show what is kept and what is removed, in all and by source."""
    rows = [("all", *(manifest.get(name, 0) for name in COLUMNS))]
    rows += [(s, *(n.get(c, 0) for c in COLUMNS)) for s, n in manifest["by_source"].items()]
    print_table(("source", *(name.replace("_", " ") for name in COLUMNS)), rows)
