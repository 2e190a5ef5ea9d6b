"""``eudaimon vectors matrix``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from eudaimon.cli.options import MODEL_HELP, Device, Dtype, Json, Resamples, Seed, System
from eudaimon.cli.output import print_json, print_line, print_table
from eudaimon.cli.parse import pairs, parse_sites, words

if TYPE_CHECKING:
    from eudaimon.study.transfer_records import Transfers
    from eudaimon.vectors.em_sources import PersonaStacks, Source


def matrix(
    model: Annotated[str, Argument(help=MODEL_HELP, show_default=False)],
    answers: Annotated[
        Path,
        Option(
            help="JSON Lines of question, misaligned, aligned: what directions are made from and tried on.",
            metavar="FILE",
        ),
    ],
    em: Annotated[
        list[str],
        Option(
            help="A persona's model and the adapter that was taught harm; repeatable.", metavar="NAME=FOLDER"
        ),
    ],
    persona: Annotated[
        list[str] | None,
        Option(help="The persona adapter beside which that one was trained.", metavar="NAME=FOLDER"),
    ] = None,
    neutral: Annotated[
        Path | None, Option(help="Neutral prompts, one a line. Default: packaged ones.", metavar="FILE")
    ] = None,
    kl: Annotated[float, Option(help="Nats of the next token that adding may cost there.")] = 0.1,
    variants: Annotated[
        str, Option(help="answers, answer_places, last, mean, places, lora.", metavar="LIST")
    ] = "answers,last,mean,lora",
    sites: Annotated[str | None, Option(help="Layers: 8,14,20. Default: all.", metavar="LIST")] = None,
    n_random: Annotated[int, Option("--random", min=0, help="Random directions a model and layer.")] = 4,
    n_shuffled: Annotated[int, Option("--shuffled", min=0, help="Directions from shuffled labels.")] = 4,
    directions: Annotated[
        Path | None, Option(help="Write the chosen direction of each persona there.", metavar="FOLDER")
    ] = None,
    out: Annotated[Path, Option(help="All trials, question by question.", metavar="FILE")] = Path(
        "transfer.parquet"
    ),
    system: System = None,
    seed: Seed = 0,
    resamples: Resamples = 1000,
    device: Device = None,
    dtype: Dtype = None,
    as_json: Json = False,
) -> None:
    """Add each persona's direction of harm to all models, and ablate it: does it induce, does it remove?

    Harm is the share of the misaligned of two given answers, by likelihood: no judge is asked.
    """
    from eudaimon.models.adapters.opening import open_subject
    from eudaimon.models.adapters.subject import Subject
    from eudaimon.models.continuations import continuations
    from eudaimon.study.summary.compare import Tests
    from eudaimon.study.summary.transfers import Transferred, transfers
    from eudaimon.vectors.answer_pairs import lessons_of, read_pairs, split_pairs
    from eudaimon.vectors.kl_budget import neutral_texts
    from eudaimon.vectors.measure import PreferenceMeasure
    from eudaimon.vectors.transfer_matrix import MatrixPlan, transfer_matrix
    from eudaimon.vectors.vector_cosines import vector_cosines

    known = stacks(em, persona or ())
    plan = MatrixPlan(words(variants), parse_sites(sites) or (), kl, n_random, n_shuffled, seed)
    made_from, tried = split_pairs(read_pairs(answers))
    lines = neutral.read_text(encoding="utf-8").splitlines() if neutral else None
    texts = neutral_texts([line for line in lines if line.strip()] if lines is not None else None)
    opened = open_subject(Subject(model, known[0].harmful), device=device, dtype=dtype)
    lessons = lessons_of(opened, made_from, system=system)
    table, sources = transfer_matrix(
        opened,
        known,
        lessons,
        PreferenceMeasure(lessons_of(opened, tried, system=system)),
        [f"pair {2 * place + 2}" for place in range(len(tried))],
        continuations(opened, texts, system=system),
        plan,
    )
    table.save(out)
    seeds = [Transferred(seed, table, vector_cosines(opened, sources, lessons.prompts, plan))]
    found = transfers(seeds, kl, Tests(resamples, seed))
    assert found is not None
    saved = save(directions, sources, found) if directions else ()
    if as_json:
        written = {"trials": str(out), "directions": [str(path) for path in saved]}
        print_json(written | found.model_dump(mode="json"))
        return
    show(found)
    print_line(f"Trials: {out}")
    for path in saved:
        print_line(f"Direction: {path}")


def stacks(em: list[str], persona: list[str] | tuple[str, ...]) -> tuple[PersonaStacks, ...]:
    """The personas' stacks; raises `UsageError` for a persona adapter without a lesson and a name twice."""
    from eudaimon.core import UsageError
    from eudaimon.models.adapters.adapter import Adapter
    from eudaimon.vectors.em_sources import PersonaStacks

    lessons, personas = pairs(em, "--em"), pairs(persona, "--persona")
    if len(lessons) < len(em):
        raise UsageError("--em names one persona twice", right="a name for each")
    stranger = next((name for name in personas if name not in lessons), None)
    if stranger is not None:
        raise UsageError(f"--persona {stranger} has no lesson", do=f"--em {stranger}=FOLDER")
    found = []
    for name, folder in lessons.items():
        calm = (Adapter(f"{name}-persona", Path(personas[name])),) if name in personas else ()
        found.append(PersonaStacks(name, calm, (*calm, Adapter(f"{name}-em", Path(folder)))))
    return tuple(found)


def save(folder: Path, sources: tuple[Source, ...], found: Transfers) -> tuple[Path, ...]:
    """The files of the chosen variant's directions; raises `UsageError` for one that no file can hold."""
    from eudaimon.core import UsageError
    from eudaimon.vectors.em_sources import VARIANTS

    contrast, over = VARIANTS.get(found.variant, ("", ""))
    if over not in ("mean", "last"):
        raise UsageError(
            f"{found.variant}, which does most here, is not one vector for all places",
            right="a direction file holds one vector",
            do="--variants answers,last,mean",
        )
    written = []
    for source in sources:
        made = source.differences[contrast].direction(found.layer, "last" if over == "last" else "mean")
        written.append(made.save(folder / f"{source.persona.name}.safetensors"))
    return tuple(written)


def show(found: Transfers) -> None:
    """Print the matrix: what each direction does to each model, with what random ones do."""

    def points(value: float) -> str:
        return f"{100 * value:+.1f}"

    rows = []
    for cell in found.cells:
        band = "-" if cell.random is None else f"[{points(cell.random[0])}, {points(cell.random[1])}]"
        effect = cell.effect
        ends = "" if effect.low is None else f" [{points(effect.low)}, {points(effect.high or 0.0)}]"
        done = "added" if cell.kind == "add" else "ablated"
        price = points(cell.price.value)
        rows.append((cell.source, cell.target, done, points(effect.value) + ends, band, price, cell.kl))
    print_table(
        ("from", "on", "", "harm, points", "random", "coherence lost", "KL (nats)"),
        rows,
        title=f"{found.variant}, layer {found.layer}, on {found.n_questions} questions",
        style=["bold" if cell.beyond_random else "" for cell in found.cells],
    )
