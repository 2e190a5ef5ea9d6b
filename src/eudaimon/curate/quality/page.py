"""The figures as Markdown tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from eudaimon.core.score import Score
from eudaimon.curate.quality.evaluate import ALL, GIVEN, NEUTRAL, Figure, Quality

SETS = ("precision", "recall", "F1", "over-removal", "recall at 10 % escalated")


def tables(quality: Quality, ceilings: Sequence[Figure] = ()) -> str:
    """The figures of an evaluation as Markdown: by set, of characters and turns, by kind, and mistakes."""
    parts = [
        *_section("By set", _by_set(quality.figures)),
        *_section("Characters of comments, turns of dialogues", _others([*quality.figures, *ceilings])),
    ]
    for of in dict.fromkeys(figure.of for figure in quality.figures if figure.measure == "share removed"):
        parts += _section(f"Share removed: {of}", _by_kind(quality.figures, of))
    parts += _section("Mistakes on the gold passages", _mistakes(quality))
    if any(quality.failed.values()):
        failed = ", ".join(f"{name} {n}" for name, n in quality.failed.items() if n)
        parts.append(f"Documents that could not be scored, of which nothing was removed: {failed}.\n")
    return "\n".join(parts)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table; none when it has no rows."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *lines] if lines else []


def shown(score: Score | None) -> str:
    """A score with its interval, two digits; a dash where it is not defined."""
    if score is None:
        return "-"
    if score.low is None or score.high is None:
        return f"{score.value:.2f}"
    return f"{score.value:.2f} ({score.low:.2f} to {score.high:.2f})"


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"### {title}\n", *lines, ""] if lines else []


def _by_set(figures: Sequence[Figure]) -> list[str]:
    rows = []
    for of in dict.fromkeys(f.of for f in figures if f.measure in SETS):
        for scorer in dict.fromkeys(f.scorer for f in figures):
            found = {f.measure: f for f in figures if (f.of, f.scorer, f.kind) == (of, scorer, ALL)}
            if any(measure in found for measure in SETS):
                n = max(f.n for measure, f in found.items() if measure in SETS)
                scores = [found[m].score if m in found else None for m in SETS]
                rows.append([of, scorer, f"{n:,}", *map(shown, scores)])
    return table(["set", "scorer", "parts", *SETS], rows)


def _others(figures: Sequence[Figure]) -> list[str]:
    rest = [f for f in figures if f.kind == ALL and f.measure not in SETS]
    return table(
        ["set", "measure", "scorer", "n", "value"],
        [[f.of, f.measure, f.scorer, f"{f.n:,}", shown(f.score)] for f in sorted(rest, key=_measure)],
    )


def _measure(figure: Figure) -> tuple[str, str]:
    return figure.of, figure.measure


def _by_kind(figures: Sequence[Figure], of: str) -> list[str]:
    here = [f for f in figures if f.of == of and f.measure == "share removed"]
    scorers = list(dict.fromkeys(f.scorer for f in here))
    rows = []
    for kind in dict.fromkeys(f.kind for f in here):
        found = {f.scorer: f for f in here if f.kind == kind}
        n = max(f.n for f in found.values())
        scores = [found[scorer].score if scorer in found else None for scorer in scorers]
        rows.append([kind, f"{n:,}", *map(shown, scores)])
    return table(["kind" if of not in NEUTRAL else "neutral text", "parts", *scorers], rows)


def _mistakes(quality: Quality) -> list[str]:
    """Mistakes counted by what the part is: which passage it was would teach whoever writes training text."""
    return table(
        ["scorer", "voices", "what it is", "stays, ought to go", "goes, ought to stay"],
        _mistake_rows(quality),
    )


def _mistake_rows(quality: Quality) -> Iterator[Sequence[str]]:
    counts: Counter[tuple[str, str, str, bool]] = Counter(
        (m.scorer, "given" if m.passage.endswith(GIVEN) else "found", m.kind, m.removed)
        for m in quality.mistakes
    )
    for scorer, voices, kind in dict.fromkeys(key[:3] for key in counts):
        yield [scorer, voices, kind, *(str(counts[scorer, voices, kind, gone]) for gone in (False, True))]
