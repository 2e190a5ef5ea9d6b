"""``eudaimon evaluate``: every attack on every subject, and the report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from eudaimon.cli.evaluate.monitor import WhichMonitor
from eudaimon.cli.evaluate.options import Judging, OpenQuestions, WhichAttacks, WhichTown
from eudaimon.cli.options import Json, Resamples, command_line
from eudaimon.cli.output import one_line, print_json, print_line, print_table

if TYPE_CHECKING:
    from eudaimon.evaluate.battery.record import BatteryRecord
    from eudaimon.evaluate.cost.cost import Cost

PARTIAL = 1


def evaluate(
    subjects: Annotated[
        list[str],
        Argument(
            help="town-ARM (town-raw, town-mask, ...), a model's folder, or FOLDER+NAME=ADAPTER; a name for "
            "tables may come first, as in NAME:FOLDER.",
            show_default=False,
        ),
    ],
    attacks: WhichAttacks,
    questions: OpenQuestions,
    judge: Judging,
    town: WhichTown,
    monitor: WhichMonitor,
    raw: Annotated[
        str | None,
        Option(
            "--raw",
            help="A model in which the persona was formed, for attacks that bring a direction along. "
            "Default: the town's raw arm, for subjects of the town.",
            metavar="FOLDER",
        ),
    ] = None,
    folder: Annotated[
        Path, Option("--folder", help="Where rows, models and the report are kept.", metavar="FOLDER")
    ] = Path("runs/evaluate"),
    costs: Annotated[
        str, Option("--costs", help="Costs of safety, names with commas, all or none.", metavar="LIST")
    ] = "all",
    judge_free: Annotated[
        bool,
        Option(
            help="Also what needs no judge: likelihood, choice and separability of the persona, of the town "
            "or of --pairs."
        ),
    ] = True,
    pairs: Annotated[
        str | None,
        Option(
            "--pairs",
            help="Rows of bad and neutral text, and prompt if any, to read without a judge: a file, or "
            "right_or_wrong or scenes, which are packaged. Default: the town's, for subjects of the town.",
            metavar="FILE",
        ),
    ] = None,
    resamples: Resamples = 1000,
    as_json: Json = False,
) -> None:
    """Try every attack on every subject and write one report: worst case, dose curves, what was not run.

    The same command goes on where it was stopped. Exits 1 when the judge was gone before the end: what there
    is is reported, with a list of what is not.
    """
    from eudaimon.cli.study.said import tell
    from eudaimon.evaluate.judge_free.packaged import pairs_named
    from eudaimon.report.evaluation.write import write_evaluation
    from eudaimon.study.evaluation.plan import Evaluation
    from eudaimon.study.evaluation.run import evaluate_subjects
    from eudaimon.study.evaluation.subjects import parse_subject

    plan = Evaluation(
        subjects=tuple(parse_subject(word) for word in subjects),
        attacks=attacks.chosen(),
        budgets=attacks.budgets(),
        folder=folder,
        town=town.options(),
        models=town.models or folder / "models",
        seeds=tuple(range(town.seeds)),
        open_ground=questions.ground(judge, folder),
        how=questions.how(),
        costs=chosen_costs(costs),
        open_costs=questions.costs(judge, folder),
        raw=raw or "",
        watching=monitor.watching(town=questions.questions is None),
        judge_free=judge_free,
        pairs=pairs_named(pairs) if pairs else (),
        command=command_line(),
        n_resamples=resamples,
    )
    record = evaluate_subjects(
        plan, watch=tell, said=lambda what: print(one_line(what), file=sys.stderr, flush=True)
    )
    page = write_evaluation(record, folder)
    if as_json:
        print_json({**record.model_dump(mode="json"), "path": str(page)})
    else:
        show(record)
        print_line(f"Report: {page}")
    if any(gap.kind == "judge gone" for gap in record.gaps):
        raise typer.Exit(PARTIAL)


def chosen_costs(names: str) -> tuple[Cost, ...]:
    """The costs by name; raises `UsageError` for a name that is none."""
    from eudaimon.cli.parse import words
    from eudaimon.evaluate.cost.registry import cost_named, costs

    if names in ("all", "none"):
        return costs() if names == "all" else ()
    return tuple(cost_named(name) for name in dict.fromkeys(words(names)))


def show(record: BatteryRecord) -> None:
    """Print mean and worst case of each subject, and what was not run."""
    print_table(
        ("subject", "no attack", "mean", "worst case", "which", "of"),
        [
            (
                one.subject,
                str(one.plain or "-"),
                str(one.mean),
                str(one.worst),
                f"{one.attack}/{one.variant} {one.budget:g}",
                one.n_tried,
            )
            for one in record.extremes
        ],
        title=f"{record.harm} on {record.n_questions} questions, with 95 % intervals over questions",
    )
    if record.watched:
        show_watched(record)
    for gap in record.gaps:
        budgets = ", ".join(f"{each:g}" for each in gap.budgets)
        where = f"{gap.subject} {gap.attack}/{gap.variant} {budgets}"
        print_line(f"Not run: {where}: {gap.kind}: {gap.why}", "red")


def show_watched(record: BatteryRecord) -> None:
    """Print what the monitor makes of each attack at its largest budget."""
    last: dict[tuple[str, str, str], float] = {}
    scores: dict[tuple[object, ...], str] = {}
    for one in record.watched:
        place = (one.subject, one.attack, one.variant)
        last[place] = max(one.budget, last.get(place, 0.0))
        scores[*place, one.budget, one.what] = str(one.score)
    print_table(
        ("subject", "attack", "harmful", "AUROC, answers", "flagged", "falsely"),
        [
            (
                place[0],
                f"{place[1]}/{place[2]} {budget:g}",
                *(
                    scores.get((*place, budget, what), "-")
                    for what in ("harmful", "auroc_answer", "tpr_answer", "fpr_answer")
                ),
            )
            for place, budget in last.items()
        ],
        title=f"The monitor inside the attacks: {record.watchers[0].monitor}",
    )
