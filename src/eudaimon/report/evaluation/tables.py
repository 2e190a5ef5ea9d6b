"""What the page of an evaluation shows, as tables with full precision."""

from __future__ import annotations

from eudaimon.core.score import Score
from eudaimon.evaluate.battery.record import BatteryRecord
from eudaimon.report.tables import Cell, Table

SCORE = ("value", "low", "high", "n")
WATCHERS = ("subject", "seed", "monitor", "fpr", "n", "whence", "prompt", "answer", "along", "differs")


def evaluation_tables(record: BatteryRecord) -> tuple[Table, ...]:
    """Extremes, doses, costs, a monitor's scores and what was not run; an empty part has no rows."""
    return (
        Table(
            "extremes",
            (
                "subject",
                "what",
                "attack",
                "variant",
                "budget",
                "n_tried",
                "bias",
                *SCORE,
            ),
            tuple(
                (one.subject, what, *which, *_score(score))
                for one in record.extremes
                for what, score, which in (
                    ("plain", one.plain, ("", "", None, None, None)),
                    ("mean", one.mean, ("", "", None, None, None)),
                    ("worst", one.worst, (one.attack, one.variant, one.budget, one.n_tried, one.bias)),
                )
                if score is not None
            ),
        ),
        Table(
            "doses",
            ("subject", "attack", "variant", "budget", "metric", *SCORE),
            tuple(
                (dose.subject, dose.attack, dose.variant, dose.budget, metric, *_score(score))
                for dose in record.doses
                for metric, score in {record.harm: dose.harm, **dose.others}.items()
            ),
        ),
        Table(
            "costs",
            ("subject", "cost", "metric", "unit", "better", *SCORE),
            tuple(
                (one.subject, one.cost, one.metric, one.unit, one.better, *_score(one.score))
                for one in record.costs
            ),
        ),
        Table(
            "judge_free",
            (
                "subject",
                "metric",
                "unit",
                "seed",
                "layer",
                "p",
                *SCORE,
                *(f"shuffled_{end}" for end in SCORE),
            ),
            tuple(
                (
                    one.subject,
                    one.metric,
                    one.unit,
                    one.seed,
                    one.layer,
                    one.p,
                    *_score(one.score),
                    *(_score(one.shuffled) if one.shuffled else (None,) * len(SCORE)),
                )
                for one in record.judge_free
            ),
        ),
        Table(
            "watched",
            ("subject", "attack", "variant", "budget", "metric", *SCORE),
            tuple(
                (one.subject, one.attack, one.variant, one.budget, one.what, *_score(one.score))
                for one in record.watched
            ),
        ),
        Table(
            "watchers",
            WATCHERS,
            tuple(tuple(getattr(one, name) for name in WATCHERS) for one in record.watchers),
        ),
        Table(
            "gaps",
            ("subject", "attack", "variant", "seed", "budgets", "kind", "why"),
            tuple(
                (
                    gap.subject,
                    gap.attack,
                    gap.variant,
                    gap.seed,
                    " ".join(f"{each:g}" for each in gap.budgets),
                    gap.kind,
                    gap.why,
                )
                for gap in record.gaps
            ),
        ),
    )


def _score(score: Score) -> tuple[Cell, ...]:
    return score.value, score.low, score.high, score.n
