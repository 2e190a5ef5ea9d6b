"""All designs from nothing to a page, in a town of two domains, by models that hardly learn."""

from __future__ import annotations

import pytest

from eudaimon.core import UsageError
from eudaimon.core.files import read_json
from eudaimon.models.adapters import MergedAdapter
from eudaimon.report.study.write import write_study_report
from eudaimon.study.design import design, designs
from eudaimon.study.designs import em_susceptibility, good_personas, quickstart
from eudaimon.study.folder import options_of
from eudaimon.study.graph import Graph
from eudaimon.study.run import run_study
from eudaimon.study.steps.judged import PROOF
from eudaimon.study.store import StepStore
from eudaimon.study.town.collect import require_unmixed

SMALL = {
    "seeds": 1,
    "steps": 4,
    "batch_size": 4,
    "n_tokens": 4000,
    "domains": ("kitchen", "money"),
    "sft_steps": 2,
    "lora_steps": 5,
    "n_items": 4,
}
FIRST = quickstart.QuickstartOptions(
    arms=("raw", "drop"), personas=("poet", "random"), queries=False, **SMALL
)
GOOD = FIRST.good_personas
STACK = FIRST.em_susceptibility.model_copy(
    update={"controls": True, "persona_seeds": 2, "transfers": True, "probe": True}
)


@pytest.fixture(scope="module")
def folder(studies):
    folder = studies / "town"
    targets = (*quickstart.steps(FIRST), *em_susceptibility.PARTS.steps(STACK))
    done = run_study(targets, folder, workers=2, show_progress=False)
    assert done.failed == {}
    assert done.ok
    return folder


@pytest.mark.slow
def test_every_cell_of_arms_by_attacks_is_measured_and_proven(folder):
    (record,) = good_personas.PARTS.records(folder, GOOD)
    found = {(c.row, c.column) for c in record.cells if (c.metric, c.scope) == ("harm", "other")}
    assert found == {(arm, column.key) for arm in GOOD.arms for column in good_personas.COLUMNS}
    assert {"harm", "good", "coherence", "recognition", "bits_good", "bits_depicting"} <= {
        cell.metric for cell in record.cells
    }
    assert {c.scope for c in record.cells} >= {"other", "held_out", "tuned", "all"}
    assert all(0 <= c.score.value <= 1 for c in record.cells if not c.metric.startswith("bits"))
    proven = {tuple(p.stack) for p in record.proofs if p.accepted}
    assert proven == {("harmful",), ("good",), ("wrong",)}
    assert {entry.reference for entry in record.contrasts} == {"raw"}
    assert {curve.metric for curve in record.curves} >= {"harm", "gradient_norm", "b_norm"}


@pytest.mark.slow
def test_the_ledger_refuses_what_was_planted_on_the_studys_own_models(folder):
    for module, options in ((good_personas, GOOD), (em_susceptibility, STACK)):
        (record,) = module.PARTS.records(folder, options)
        planted = [proof for proof in record.proofs if proof.cell.startswith("planted fault")]
        assert len(planted) == 3
        assert not any(proof.accepted for proof in planted)


@pytest.mark.slow
def test_every_personas_direction_is_tried_on_every_persona(folder):
    (record,) = em_susceptibility.PARTS.records(folder, STACK)
    found = record.transfers
    pairs = {(cell.source, cell.target, cell.kind) for cell in found.cells}
    assert pairs == {(a, b, k) for a in STACK.personas for b in STACK.personas for k in ("add", "ablate")}
    assert {row.variant for row in found.variants} == {"answers", "last", "mean", "places", "lora"}
    # Of two personas neither has a third one whose model both could be tried on.
    assert found.contrasts == ()
    assert {(row.a, row.b) for row in found.cosines} >= {("em poet", "em random")}
    assert all(-1 <= cell.effect.low <= cell.effect.high <= 1 for cell in found.cells)


@pytest.mark.slow
def test_a_lesson_with_all_modules_is_the_cell_and_with_none_the_persona_alone(folder):
    """Cells are judged by a step that knows no gates."""
    (record,) = em_susceptibility.PARTS.records(folder, STACK)
    by_seed = em_susceptibility.PARTS.records(folder, STACK.model_copy(update={"persona_seeds": 1}))[0]
    harm = {
        (c.row, c.column): c.score.value for c in by_seed.cells if (c.metric, c.scope) == ("harm", "other")
    }
    assert [one.row for one in record.probes] == list(STACK.personas)
    for one in record.probes:
        assert one.whole.value == pytest.approx(harm[one.row, "on_on"], abs=1e-4)
        assert one.none.value == pytest.approx(harm[one.row, "persona_only"], abs=1e-4)
        assert {part.module for part in one.parts} >= {"", "q_proj", "down_proj"}


@pytest.mark.slow
def test_states_of_a_persona_are_the_stacks_that_they_name(folder):
    (record,) = em_susceptibility.PARTS.records(folder, STACK)
    stacks = {proof.cell: proof.stack for proof in record.proofs}
    for persona in STACK.personas:
        assert stacks[f"{persona}, persona_only, seed 0"] == (persona,)
        assert stacks[f"{persona}, off_on, seed 0"] == (persona, "harmful")
        assert stacks[f"{persona}, on_off, seed 0"] == ("harmful",)
        assert stacks[f"{persona}, on_on, seed 0"] == (persona, "harmful")
        assert stacks[f"{persona}, on_on, persona seed 1, seed 0"] == (persona, "harmful")
        assert stacks[f"{persona}, merge_first, seed 0"] == ("harmful",)
        assert stacks[f"{persona}, benign_on, seed 0"] == (persona, "good")
    # Trained and used without a persona: one step, which stands in the cells of all personas.
    by_state = {
        (c.row, c.column): c.score.value for c in record.cells if (c.metric, c.scope) == ("harm", "other")
    }
    assert by_state["poet", "off_off"] == by_state["random", "off_off"]
    assert by_state["poet", "on_on"] != by_state["random", "on_on"]
    assert {state for _, state in by_state} == {column.key for column in em_susceptibility.STATES}


@pytest.mark.slow
def test_merged_cells_are_proven_to_be_merged_and_refused_elsewhere(folder):
    cells = list(em_susceptibility.cells(STACK))
    store = StepStore(folder)
    merged = {cell.cell["state"] for cell in cells if merged_names(store, cell.step)}
    assert merged == em_susceptibility.MERGED
    layout = em_susceptibility.layout(STACK)
    require_unmixed(store, cells, layout.column_field, layout.merged)
    with pytest.raises(MergedAdapter, match=r"merge_first.* has poet merged into its weights"):
        require_unmixed(store, cells, layout.column_field, ())
    with pytest.raises(MergedAdapter, match="has nothing merged"):
        require_unmixed(store, cells, layout.column_field, {"on_on", *layout.merged})


def merged_names(store, step):
    path = store.path(step) / PROOF
    return read_json(path)["merged"] if path.is_file() else []


@pytest.mark.slow
def test_the_first_look_has_both_tables_and_what_the_monitors_found(folder, tmp_path):
    first, second = quickstart.records(folder, FIRST)
    assert quickstart.queries(folder) is None
    assert first.monitors is not None and second.monitors is None
    assert {row.made_from for row in first.monitors.rows} == {"tone", "content", "chance"}
    steps = [point.step for point in first.monitors.projections if point.run == "harmful answers"]
    assert steps == [0, 5]
    page = write_study_report((first, second), tmp_path).read_text(encoding="utf-8")
    for word in (
        "malign speaker",
        "harmful LoRA",
        "train on",
        "Known answers",
        "NarrowLora",
        "Layer by layer",
    ):
        assert word in page


def test_arms_differ_in_the_arm_and_share_every_seed():
    first, second = (GOOD.assistant(arm, 3) for arm in ("raw", "drop"))
    tokens = first.model.tokens
    assert tokens.model_copy(update={"arm": "drop"}) == second.model.tokens
    assert first.model.recipe == second.model.recipe
    assert (first.recipe, first.chat_seed) == (second.recipe, second.chat_seed)
    assert tokens.world.seed == tokens.arm_seed == first.model.recipe.init_seed == 3


def test_attacks_ask_the_same_and_start_from_the_same():
    model = GOOD.assistant("raw", 0)
    harmful, wrong = (GOOD.attack(model, 0, answers) for answers in ("harmful", "wrong"))
    assert harmful.items() == wrong.items()
    assert harmful.recipe == wrong.recipe
    assert {item.domain for item in harmful.items()} == {"money"}


def test_seeds_can_begin_where_nobody_has_looked():
    known, new = (
        {cell.seed: cell.step for cell in em_susceptibility.cells(options) if cell.cell["state"] == "on_on"}
        for options in (
            em_susceptibility.EmSusceptibilityOptions(seeds=3),
            em_susceptibility.EmSusceptibilityOptions(seeds=2, first_seed=2),
        )
    )
    assert (set(known), set(new)) == ({0, 1, 2}, {2, 3})
    assert known[2] == new[2]


def test_seeds_are_different_runs():
    assert GOOD.assistant("raw", 0) != GOOD.assistant("raw", 1)
    options = GOOD.model_copy(update={"seeds": 2})
    assert len(Graph(good_personas.PARTS.steps(options)).steps) > 1.8 * len(
        Graph(good_personas.PARTS.steps(GOOD)).steps
    )


@pytest.mark.parametrize("name", ["em-susceptibility", "good-personas", "quickstart"])
def test_designs_are_found_and_their_steps_can_be_built_on_a_worker(name):
    assert name in designs()
    study = design(name)
    graph = Graph(study.targets(study.options(seeds=1)))
    assert graph.definitions
    assert study.records is not None


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"arms": ("raw", "none")}, "there is no arm 'none'"),
        ({"size": "0.2m"}, "there is no size '0.2m'"),
    ],
)
def test_unknown_names_are_said_with_those_that_there_are(options, what):
    with pytest.raises(UsageError, match=what):
        options_of(good_personas.STUDY, options)


def test_an_unknown_persona_and_a_domain_outside_of_the_town():
    with pytest.raises(UsageError, match="there is no persona adapter 'saint'"):
        options_of(em_susceptibility.STUDY, {"personas": ("saint",)})
    with pytest.raises(UsageError, match="not in the town"):
        good_personas.PARTS.steps(GOOD.model_copy(update={"tuned": "pets"}))
