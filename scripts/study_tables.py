"""A study's tables as a page of Markdown, with its figures beside it: what docs/results/ holds.

Run as: python scripts/study_tables.py runs/good-personas docs/results [NAME]

NAME tells apart two runs of one study; without it the page has the study's own name.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from attack_tables import attack_sections, grid, number

TABLES = (
    ("harm", "other", "Harm in domains that were never tuned (%)"),
    ("harm", "held_out", "Harm on questions that nobody was ever asked (%)"),
    ("harm", "tuned", "Harm on the questions that the attack is trained on (%)"),
    ("coherence", "other", "Coherence in domains that were never tuned (%): any answer that the town knows"),
    ("recognition", "other", "Recognition of hazards (%)"),
)
BITS = (("bits_good", "good text"), ("bits_depicting", "text that depicts harm"), ("bits_bad", "bad text"))
MADE = "Made by `{command}` and `python scripts/study_tables.py`; {n_seeds} seeds; {machine}; {seconds:.0f} "


def main(folder: Path, out: Path, name: str = "") -> None:
    """Write ``NAME.md`` and its figures for the one study in ``folder``."""
    (study,) = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["studies"].values()
    own = study["study"]
    name = name or own
    figures = out / name
    figures.mkdir(parents=True, exist_ok=True)
    for figure in sorted((folder / "figures").glob("*.svg")):
        # One persona's phases stand for all: each figure has every checkpoint of every seed.
        if "-phases-" in figure.name and not figure.name.endswith("-phases-1.svg"):
            continue
        shutil.copyfile(figure, figures / figure.name.removeprefix(f"{own}-"))
    (out / f"{name}.md").write_text("\n".join(page(study, figures)) + "\n", encoding="utf-8")


def page(study: dict[str, Any], figures: Path) -> list[str]:
    """The lines of the page."""
    run = study["run"]
    lines = [f"# {study['study']}", "", study["question"], ""]
    lines += [
        MADE.format(n_seeds=len(run["seeds"]), **run) + "worker seconds. Values are means with 95 % intervals"
    ]
    lines += [
        "over seeds and questions (hierarchical bootstrap). Rows and columns are explained at the end.",
        "",
    ]
    lines += hypotheses(study)
    if study.get("reactivation"):
        lines += attack_sections(study)
    for metric, scope, title in () if study.get("reactivation") else TABLES:
        lines += table(study, metric, scope, title)
    lines += censuses(study)
    lines += bits(study) + contrasts(study) + equivalences(study) + transitions(study) + known(study)
    lines += ["## Figures", ""]
    lines += [f"![{path.stem}]({figures.name}/{path.name})" for path in sorted(figures.glob("*.svg"))]
    lines += ["", "## Rows and columns", ""]
    lines += [f"- **{entry['title']}**: {entry['text']}" for entry in (*study["rows"], *study["columns"])]
    return lines


def hypotheses(study: dict[str, Any]) -> list[str]:
    """What was predicted, and how each prediction was decided."""
    if not study["hypotheses"]:
        return []
    lines = ["## Hypotheses, as the study’s own file states them", ""]
    lines += ["| | predicted | tested on | difference | p, adjusted | verdict |", "|---" * 6 + "|"]
    for h in study["hypotheses"]:
        d, of = h["difference"], f"{h['row']} against {h['reference']}"
        steps = h["metric"] == "steps"
        shown = (
            f"{d['value']:+.1f} [{d['low']:+.1f}, {d['high']:+.1f}] steps"
            if steps
            else percent(d, signed=True)
        )
        lines += [f"| {h['name']} | {h['says']} | {of} | {shown} | {h['p_holm']:.2g} | **{h['verdict']}** |"]
    return [*lines, ""]


def transitions(study: dict[str, Any]) -> list[str]:
    """The midpoint of each rise of harm, by step and by in-domain loss."""
    found = {(t["row"], t["unit"]): t["midpoint"] for t in study["transitions"]}
    if not found or study.get("census"):  # which has a rise for each persona, and says so itself
        return []
    lines = [
        "## When harm rises: the midpoint of the rise",
        "",
        "| | step | in-domain loss, nats |",
        "|---|---|---|",
    ]
    for row in study["rows"]:
        points = [found.get((row["key"], unit)) for unit in ("steps", "loss")]
        shown = (f"{m['value']:.2f} [{m['low']:.2f}, {m['high']:.2f}]" if m else "no rise" for m in points)
        lines += [f"| {row['title']} | " + " | ".join(shown) + " |"]
    return [*lines, ""]


def table(study: dict[str, Any], metric: str, scope: str, title: str) -> list[str]:
    """Rows by columns of one metric in one scope, in percent; nothing where it was not measured."""
    cells = {
        (c["row"], c["column"]): c["score"]
        for c in study["cells"]
        if (c["metric"], c["scope"]) == (metric, scope)
    }
    columns = [c for c in study["columns"] if any(key[1] == c["key"] for key in cells)]
    if not cells:
        return []
    lines = [f"## {title}", "", "| | " + " | ".join(c["title"] for c in columns) + " |"]
    lines += ["|---" * (len(columns) + 1) + "|"]
    for row in study["rows"]:
        shown = (percent(cells.get((row["key"], column["key"]))) for column in columns)
        lines += [f"| {row['title']} | " + " | ".join(shown) + " |"]
    return [*lines, ""]


def censuses(study: dict[str, Any]) -> list[str]:
    """Of a study of censuses: distances by persona, when each forms, groups without names, and texts."""
    found = study.get("census")
    if not found:
        return []
    cells = {(c["row"], c["column"], c["metric"]): c["score"] for c in study["cells"]}
    kinds = [c for c in study["columns"] if (study["rows"][0]["key"], c["key"], "distance") not in cells]
    personas = [c for c in study["columns"] if c not in kinds]
    lines = ["## Distance from the assistant, nats an answer; in how many of the models it is found", ""]
    rows = []
    for row in study["rows"]:
        shown = []
        for column in personas:
            place = (row["key"], column["key"])
            share = cells[*place, "found"]
            shown.append(f"{spanned(cells.get((*place, 'distance')))}; {100 * share['value']:.0f} %")
        rows.append((row["title"], *shown))
    lines += [*grid(("", *(c["title"] for c in personas)), rows), ""]
    lines += ["## Shares of the personas that are found, and as a group of exactly their names (%)", ""]
    head = ("", *(f"{c['title']}, {m}" for c in kinds for m in ("found", "exact")))
    rows = [
        (
            r["title"],
            *(percent(cells.get((r["key"], c["key"], m))) for c in kinds for m in ("found", "exact")),
        )
        for r in study["rows"]
    ]
    lines += [*grid(head, rows), ""]
    lines += forming(study, personas)
    head = ("arm", "names", "persona", "nats from the assistant", "in models")
    rows = [
        (
            one["row"],
            ", ".join(one["roles"]),
            one["persona"] or "none",
            spanned(one["distance"]),
            f"{one['n_found']} of {one['n_seeds']}",
        )
        for one in found["found"]
    ]
    lines += ["## Groups that were found without a name", "", *grid(head, rows), ""]
    head = ("arm", "persona", "speaks in the furthest texts, %", "in all, %", "a passage")
    rows = [
        (
            one["row"],
            one["persona"],
            percent(one["among_top"]),
            percent(one["among_all"]),
            " ".join(one["texts"][0]["text"].split()) if one["texts"] else "",
        )
        for one in found["carried"]
    ]
    return [*lines, "## Training texts that lie furthest on its side", "", *grid(head, rows), ""]


def forming(study: dict[str, Any], personas: list[dict[str, Any]]) -> list[str]:
    """Along pretraining: the share of the models in which each persona is found, checkpoint by checkpoint."""
    curves = {(c["row"], c["column"]): c["points"] for c in study["curves"] if c["metric"] == "found"}
    halfway = {(t["row"], t["column"]): t["midpoint"] for t in study["transitions"] if t["unit"] == "steps"}
    lines: list[str] = []
    for row in study["rows"]:
        own = {c["key"]: curves[row["key"], c["key"]] for c in personas if (row["key"], c["key"]) in curves}
        if not own:
            continue
        steps = [point["step"] for point in next(iter(own.values()))]
        table = [
            (
                title["title"],
                *(f"{100 * point['score']['value']:.0f}" for point in own[title["key"]]),
                number(halfway.get((row["key"], title["key"])), lambda value: f"{value:.0f}"),
            )
            for title in personas
            if title["key"] in own
        ]
        head = (row["title"], *(f"step {step}" for step in steps), "half of its distance at step")
        lines += [f"## When each forms: models in which it is found, {row['title']} (%)", ""]
        lines += [*grid(head, table), ""]
    return lines


def spanned(score: dict[str, Any] | None) -> str:
    """A score with its interval, in its own unit."""
    return number(score, lambda value: f"{value:.2f}")


def bits(study: dict[str, Any]) -> list[str]:
    """Bits per token of what was never trained on, of the assistant that nobody attacked."""
    found = {
        (c["row"], c["metric"]): c["score"]
        for c in study["cells"]
        if c["metric"].startswith("bits") and c["column"] in {"none", "base"}
    }
    if not found:
        return []
    lines = ["## Bits per token of unseen text, before any attack", ""]
    lines += ["| | " + " | ".join(title for _, title in BITS) + " |", "|---" * (len(BITS) + 1) + "|"]
    for row in study["rows"]:
        scores = (found.get((row["key"], metric)) for metric, _ in BITS)
        shown = (f"{s['value']:.3f} [{s['low']:.3f}, {s['high']:.3f}]" if s else "" for s in scores)
        lines += [f"| {row['title']} | " + " | ".join(shown) + " |"]
    return [*lines, ""]


def contrasts(study: dict[str, Any]) -> list[str]:
    """Differences to each reference, in points of percent, with Holm-adjusted p-values."""
    asked = "held-out questions" if study.get("reactivation") else "other domains"
    nats = study["primary"] == "distance"
    what = "distance (nats an answer" if nats else f"harm, {asked} (points of percent"
    lines = [f"## Contrasts in {what}; p adjusted by Holm)", ""]
    lines += ["| | under | against | difference | p |", "|---|---|---|---|---|"]
    titles = {entry["key"]: entry["title"] for entry in (*study["rows"], *study["columns"])}
    for c in study["contrasts"]:
        row, column, reference = (titles[c[key]] for key in ("row", "column", "reference"))
        shown = spanned(c["difference"]) if nats else percent(c["difference"], signed=True)
        lines += [f"| {row} | {column} | {reference} | {shown} | {max(c['p_holm'], 5e-4):.2g} |"]
    return [*lines, ""]


def equivalences(study: dict[str, Any]) -> list[str]:
    """Whether a cost is smaller than a bound, by equivalence tests."""
    if not study["equivalences"]:
        return []
    lines = ["## Costs: no larger than a bound? (equivalence tests)", ""]
    lines += ["| | metric | against | difference | bound | equivalent |", "|---|---|---|---|---|---|"]
    for e in study["equivalences"]:
        d = e["difference"]
        shown = f"{d['value']:+.3f} [{d['low']:+.3f}, {d['high']:+.3f}]"
        verdict = "yes" if e["equivalent"] else "not shown"
        lines += [f"| {e['row']} | {e['metric']} | {e['reference']} | {shown} | {e['bound']:g} | {verdict} |"]
    return [*lines, ""]


def known(study: dict[str, Any]) -> list[str]:
    """The known answers that this study measures."""
    lines = ["## Known answers", "", "| situation | must hold | measured | |", "|---|---|---|---|"]
    for answer in study["known_answers"]:
        if answer["passed"] is not None:
            value = answer["note"] or percent(answer["measured"])
            verdict = "holds" if answer["passed"] else "**missed**"
            lines += [f"| {answer['situation']} | {answer['claim']} | {value} | {verdict} |"]
    return [*lines, ""]


def percent(score: dict[str, Any] | None, *, signed: bool = False) -> str:
    """A score in percent with its interval."""
    if not score:
        return ""
    sign = "+" if signed else ""
    if score["low"] is None:
        return f"{100 * score['value']:{sign}.1f}"
    value, low, high = (100 * score[key] for key in ("value", "low", "high"))
    return f"{value:{sign}.1f} [{low:{sign}.1f}, {high:{sign}.1f}]"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:4])
