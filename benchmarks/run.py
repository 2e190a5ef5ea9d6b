"""All benchmarks in one process, one after another: tables on the terminal and in docs, figures as JSON.

python benchmarks/run.py                    everything but the quickstart
python benchmarks/run.py --only quickstart  the quickstart alone
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

# Before torch: spinning workers make small products many times slower on shared cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
os.environ["HF_HUB_OFFLINE"] = "1"

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
RESULTS = DOCUMENT.parent / "results" / "benchmarks.json"
MARK = "<!-- results -->"
PARTS = (
    "extraction",
    "monitor",
    "tokens",
    "training",
    "grid",
    "attacks",
    "inspect",
    "curate",
    "serving",
    "quickstart",
)
SHAPES = ("llama-30m", "gpt2-medium")
GRIDS = ("town-0.1m", "llama-30m")
PACKAGES = ("torch", "transformers", "peft", "numpy", "repeng", "steering-vectors", "datatrove", "inspect-ai")


def main() -> None:
    """Measure what is asked for, keep the other figures, and write all of them."""
    arguments = _arguments()
    rounds = arguments.rounds
    import attack_grid
    import curate_speed
    import curate_table
    import extraction
    import grid
    import inspect_overhead
    import monitor_cost
    import pretraining
    import quickstart_time
    import serving
    import shapes
    import texts
    import tokens

    result: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    result |= {"machine": _machine(), "versions": dict(_versions())}
    wanted = arguments.only or PARTS[:-1]
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        folders = {}
        if set(wanted) & set(PARTS[:2]):
            corpus = texts.corpus()
            folders = {name: shapes.build(name, Path(folder) / name, corpus) for name in arguments.shapes}
        measures: dict[str, Callable[[], dict[str, Any]]] = {
            "extraction": lambda: _merged(result, "extraction", extraction.run(folders, rounds, _log)),
            "monitor": lambda: _merged(result, "monitor", monitor_cost.run(folders, rounds, _log)),
            "tokens": lambda: tokens.run(rounds, _log),
            "training": lambda: pretraining.run(rounds, _log),
            "grid": lambda: _merged(result, "grid", grid.run(rounds, _log, arguments.grids)),
            "attacks": lambda: attack_grid.run(rounds, _log),
            "inspect": lambda: inspect_overhead.run(rounds, _log),
            "curate": lambda: curate_speed.run(rounds, _log, arguments.corpus, arguments.labelled),
            "serving": lambda: serving.run(rounds, _log),
            "quickstart": quickstart_time.run,
        }
        tables: dict[str, tuple[str, Callable[[dict[str, Any]], Iterable[str]]]] = {
            "extraction": ("Extraction", extraction.table),
            "monitor": ("Monitor", monitor_cost.table),
            "tokens": ("Tokens and masks", tokens.table),
            "training": ("Training", pretraining.table),
            "grid": ("Grid of stacks", grid.table),
            "attacks": ("Grid of attacks", attack_grid.table),
            "inspect": ("Inspect's overhead", inspect_overhead.table),
            "curate": ("Curation", curate_table.table),
            "serving": ("Serving", serving.table),
            "quickstart": ("Quickstart", lambda found: [quickstart_time.line(found)]),
        }
        for part in wanted:
            result[part] = measures[part]()
            lines = [
                f"Machine: {_sentence(result['machine'])}.",
                "Versions: "
                + ", ".join(f"{name} {number}" for name, number in result["versions"].items())
                + ".",
            ]
            for name, (title, table) in tables.items():
                if name in result:
                    lines += ["", f"### {title}", "", *table(result[name])]
            # After every part: what was measured is not lost with what follows.
            _write(result, lines)
    print("\n".join(lines))
    _log(f"measured for {time.perf_counter() - started:.0f} s")


def _versions() -> Iterator[tuple[str, str]]:
    """Those of the packages that are installed: curation needs none of the peers of extraction."""
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            yield name, version(name)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4, help="rounds in which the contenders take turns")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, help="these parts only; others keep their figures"
    )
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES), choices=SHAPES, help="likewise")
    parser.add_argument(
        "--grids", nargs="+", default=[*GRIDS], choices=GRIDS, help="models of grid, likewise"
    )
    parser.add_argument("--corpus", nargs="+", default=[], help="texts for curate; the town's without")
    parser.add_argument(
        "--labelled", nargs="+", default=[], metavar="NAME=PATH", help="sets for the recall of stage 1"
    )
    return parser.parse_args()


def _merged(result: dict[str, Any], part: str, new: dict[str, Any]) -> dict[str, Any]:
    """The new figures of a part, and the old ones of models that were not measured now."""
    old = result.get(part, {})

    def model(row: dict[str, Any]) -> str:
        return str(row.get("shape") or row["model"])

    measured = {model(row) for row in new["rows"]}
    tables = [key for key, value in new.items() if isinstance(value, list)]
    kept = {key: [row for row in old.get(key, []) if model(row) not in measured] for key in tables}
    return new | {key: rows + new[key] for key, rows in kept.items()}


def _machine() -> dict[str, Any]:
    from eudaimon.models.machine import this_machine

    machine = this_machine().model_dump(mode="json", exclude={"memory_free_gb"})
    return machine | {"load_before": round(os.getloadavg()[0], 1)}


def _sentence(machine: dict[str, Any]) -> str:
    return (
        f"{machine['processor']}, {machine['cores']} cores ({machine['threads']} threads), "
        f"{machine['memory_gb']:.0f} GB, {machine['system']}, Python {machine['python']}; "
        f"load average before the run {machine['load_before']}"
    )


def _write(result: dict[str, Any], lines: list[str]) -> None:
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    before, _, after = DOCUMENT.read_text(encoding="utf-8").split(MARK)
    page = MARK.join([before, "\n\n" + "\n".join(lines) + "\n\n", after])
    DOCUMENT.write_text(page, encoding="utf-8")


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
