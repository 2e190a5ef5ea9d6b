from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from eudaimon.evaluate.attack.listing import attack_table
from eudaimon.evaluate.attack.registry import attacks

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("attack_table", ROOT / "scripts" / "attack_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_shows_all_attacks_as_they_are(script):
    page = script.PAGE.read_text(encoding="utf-8")
    assert script.with_table(page) == page, "python scripts/attack_table.py"


def test_a_line_an_attack_with_its_controls_marked():
    lines = attack_table().splitlines()[2:]
    assert [line.split("`")[1] for line in lines] == [attack.name for attack in attacks()]
    few_shot = next(line for line in lines if "`few_shot`" in line)
    assert "harmful, *benign*" in few_shot and "shots: 0, 1, 2, 4, 8, 16, 32" in few_shot
    assert all(line.count("|") == 6 for line in lines)


def test_a_page_without_a_place_for_it(script):
    with pytest.raises(ValueError, match="no place"):
        script.with_table("# A page\n")
