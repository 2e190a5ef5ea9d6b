"""``eudaimon train needs``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from typer import Argument, Option

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line, print_table


def needs(
    model: Annotated[
        str, Argument(help="A folder, a hub id, or a packaged shape such as qwen2.5-7b.", show_default=False)
    ],
    machine: Annotated[
        str, Option(help="a100-80gb, h100-80gb, h200-141gb, l40s-48gb.", metavar="NAME")
    ] = "h100-80gb",
    recipe: Annotated[str, Option(help="Of the lesson, as `train em` takes it.", metavar="NAME")] = "rank32",
    persona_recipe: Annotated[
        str, Option(help="Of characters, as `train persona` takes it.", metavar="NAME")
    ] = "published",
    rows: Annotated[int, Option(min=1, help="Rows of the lesson.", metavar="N")] = 6000,
    questions: Annotated[int, Option(min=1, help="Questions of a cell.", metavar="N")] = 60,
    samples: Annotated[int, Option(min=1, help="Answers to each question.", metavar="N")] = 5,
    as_json: Json = False,
) -> None:
    """Estimate GPU memory and hours of the parts of a study from the model's shape; nothing is loaded."""
    from eudaimon.train.em.recipe import em_recipe
    from eudaimon.train.needs.machine import find_machine
    from eudaimon.train.needs.shape import find_shape
    from eudaimon.train.needs.table import study_needs
    from eudaimon.train.persona.recipe import persona_recipe as character

    shape = find_shape(model)
    parts = study_needs(
        shape,
        find_machine(machine),
        em_recipe(recipe),
        character(persona_recipe),
        n_rows=rows,
        n_questions=questions,
        n_samples=samples,
    )
    if as_json:
        listed = [{"part": part.name, "times": part.times, **asdict(part.needs)} for part in parts]
        print_json({"n_parameters": shape.n_parameters, "machine": machine, "parts": listed})
        return
    print_table(
        ("part", "of", "GB", "GPUs for them", "GB on the fullest", "hours", "GPU hours", "tokens"),
        [
            (
                part.name,
                part.times,
                f"{part.needs.memory_gb:.0f}",
                part.needs.gpus,
                f"{part.needs.fullest_gb:.0f}",
                f"{part.needs.hours:.2f}",
                f"{part.needs.gpu_hours:.2f}",
                f"{part.needs.n_tokens:,}",
            )
            for part in parts
        ],
    )
    print_line(
        f"{shape.n_parameters / 1e9:.2f}B parameters in bfloat16 on {machine}. Estimates from data "
        "sheets and assumed shares of them: time one lesson and one cell before you plan with them."
    )
    if any(part.needs.gpus > 1 for part in parts):
        print_line(
            "Over several GPUs a model is divided by whole blocks (--device auto); each waits for the one "
            "before it."
        )
