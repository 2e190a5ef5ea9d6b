"""Every file of the folder of designs is a study that can be planned; options are read from words."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from eudaimon.core.errors import UsageError
from eudaimon.study.design import FOLDER, design, designs
from eudaimon.study.folder import open_study, options_of, run_design
from eudaimon.study.graph import Graph
from eudaimon.study.plan import plan


@pytest.fixture
def tiny_town(monkeypatch):
    """The design of the tests, found as every other is: by its file."""
    more = Path(__file__).with_name("more_designs")
    folder = importlib.import_module(FOLDER)
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(more)])
    return design("tiny-town")


@pytest.mark.parametrize("name", designs())
def test_every_design_can_be_planned(name, tmp_path):
    study = design(name)
    assert study.name == name and len(study.summary.split()) > 2
    graph = Graph(study.targets())
    assert graph.definitions.keys() == graph.steps.keys()
    assert plan(study.targets(), tmp_path, workers=2).hours > 0
    assert Graph(study.targets()).steps == graph.steps


@pytest.mark.parametrize("name", designs())
def test_a_designs_defaults_are_what_it_accepts(name):
    options = design(name).options
    assert options.model_validate_json(options().model_dump_json()) == options()


def test_a_file_is_a_design(tiny_town):
    assert "tiny-town" in designs()
    assert len(tiny_town.targets()) == 2
    with pytest.raises(UsageError, match="tiny-town"):
        design("tiny-tonw")


def test_options_from_words(tiny_town):
    given = {"seeds": 4, "names": "x, y,z", "broken": "true", "scale": "1e-3"}
    options = options_of(tiny_town, given)
    assert (options.seeds, options.names, options.broken) == (4, ("x", "y", "z"), True)
    assert options_of(tiny_town, {"names": "x"}).names == ("x",)
    assert options_of(tiny_town, options.model_dump(mode="json")) == options


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"nmaes": "x"}, "first_seed, rows, names"),
        ({"rows": "many"}, "rows=many"),
        ({"seeds": 0}, "seeds=0"),
    ],
)
def test_options_that_are_wrong(tiny_town, given, said):
    with pytest.raises(UsageError, match=said):
        options_of(tiny_town, given)


def test_a_folder_knows_its_study(tiny_town, tmp_path):
    options = options_of(tiny_town, {"seeds": 1, "names": "x"})
    assert run_design(tiny_town, options, tmp_path, show_progress=False).ok
    study, found = open_study(tmp_path)
    assert (study, found) == (tiny_town, options)
    with pytest.raises(UsageError, match="holds no study"):
        open_study(tmp_path / "elsewhere")


def test_a_folder_holds_one_study(tiny_town, tmp_path):
    (tmp_path / "study.json").write_text('{"study": "another", "options": {}}')
    with pytest.raises(UsageError, match="another"):
        run_design(tiny_town, tiny_town.options(), tmp_path)
