"""``eudaimon train persona``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from eudaimon.cli.options import Device, Dtype, Json, load_model
from eudaimon.cli.output import print_json, print_line, print_table
from eudaimon.cli.parse import words
from eudaimon.cli.persona.show import NAME_HELP
from eudaimon.cli.speakers import URL_HELP, WhichTeacher, served

if TYPE_CHECKING:
    from eudaimon.data.constitutions.constitution import Constitution
    from eudaimon.models.model import Model
    from eudaimon.train.persona.speaker import Speaker

TOWN = "town:"


def persona(
    persona: Annotated[
        str,
        Argument(help=f"{NAME_HELP} {TOWN}NAME is a voice of the town, its own teacher.", show_default=False),
    ],
    model: Annotated[
        str, Option("--model", help="The student: a local folder, or a hub id.", metavar="NAME")
    ],
    out: Annotated[
        Path, Option("--out", help="A new folder, or that of a run to go on with.", metavar="FOLDER")
    ],
    teacher: WhichTeacher,
    recipe: Annotated[
        str | None,
        Option(
            "--recipe",
            help="published, small, town, or a YAML file. Default: published; town for a voice of the town.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        Option(
            "--seed",
            min=0,
            help="Of all that is random, in place of the recipe's seeds.",
            metavar="N",
            show_default=False,
        ),
    ] = None,
    introspection: Annotated[
        bool, Option("--introspection/--no-introspection", help="Whether the second stage follows.")
    ] = True,
    student: Annotated[
        str | None,
        Option(help="The student's name at --student-url.", metavar="NAME", show_default=False),
    ] = None,
    student_url: Annotated[
        str | None,
        Option(help=f"Where the student is served, to draw its answers. {URL_HELP}", metavar="URL"),
    ] = None,
    student_key_env: Annotated[
        str,
        Option(
            help="Environment variable that holds that URL's key.", metavar="VARIABLE", show_default=False
        ),
    ] = "",
    domains: Annotated[
        str | None,
        Option(help="Domains of the town that the student knows. Default: all.", metavar="NAMES"),
    ] = None,
    accumulate: Annotated[
        int, Option(min=1, help="Passes that a step's batch is split into.", metavar="N")
    ] = 1,
    device: Device = None,
    dtype: Dtype = None,
    as_json: Json = False,
) -> None:
    """Train an adapter that gives a model a character; killed, the same command goes on where it stopped.

    First the teacher (where none is named, the student itself) answers under a system prompt with the
    principles and the student without, and the student is trained by DPO to prefer the teacher's answers.
    Then it writes about itself and speaks with itself, and learns from that. FOLDER/persona is the adapter,
    beside everything that was generated.
    """
    from eudaimon.core import UsageError
    from eudaimon.train.persona.pipeline import train_persona
    from eudaimon.train.persona.recipe import persona_recipe
    from eudaimon.train.persona.speaker import LocalSpeaker

    if bool(student) != bool(student_url):
        raise UsageError("--student and --student-url go together", do="--student NAME --student-url URL")
    in_town = persona.startswith(TOWN)
    chosen = persona_recipe(recipe or ("town" if in_town else "published"))
    if seed is not None:
        chosen = chosen.seeded(seed)
    if not introspection:
        chosen = chosen.model_copy(update={"introspection": None})
    speaker: Speaker | None = None
    if not in_town:
        from eudaimon.data.constitutions.packaged import constitution as find

        constitution = find(persona)
        speaker = teacher.speaker(device, dtype) if teacher.named else None
    rejected = None
    if student and student_url:
        rejected = served(
            student,
            student_url,
            "student",
            key_env=student_key_env,
            concurrency=teacher.concurrency,
            timeout=teacher.timeout,
        )
    loaded = load_model(model, None, device, dtype)
    if in_town:
        constitution, speaker = _of_town(persona.removeprefix(TOWN), domains, loaded)
    made = train_persona(
        constitution,
        loaded,
        speaker or LocalSpeaker(loaded),
        chosen,
        out,
        student=rejected,
        accumulate=accumulate,
    )
    if as_json:
        found = {"adapter": str(made.adapter.folder), "fingerprint": made.adapter.fingerprint}
        print_json({**found, "rows": made.counts})
        return
    reasons = sorted({name for counts in made.counts.values() for name in counts} - {"made", "kept"})
    print_table(
        ("stage", "made", "kept", *reasons),
        [
            (stage, *(counts.get(name, 0) for name in ("made", "kept", *reasons)))
            for stage, counts in made.counts.items()
        ],
    )
    print_line(f"{made.adapter.folder}: {made.adapter.fingerprint}")


def _of_town(name: str, domains: str | None, student: Model) -> tuple[Constitution, Speaker]:
    from eudaimon.train.persona.oracle import town_teacher
    from eudaimon.world.world import World

    world = World(domains=words(domains)) if domains else World()
    return town_teacher(world, name, student)
