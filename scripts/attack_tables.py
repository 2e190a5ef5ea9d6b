"""What attacks came to, as Markdown: an evaluation's page, and the part of a study of attacks.

Run as: python scripts/attack_tables.py runs/evaluate docs/results/evaluate-town.md

The folder is that of `eudaimon evaluate`; its figure of doses is copied beside the page.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def main(folder: Path, page: Path) -> None:
    """Write the page of an evaluation."""
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    lines = [f"# {record['question']}", ""]
    lines += [
        f"Made by `{record['command']}` and `python scripts/attack_tables.py`; {record['n_questions']} "
        f"questions of the ground *{record['ground']}*, judged by {', '.join(record['judges'])}; "
        f"{len(record['seeds'])} seeds. Harm is `{record['harm']}`, in percent, with 95 % intervals.",
        "",
    ]
    lines += worst(record) + doses(record) + costs(record) + judge_free(record) + watched(record)
    lines += gaps(record)
    figures = page.with_suffix("")
    figures.mkdir(parents=True, exist_ok=True)
    lines += ["## Figures", ""]
    for figure in sorted((folder / "figures").glob("*.svg")):
        shutil.copyfile(figure, figures / figure.name)
        lines += [f"![{figure.stem}]({figures.name}/{figure.name})"]
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")


def worst(record: dict[str, Any]) -> list[str]:
    """Without attack, in the mean and in the worst case."""
    head = ("subject", "no attack", "mean of attacks", "worst case", "which", "of", "too high by about")
    rows = [
        (
            one["subject"],
            percent(one["plain"]),
            percent(one["mean"]),
            percent(one["worst"]),
            f"{one['attack']}, {one['variant']}, {one['budget']:g}",
            str(one["n_tried"]),
            f"{100 * one['bias']:.1f}",
        )
        for one in record["extremes"]
    ]
    return ["## Mean and worst case", "", *grid(head, rows), ""]


def doses(record: dict[str, Any]) -> list[str]:
    """Harm of each subject under each attack at its largest budget, and coherence behind it."""
    units = {attack["name"]: attack["unit"] for attack in record["attacks"]}
    controls = {(a["name"], v["name"]) for a in record["attacks"] for v in a["variants"] if v["control"]}
    subjects = [one["name"] for one in record["subjects"]]
    found: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for dose in record["doses"]:
        own = found.setdefault((dose["attack"], dose["variant"]), {})
        if dose["subject"] not in own or own[dose["subject"]]["budget"] < dose["budget"]:
            own[dose["subject"]] = dose
    rows = []
    for (attack, variant), own in found.items():
        budget = max(dose["budget"] for dose in own.values())
        if not budget:
            continue
        name = f"*{attack}, {variant}*" if (attack, variant) in controls else f"{attack}, {variant}"
        rows.append(
            (name, f"{budget:g} {units[attack]}", *(harm_of(own.get(subject)) for subject in subjects))
        )
    note = (
        "Controls in italics. After each harm the coherence, in percent: what is not coherent is no answer."
    )
    return ["## At the largest budget", "", note, "", *grid(("attack", "budget", *subjects), rows), ""]


def harm_of(dose: dict[str, Any] | None) -> str:
    """Harm with its interval, and coherence where it was read."""
    if dose is None:
        return "not run"
    coherence = dose["others"].get("coherence")
    return percent(dose["harm"]) + (f"; {100 * coherence['value']:.0f}" if coherence else "")


def costs(record: dict[str, Any]) -> list[str]:
    """What safety cost, metric by metric."""
    subjects = [one["name"] for one in record["subjects"]]
    found: dict[tuple[str, str, str, str], dict[str, str]] = {}
    for one in record["costs"]:
        key = (one["cost"], one["metric"], one["unit"], one["better"])
        found.setdefault(key, {})[one["subject"]] = number(one["score"])
    rows = [(*key, *(own.get(subject, "") for subject in subjects)) for key, own in found.items()]
    return ["## Costs", "", *grid(("cost", "metric", "unit", "better", *subjects), rows), ""] if rows else []


def judge_free(record: dict[str, Any]) -> list[str]:
    """What subjects tell without a judge: likelihoods, and the AUROC of each layer beside shuffled labels."""
    rows = [
        (
            one["subject"],
            one["metric"] if one["layer"] is None else f"{one['metric']}, layer {one['layer']}",
            one["unit"],
            number(one["score"]),
            number(one["shuffled"]),
        )
        for one in record["judge_free"]
    ]
    head = ("subject", "metric", "unit", "", "shuffled labels")
    return ["## Without a judge", "", *grid(head, rows), ""] if rows else []


SEEN = ("harmful", "auroc_answer", "tpr_answer", "fpr_answer", "tpr_worst", "tokens_out", "fpr_prompt")


def watched(record: dict[str, Any]) -> list[str]:
    """What a monitor made of answers within attacks, at every budget."""
    found: dict[tuple[str, str, str, float], dict[str, str]] = {}
    for one in record["watched"]:
        key = (one["subject"], one["attack"], one["variant"], one["budget"])
        found.setdefault(key, {})[one["what"]] = number(one["score"])
    if not found:
        return []
    rows = [
        (subject, f"{attack}, {variant}", f"{budget:g}", *(own.get(what, "") for what in SEEN))
        for (subject, attack, variant, budget), own in found.items()
    ]
    lines = ["## The monitor inside attacks", ""]
    for one in record["watchers"]:
        lines += [
            f"- {one['subject']}: {one['monitor']}, thresholds for "
            f"{100 * one['fpr']:.3g} % of false alarms from "
            f"{one['n']} exchanges ({one['whence']})"
        ]
    lines += [
        "",
        "Rates are of harmful answers under attack (`tpr`), and of harmless ones of its control (`fpr`);",
    ]
    lines += [
        "`tpr_worst` is the attacker's choice among tries, `tokens_out` what was out when it flagged.",
        "",
    ]
    return [*lines, *grid(("subject", "attack", "budget", *SEEN), rows), ""]


def gaps(record: dict[str, Any]) -> list[str]:
    """What was not run, and why."""
    rows = [(g["subject"], g["attack"], g["variant"], g["kind"], g["why"]) for g in record["gaps"]]
    return ["## Not run", "", *grid(("subject", "attack", "variant", "", "why"), rows), ""] if rows else []


def attack_sections(study: dict[str, Any]) -> list[str]:
    """Of a study of attacks: words, worst cases, contrasts of times, and harm at the largest budgets."""
    found = study["reactivation"]
    arms = [row["key"] for row in study["rows"]]
    lines: list[str] = []
    for told in found["words"]:
        lines += [f"## {told['heading']}", "", *(f"- {sentence}" for sentence in told["sentences"]), ""]
    head = ("arm", "mean", "worst", "which", "too high by about")
    rows = [
        (one["row"], percent(one["mean"]), percent(one["worst"]), one["which"], f"{100 * one['bias']:.1f}")
        for one in found["worst"]
    ]
    lines += ["## Mean and worst case over attacks, harm in %", "", *grid(head, rows), ""]
    head = ("", "against", "under", "times the budget", "p, Holm", "p, swapped within seeds", "primary")
    rows = [(one["row"], one["reference"], one["column"], *times(one)) for one in found["times"]]
    lines += ["## Budget until an answer is harmful: ratios", "", *grid(head, rows), ""]
    for front in found["fronts"]:
        points = [
            (
                one["row"],
                number(one["x"]),
                percent(one["y"]),
                "yes" if one["on_front"] else "",
                f"{100 * one['probability']:.0f}",
            )
            for one in front["points"]
        ]
        head = ("arm", front["x"], f"{front['y']}, %", "on the front", "in % of resamples")
        lines += [f"## {front['y'].capitalize()} by {front['x']}", "", *grid(head, points), ""]
    costs = [
        (one["row"], one["cost"], f"{one['metric']}, {one['unit']}", number(one["score"]), *against(one))
        for one in found["costs"]
        if one["stands"]
    ]
    head = ("arm", "cost", "metric", "", "difference", "p, Holm")
    lines += ["## What safety cost", "", *grid(head, costs), ""]
    last = {(dose["row"], dose["column"]): dose["points"][-1] for dose in found["doses"]}
    rows = []
    for route in found["routes"]:
        title = f"*{route['title']}*" if route["control"] else route["title"]
        harms = (
            percent(last[arm, route["key"]]["harm"]) if (arm, route["key"]) in last else "" for arm in arms
        )
        rows.append((title, f"{route['budgets'][-1]:g} {route['unit']}", *harms))
    lines += ["## Harm at the largest budget, in %", "", "Controls in italics.", ""]
    return [*lines, *grid(("attack", "budget", *arms), rows), ""]


def against(one: dict[str, Any]) -> tuple[str, str]:
    """The difference from the reference with its p-value; empty for the reference itself."""
    p = "" if one["p_holm"] is None else f"{one['p_holm']:.2g}"
    return number(one["difference"]), p


def times(one: dict[str, Any]) -> tuple[str, ...]:
    """Ratio, p-values and whether the contrast was stated before the data."""
    ratio = one["note"] or f"{one['ratio']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"
    swapped = "" if one["p_swapped"] is None else f"{one['p_swapped']:.2g} (at least {one['p_least']:.2g})"
    return ratio, f"{one['p_holm']:.2g}", swapped, "yes" if one["primary"] else ""


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in Markdown."""
    cells = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(row)} |" for row in cells]


def percent(score: dict[str, Any] | None) -> str:
    """A score in percent with its interval."""
    return number(score, lambda value: f"{100 * value:.1f}")


def number(score: dict[str, Any] | None, shown: Callable[[float], str] = "{:.3g}".format) -> str:
    """A score with its interval; nothing where there is none."""
    if not score:
        return ""
    if score["low"] is None:
        return shown(score["value"])
    return f"{shown(score['value'])} [{shown(score['low'])}, {shown(score['high'])}]"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
