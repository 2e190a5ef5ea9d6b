"""The figures of curation in Markdown, each beside its target."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rounds import show

BESIDE = (
    "| fastText by paragraph | here, documents/s | datatrove | ratio | of CPU | memory here, MB | there |"
)


def table(result: dict[str, Any]) -> Iterable[str]:
    """Both tables."""
    targets, removed = result["targets"], result["agreement"]["pieces_removed"]
    yield (
        f"{result['documents']:,} documents of {result['characters']:,.0f} characters and "
        f"{result['lines']:.0f} lines ({', '.join(result['corpus'])}), two workers. The decisions are the "
        f"same on all of them; {removed:,} pieces are removed, and kept with their scores."
    )
    first = result["agreement"]["first_run_seconds"]
    yield f"The first run with a model, which folds it for all later ones, is not counted: {first:.0f} s."
    yield ""
    yield BESIDE
    yield "|---|---|---|---|---|---|---|"
    yield from (_beside(result["fasttext"], name, targets) for name in ("gzip", "zstd"))
    yield ""
    yield "| what | ratio | target |"
    yield "|---|---|---|"
    for what, figure, bound in _others(result, targets):
        yield f"| {what} | **{figure}** | {bound} |"


def _beside(row: dict[str, Any], name: str, targets: dict[str, float]) -> str:
    ratio = row[f"over_{name}"]
    cells = [
        f"{row['dim']} dimensions, datatrove writes {name}",
        show(row["ours"]["documents_per_second"], "{:,.0f}"),
        show(row[name]["documents_per_second"], "{:,.0f}"),
        f"**{show(ratio)}**{' (under target)' if ratio['median'] < targets[name] else ''}",
        show(row[f"cpu_over_{name}"]),
        show(row["ours"]["pss_mb"], "{:,.0f}"),
        show(row[name]["pss_mb"], "{:,.0f}"),
    ]
    return f"| {' | '.join(cells)} |"


def _others(result: dict[str, Any], targets: dict[str, float]) -> Iterable[tuple[str, str, str]]:
    lexicon = result["lexicon"]
    yield "one file, two workers over one", show(result["two_workers"]), f"at least {targets['two_workers']}"
    if loops := result.get("two_loops"):
        yield "two plain loops over one, on the same machine in the same rounds", show(loops), "at most 2"
    yield "memory of two workers over one", show(result["two_memory"]), f"at most {targets['two_memory']}"
    for what, name in (("the shipped cascade", "redecide_shipped"), ("stage 1 alone", "redecide")):
        again = show(result[name], "{:.4f}")
        yield (
            f"deciding again, share of the CPU of scoring by {what}",
            again,
            f"at most {targets['redecide']}",
        )
    over = "stage 1 over datatrove, fastText of 100 dimensions"
    yield over, show(result["stage1"]), f"at least {targets['stage1']:.0f}"
    if recall := result.get("recall"):
        what = f"recall at 10 % escalation (n = {recall['n']:,}), stage 1 less fastText"
        yield what, f"{recall['stage1']:.3f} - {recall['fasttext']:.3f}", f"at least -{targets['recall']}"
    times = show(lexicon["ratio"], "{:.0f}")
    yield f"{lexicon['terms']:,} terms over a loop", times, f"at least {targets['lexicon']:.0f}"
