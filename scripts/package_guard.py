"""Rebuild the packaged guard: a monitor on the packaged MiniLM, its card, and every figure on the card.

    python scripts/package_guard.py

As `eudaimon monitor fit --model minilm --no-examples`, with its defaults. Some minutes on one core. The same
program and data give the same file on one machine.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from eudaimon.core import Score
from eudaimon.data import gold_passages
from eudaimon.data.library import card
from eudaimon.data.query import data_hash
from eudaimon.data.selection import select
from eudaimon.data.splits import Splits
from eudaimon.measure import auroc, bootstrap, wilson
from eudaimon.models import load
from eudaimon.monitor import Monitor
from eudaimon.monitor.evaluation import Options, evaluate
from eudaimon.monitor.preparation import FitOptions
from eudaimon.monitor.records import EvaluationRecord
from eudaimon.monitor.run import fit_run
from eudaimon.monitor.run_info import collect_run_info, data_uses
from eudaimon.serve.upstream.calibration import highest_scores
from eudaimon.serve.upstream.growing import Window

NAME = "minilm-guard"
OUT = Path(__file__).parents[1] / "src" / "eudaimon" / "serve" / "guards"
COMMAND = "python scripts/package_guard.py"
OPTIONS = FitOptions(keep_examples=False)
SYSTEMS = ("monitor", "tfidf_lr", "ngram_nb", "length", "embedding_layer")
WORDS = Path(__file__).with_suffix(".yaml")


def main() -> None:
    """Write the guard's file and its card."""
    splits = select()
    file = OUT / f"{NAME}.safetensors"
    monitor = fit_run(load("minilm"), splits, file, OPTIONS)
    info = collect_run_info(COMMAND, seeds={"fit": OPTIONS.seed, "evaluation": 0}, data=data_uses(splits))
    options = Options(with_audit=False, with_study=False)
    record = evaluate(monitor, splits.train, splits.calibration, splits.test, info, options)
    words = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    note = words.pop("answers_note")
    written = {
        **words,
        "file": file.name,
        "sha256": sha256(file.read_bytes()).hexdigest(),
        "command": COMMAND,
        "sources": {name: card(name).licence for name in sources(splits)},
        "fit": fitted(monitor, splits),
        "figures": figures(record, splits),
        "answers": {"calibrated": False, "note": note, **answers(monitor)},
    }
    (OUT / f"{NAME}.yaml").write_text(
        "# Written by scripts/package_guard.py; do not edit.\n"
        + yaml.safe_dump(written, sort_keys=False, allow_unicode=True, width=110),
        encoding="utf-8",
    )


def sources(splits: Splits) -> list[str]:
    """The sources that the guard was fitted or calibrated on, in alphabetical order."""
    return sorted({query.source for query in (*splits.train, *splits.calibration)})


def fitted(monitor: Monitor, splits: Splits) -> dict[str, Any]:
    """What was fitted on what, and the threshold with its promise."""
    threshold = monitor.threshold
    return {
        "options": {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(OPTIONS).items()},
        "rows": {
            split: {
                "hash": data_hash(rows),
                "by_source": dict(sorted(Counter(query.source for query in rows).items())),
            }
            for split, rows in (("train", splits.train), ("calibration", splits.calibration))
        },
        "probes": [f"{probe.method} at layer {probe.site}, {probe.pooling}" for probe in monitor.probes],
        "checkpoint": monitor.binding.checkpoint,
        "threshold": round(threshold.value, 6),
        "target_fpr": threshold.target_fpr,
        "set_by": threshold.n,
        "fpr_bound": round(threshold.fpr_bound, 4),
    }


def figures(record: EvaluationRecord, splits: Splits) -> dict[str, Any]:
    """What was measured on sources that nothing was fitted or chosen on."""
    found = {(each.system, each.scope, each.metric): each.score for each in record.measurements}
    whole = ("auroc", "tpr_at_1pct_fpr", "tpr", "fpr")
    tested = sorted({query.source for query in splits.test})
    return {
        "on": f"{len(splits.test)} queries of {', '.join(tested)}, all held out from fitting and choosing",
        "conclusion": record.conclusion.line,
        "best_text_baseline": record.conclusion.baseline,
        "systems": {
            system: {metric: numbers(found[system, "all", metric]) for metric in whole} for system in SYSTEMS
        },
        "sources": {
            source: {
                system: {
                    metric: numbers(found[system, f"source:{source}", metric])
                    for metric in ("tpr", "fpr")
                    if (system, f"source:{source}", metric) in found
                }
                for system in ("monitor", record.conclusion.baseline)
            }
            for source in tested
        },
        "disguises": {
            row.attack: {"tpr": numbers(row.tpr), "fpr": numbers(row.fpr)} for row in record.stress
        },
    }


def answers(monitor: Monitor) -> dict[str, Any]:
    """How often gold passages are flagged when they are read as answers that grow.

    They are for testing only: no threshold is set from them. They are prose of one author and no answers.
    """
    passages, window = gold_passages(), Window()
    highest = highest_scores(monitor.score, [each.document.text for each in passages], window)
    bad = [each.document.bad for each in passages]
    flagged = highest >= monitor.threshold.value
    good = [bool(flag) for flag, harms in zip(flagged, bad, strict=True) if not harms]
    harmful = [bool(flag) for flag, harms in zip(flagged, bad, strict=True) if harms]
    return {
        "window": asdict(window),
        "auroc": numbers(bootstrap(auroc, np.array(bad), highest, strata=np.array(bad), seed=0)),
        "flagged_without_a_bad_voice": numbers(wilson(sum(good), len(good))),
        "flagged_with_a_bad_voice": numbers(wilson(sum(harmful), len(harmful))),
    }


def numbers(score: Score) -> dict[str, float | int | None]:
    """A score with its 95 % interval and n, in four digits."""
    low, high = (None if end is None else round(end, 4) for end in (score.low, score.high))
    return {"value": round(score.value, 4), "low": low, "high": high, "n": score.n}


if __name__ == "__main__":
    main()
