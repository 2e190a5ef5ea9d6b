"""docs/em.md's table of what a study takes is what `study_needs` says."""

from __future__ import annotations

from pathlib import Path

from eudaimon.train.em.recipe import EM_RECIPES
from eudaimon.train.needs.machine import find_machine
from eudaimon.train.needs.shape import SHAPES
from eudaimon.train.needs.table import study_needs
from eudaimon.train.persona.recipe import PERSONA_RECIPES

PAGE = (Path(__file__).parents[3] / "docs" / "em.md").read_text(encoding="utf-8")
ROWS = {
    "character `published`: writing": ("answers", "reflections", "self-conversations"),
    "character `published`: training": ("distillation", "introspection"),
    "lesson `rank32`, 6,000 rows of 400 tokens": ("lesson",),
    "answers of a cell: 122 questions x 5 x 600 tokens": ("cell",),
}
MACHINES = ("a100-80gb", "h100-80gb")


def parts(model, machine):
    """The needs of a study's parts, by the last word of their names; a cell's answers are ``cell``."""
    found = study_needs(
        SHAPES[model],
        find_machine(machine),
        EM_RECIPES["rank32"],
        PERSONA_RECIPES["published"],
        n_questions=122,
    )
    return {
        "cell" if part.name == "answers" else part.name.removeprefix("character: "): part.needs
        for part in found
    }


def cells(model, names):
    """Gigabytes and hours as the page writes them: two significant digits of hours, one where they agree."""
    of = [[parts(model, machine)[name] for name in names] for machine in MACHINES]
    memory, gpus = max(one.memory_gb for one in of[0]), max(one.gpus for one in of[0])
    hours = [sum(one.hours for one in own) for own in of]
    shown = [f"{value:.2f}" if names[0] in ("lesson", "cell") else f"{value:.1f}" for value in hours]
    several = " (two GPUs, see below)" if gpus == 2 else ""
    return f"{memory:.0f}{several}", shown[0] if names == ("cell",) else " / ".join(shown)


def test_the_table_is_what_the_function_says():
    for title, names in ROWS.items():
        (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| {title} |")]
        _, _, *said = (cell.strip() for cell in line.strip("|").split("|"))
        expected = [*cells("qwen2.5-7b", names), *cells("qwen2.5-14b", names)]
        assert said == expected, title


def test_the_gpus_of_the_largest_model_are_those_of_the_page():
    found = parts("qwen2.5-72b", "a100-80gb")
    assert (found["lesson"].gpus, found["cell"].gpus) == (5, 3)
    words = " ".join(PAGE.split())
    assert "says five GPUs of 80 GB for a lesson and three for" in words
    assert f"with {found['lesson'].fullest_gb:.0f} GB on the fullest of the five" in words
