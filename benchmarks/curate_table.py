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
    if first := result.get("first_run_seconds"):
        told = " and ".join(f"{seconds:.0f} s with {dim} dimensions" for dim, seconds in first.items())
        yield f"The first run with a model, which folds it for all later ones, is not counted: {told}."
    yield ""
    yield BESIDE
    yield "|---|---|---|---|---|---|---|"
    for row in result["fasttext"]:
        yield from (_beside(row, name, targets) for name in ("gzip", "zstd"))
    yield ""
    yield "| what | ratio | target |"
    yield "|---|---|---|"
    for what, figure, bound in _others(result, targets):
        yield f"| {what} | **{figure}** | {bound} |"


def _beside(row: dict[str, Any], name: str, targets: dict[str, float]) -> str:
    ratio = row[f"over_{name}"]
    under = row["dim"] == 16 and ratio["median"] < targets[name]
    cells = [
        f"{row['dim']} dimensions, datatrove writes {name}",
        show(row["ours"]["documents_per_second"], "{:,.0f}"),
        show(row[name]["documents_per_second"], "{:,.0f}"),
        f"**{show(ratio)}**{' (under target)' if under else ''}",
        show(row[f"cpu_over_{name}"]),
        show(row["ours"]["pss_mb"], "{:,.0f}"),
        show(row[name]["pss_mb"], "{:,.0f}"),
    ]
    return f"| {' | '.join(cells)} |"


def _others(result: dict[str, Any], targets: dict[str, float]) -> Iterable[tuple[str, str, str]]:
    lexicon = result["lexicon"]
    yield "one file, two workers over one", show(result["two_workers"]), f"at least {targets['two_workers']}"
    yield "memory of two workers over one", show(result["two_memory"]), f"at most {targets['two_memory']}"
    again = show(result["redecide"], "{:.3f}")
    yield "deciding again, share of scoring's CPU", again, f"at most {targets['redecide']}"
    for name, ratio in result["stage1"].items():
        what = f"`{name}` over datatrove, fastText of 100 dimensions"
        yield what, show(ratio), f"at least {targets['stage1']:.0f}"
    if recall := result.get("recall"):
        what = f"recall at 10 % escalation (n = {recall['n']:,}), stage 1 less fastText"
        yield what, f"{recall['stage1']:.3f} - {recall['fasttext']:.3f}", f"at least -{targets['recall']}"
    times = show(lexicon["ratio"], "{:.0f}")
    yield f"{lexicon['terms']:,} terms over a loop", times, f"at least {targets['lexicon']:.0f}"
