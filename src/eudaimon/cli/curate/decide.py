"""``eudaimon curate decide``."""

from __future__ import annotations

from pathlib import Path

from eudaimon.cli.curate.options import Out, PolicyName, ScoresFolder
from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line, print_table


def decide(
    scores: ScoresFolder,
    policy: PolicyName = "prosocial",
    out: Out = Path("decisions"),
    as_json: Json = False,
) -> None:
    """Decide a scored corpus by a policy, from its scores alone; no text is read and nothing is scored."""
    from eudaimon.curate.run.decide_corpus import decide_corpus

    done = decide_corpus(scores, policy, out)
    manifest = {name: value for name, value in done.manifest.items() if name not in ("shards", "policy")}
    if as_json:
        print_json({"folder": str(done.folder), "cpu_seconds": done.cpu_seconds, **manifest})
        return
    by = f"{done.manifest['policy']['name']} {manifest['policy_hash']}"
    print_line(f"{manifest['documents']:,} documents decided by {by}: {done.folder}")
    print_line(f"{manifest['untouched']:,} stay as they are; CPU {done.cpu_seconds:.1f} s")
    outcomes = sorted(manifest["outcome"])
    rows = [(source, *(found.get(o, 0) for o in outcomes)) for source, found in manifest["by_source"].items()]
    print_table(("source", *outcomes), rows)
    if manifest["spans"]:
        spans = [(rule, n, manifest["characters"][rule]) for rule, n in manifest["spans"].items()]
        print_table(("rule", "spans", "characters"), spans)
