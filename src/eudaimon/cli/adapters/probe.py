"""``eudaimon adapters probe``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from eudaimon.cli.adapters.prove import adapters
from eudaimon.cli.options import MODEL_HELP, Device, Dtype, Force, Json, Resamples, Seed, System
from eudaimon.cli.output import print_json, print_line, print_table

if TYPE_CHECKING:
    from eudaimon.vectors.module_probe import GroupEffect


def probe(
    model: Annotated[str, Argument(help=MODEL_HELP, show_default=False)],
    adapter: Annotated[
        list[str],
        Option(
            help="An adapter of the stack, in order; the last is probed; repeatable.", metavar="NAME=FOLDER"
        ),
    ],
    answers: Annotated[
        Path, Option(help="JSON Lines of question, misaligned, aligned.", metavar="FILE", show_default=False)
    ],
    system: System = None,
    seed: Seed = 0,
    resamples: Resamples = 1000,
    device: Device = None,
    dtype: Dtype = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Show which modules of an adapter carry what it does: each left out, and each alone.

    Harm is the share of the misaligned of two given answers, by likelihood: no judge is asked.
    """
    from eudaimon.models.adapters.opening import open_subject
    from eudaimon.models.adapters.subject import Subject
    from eudaimon.vectors.answer_pairs import lessons_of, read_pairs
    from eudaimon.vectors.measure import PreferenceMeasure
    from eudaimon.vectors.module_probe import probe_modules

    pairs, stack = read_pairs(answers), adapters(adapter, ())
    opened = open_subject(Subject(model, stack), device=device, dtype=dtype, force=force)
    measure = PreferenceMeasure(lessons_of(opened, pairs, system=system))
    found = probe_modules(opened, stack[-1].name, measure)
    rows = [described(each, resamples, seed) for each in found]
    whole, none = float(found[0].whole.mean()), float(found[0].none.mean())
    if as_json:
        harm = {"with_adapter": whole, "without_adapter": none}
        print_json({"adapter": stack[-1].name, "n_questions": len(pairs), "harm": harm, "groups": rows})
        return
    print_table(
        ("group", "", "modules", "lost without it", "gained by it alone"),
        [(r["kind"], r["name"], r["n_modules"], _points(r["lost"]), _points(r["gained"])) for r in rows],
        title=f"{stack[-1].name}: harm {100 * whole:.1f} % with it, {100 * none:.1f} % without, "
        f"{len(pairs)} questions; points with 95 % intervals",
    )
    print_line("What is lost and what is gained need not add up: modules build on one another.")


def described(effect: GroupEffect, resamples: int, seed: int) -> dict[str, Any]:
    """A group's line: its effects with intervals over questions."""
    import numpy as np

    from eudaimon.measure.intervals import bootstrap

    def over_questions(values: Any) -> dict[str, Any]:
        made = bootstrap(np.mean, values, n_resamples=resamples, seed=seed, show_progress=False)
        return made.model_dump(mode="json")

    return {
        "kind": effect.kind,
        "name": effect.name,
        "n_modules": effect.n_modules,
        "lost": over_questions(effect.lost),
        "gained": over_questions(effect.gained),
    }


def _points(score: dict[str, Any]) -> str:
    return f"{100 * score['value']:+.1f} [{100 * score['low']:+.1f}, {100 * score['high']:+.1f}]"
