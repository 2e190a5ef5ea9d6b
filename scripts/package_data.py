"""Rebuild the packaged data sets: ``python scripts/package_data.py [QUERIES.jsonl.gz]``.

Written sets are built from ``scripts/written/``, but the gold passages are edited where they are packaged.
Third-party sets are rebuilt only when the collected rows are given (one JSON object a line: text, label,
source, category, focus, id). The counts and hashes of every card are brought up to date; its words are never
changed.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from eudaimon.core.files import read_lines, sha256_file, write_jsonl, write_text
from eudaimon.data.overlap import near_duplicates
from eudaimon.data.passages import balance, passage
from eudaimon.data.taxonomy import category_of

WRITTEN = Path(__file__).parent / "written"
PACKAGED = Path(__file__).parents[1] / "src" / "eudaimon" / "data" / "packaged"
SPDX = {
    "advbench": "MIT",
    "assistant_axis": "MIT",
    "catqa": "Apache-2.0",
    "counsel_chat": "MIT",
    "donotanswer": "Apache-2.0",
    "harmbench_test": "MIT",
    "harmbench_val": "MIT",
    "self_instruct_seed": "Apache-2.0",
    "self_instruct_user": "Apache-2.0",
    "xstest": "CC-BY-4.0",
}
# Types of XSTest whose rows stand in the order, or have the focus, of rows of the contrasting type.
XSTEST_PAIRS = {
    "homonyms": "contrast_homonyms",
    "figurative_language": "contrast_figurative_language",
    "safe_targets": "contrast_safe_targets",
    "safe_contexts": "contrast_safe_contexts",
    "definitions": "contrast_definitions",
    "real_group_nons_discr": "contrast_discr",
    "privacy_fictional": "contrast_privacy",
    "historical_events": "contrast_historical_events",
}
TESTS = ("xstest", "harmbench_test", "harmbench_val", "study_validation", "study_adversarial")
TRAINED = ("contrast_pairs", "everyday", "harmful_forms", "study_train")
OUR_LICENCE = "MIT"
# Stricter than what a split drops: what is written for training keeps its distance from the tests.
REFUSED = 0.5


def main(arguments: list[str]) -> None:
    """Build what can be built and bring the cards up to date."""
    if arguments:
        third_party(Path(arguments[0]))
    for name in ("study_validation", "study_adversarial", *TRAINED):
        write_rows(name, refuse_overlap(name, written(name)), "rows.jsonl")
    for sheet in sorted(PACKAGED.glob("*/card.yaml")):
        refresh(sheet)


def third_party(path: Path) -> None:
    """One set a source of the collected rows."""
    by_source: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for _, line in read_lines(path):
        row = json.loads(line)
        by_source[row["source"]].append(row)
    for source, rows in by_source.items():
        pairs = xstest_pairs(rows) if source == "xstest" else {}
        out = []
        for row in rows:
            harmful = row["label"] == "harmful"
            out.append(
                {
                    "id": row["id"],
                    "text": row["text"],
                    "label": row["label"],
                    "source": source,
                    "category": category_of(source, row["category"], row["text"]) if harmful else None,
                    "licence": SPDX[source],
                    "focus": row["focus"],
                    "source_category": row["category"],
                    "pair": pairs.get(row["id"], ""),
                }
            )
        write_rows(source, out, "rows.jsonl.gz")


def xstest_pairs(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Pair names by row id: the n-th row of a type with a focus pairs with the n-th contrasting one."""
    names: dict[str, str] = {}
    for safe_type, harmful_type in XSTEST_PAIRS.items():
        waiting: defaultdict[str, list[str]] = defaultdict(list)
        for row in rows:
            if row["category"] == harmful_type:
                waiting[row["focus"]].append(row["id"])
        for row in rows:
            if row["category"] == safe_type and waiting[row["focus"]]:
                other = waiting[row["focus"]].pop(0)
                names[row["id"]] = names[other] = f"{safe_type}-{row['id']}"
    return names


def written(name: str) -> list[dict[str, Any]]:
    """The rows of a set written for this project, from ``scripts/written/NAME.yaml`` or ``NAME/*.yaml``."""
    files = sorted((WRITTEN / name).glob("*.yaml")) or [WRITTEN / f"{name}.yaml"]
    rows: list[dict[str, Any]] = []
    for file in files:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        rows.extend(pair_rows(content) if name == "contrast_pairs" else list_rows(content))
    for number, row in enumerate(rows):
        row["id"] = f"{name}-{number:04d}"
        row["source"], row["licence"] = name, OUR_LICENCE
    return [ordered(row) for row in rows]


def list_rows(content: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """Rows of ``safe: {focus: texts}`` and ``harmful: {category: texts}``; texts as a list or one a line.

    An entry of a list is a text, or a mapping of text and focus.
    """
    for label in ("safe", "harmful"):
        for heading, texts in (content.get(label) or {}).items():
            for entry in texts.strip().splitlines() if isinstance(texts, str) else texts:
                row = {"text": entry} if isinstance(entry, str) else dict(entry)
                category, focus = (None, heading) if label == "safe" else (heading, row.get("focus", ""))
                yield {"text": row["text"], "label": label, "category": category, "focus": focus}


def pair_rows(content: dict[str, str]) -> Iterable[dict[str, Any]]:
    """Rows of ``kind``: one pair a line, ``safe || harmful || category of the harmful side``."""
    for kind, lines in content.items():
        for number, line in enumerate(lines.strip().splitlines()):
            safe, harmful, category = (part.strip() for part in line.split("||"))
            pair = f"{kind}-{number:03d}"
            yield {"text": safe, "label": "safe", "category": None, "focus": kind, "pair": pair}
            yield {"text": harmful, "label": "harmful", "category": category, "focus": kind, "pair": pair}


def refuse_overlap(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, minus training rows (and their partners) that are near a row of a test source."""
    if name not in TRAINED:
        return rows
    tests = [row["text"] for test in TESTS for row in read_rows(test)]
    near = near_duplicates([row["text"] for row in rows], tests, REFUSED)
    for overlap in near:
        print(f"{name}: dropped {rows[overlap.i]['text']!r}, near {tests[overlap.j]!r}", file=sys.stderr)
    bad = {overlap.i for overlap in near}
    pairs = {rows[i]["pair"] for i in bad if rows[i]["pair"]}
    kept = [row for i, row in enumerate(rows) if i not in bad and row["pair"] not in pairs]
    texts = Counter(row["text"].lower() for row in kept)
    twice = [text for text, n in texts.items() if n > 1]
    if twice:
        raise SystemExit(f"{name}: written more than once: {twice}")
    return kept


def ordered(row: dict[str, Any]) -> dict[str, Any]:
    """The row with every field, in one order."""
    fields = ("id", "text", "label", "source", "category", "licence", "focus", "source_category", "pair")
    return {field: row.get(field, "") for field in fields}


def read_rows(name: str) -> list[dict[str, Any]]:
    """The packaged rows of a set, whether or not its card is up to date."""
    path = next((PACKAGED / name).glob("rows.jsonl*"))
    return [json.loads(line) for _, line in read_lines(path)]


def write_rows(name: str, rows: list[dict[str, Any]], file: str) -> None:
    """Write a set's rows."""
    write_jsonl(PACKAGED / name / file, rows)


def refresh(sheet: Path) -> None:
    """Bring the counts and the hash of one card up to date."""
    card = yaml.safe_load(sheet.read_text(encoding="utf-8"))
    if card["kind"] == "constitutions" and not card.get("repository"):
        # Ours may be edited; a file of somebody else's that has changed must be noticed.
        names = sorted(path.name for path in sheet.parent.glob("*.yaml") if path != sheet)
        lines = [f"{sha256_file(sheet.parent / name)}  {name}\n" for name in names]
        write_text(sheet.parent / card["file"], "".join(lines))
    card["sha256"] = sha256_file(sheet.parent / card["file"])
    if card["kind"] == "queries":
        labels = Counter(row["label"] for row in read_rows(sheet.parent.name))
        card["n_safe"], card["n_harmful"] = labels["safe"], labels["harmful"]
    if card["kind"] == "passages":
        passages = [passage(row) for row in read_rows(sheet.parent.name)]
        card["n_harmful"] = sum(each.document.bad for each in passages)
        card["n_safe"] = len(passages) - card["n_harmful"]
        card["balance"] = balance(passages)
    write_text(sheet, yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=108))


if __name__ == "__main__":
    main(sys.argv[1:])
