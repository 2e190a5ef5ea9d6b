"""How well the persona is told apart inside each subject, layer by layer, above what shuffled labels give."""

from __future__ import annotations

from matplotlib.figure import Figure

from eudaimon.evaluate.battery.record import BatteryRecord, JudgeFreeNote
from eudaimon.report.figures.style import COLOURS, NARROW, WIDE, blank, bounds, key, panel, styled
from eudaimon.report.words import shorten

SERIES = ("harmful", "safe", "monitor", "text", "series1", "series2", "series3")
CHANCE = 0.5


@styled
def separability_curves(record: BatteryRecord, *, narrow: bool = False) -> Figure | None:
    """AUROC on pairs not seen, with 95 % bands, by layer; one line for each subject and seed. None without.

    The dashed lines are the upper ends of what 95 % of shuffled labels give.
    """
    lines: dict[tuple[str, int | None], list[JudgeFreeNote]] = {}
    for note in record.judge_free:
        if note.layer is not None:
            lines.setdefault((note.subject, note.seed), []).append(note)
    if not lines:
        return None
    colours = {name: SERIES[k % len(SERIES)] for k, name in enumerate(dict.fromkeys(who for who, _ in lines))}
    entries = [("━", shorten(name, 30), colour) for name, colour in colours.items()]
    entries.append(("╍", "97.5 % of shuffled labels lie below", "control"))
    width = NARROW if narrow else WIDE
    above = 10 + key(blank(width, 1), 12, 12, entries, width - 24)
    figure = blank(width, above + 250)
    key(figure, 12, 12, entries, width - 24)
    axes = panel(figure, 44, above + 8, width - 62, 192)
    for (name, _), notes in lines.items():
        notes = sorted(notes, key=lambda note: note.layer or 0)
        layers = [note.layer or 0 for note in notes]
        colour = COLOURS[colours[name]]
        axes.fill_between(
            layers, *bounds([note.score for note in notes]), color=colour, alpha=0.12, linewidth=0
        )
        axes.plot(layers, [note.score.value for note in notes], color=colour, linewidth=1.8, marker=".")
        highest = [note.shuffled.high for note in notes if note.shuffled is not None]
        if len(highest) == len(layers):
            axes.plot(layers, highest, color=colour, linewidth=1.1, linestyle=(0, (4.0, 2.0)), alpha=0.8)
    axes.axhline(CHANCE, color=COLOURS["ink"], linewidth=1, alpha=0.6)
    layers = sorted({note.layer or 0 for notes in lines.values() for note in notes})
    axes.set_xticks(layers[:: 2 if narrow else 1])
    axes.set_xlabel("layer (0 = embedding); AUROC on pairs that the probe has not seen, line: chance")
    return figure
