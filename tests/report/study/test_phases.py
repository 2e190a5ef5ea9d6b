"""The phases of trainings: every seed a thin line, change points marked, and what does not rise said so."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from eudaimon.evaluate.rows import Row
from eudaimon.monitor.records import RunInfo
from eudaimon.report.study.change_points import change_points
from eudaimon.report.study.matched import matched
from eudaimon.report.study.phases import phase_panels
from eudaimon.report.study.reading import change_places, n_turned, phase_figures, transition
from eudaimon.report.study.write import write_study_report
from eudaimon.study.records import RowName
from eudaimon.study.summary.record import Layout, study_record
from eudaimon.study.summary.turns import turn

LAYOUT = Layout(
    study="phases",
    question="When does it come?",
    row_field="persona",
    column_field="state",
    rows=tuple(RowName(key=key, title=key) for key in ("early", "late", "flat")),
    columns=(RowName(key="on_on", title="train on, use on"),),
    references=("early",),
)
MIDDLE = {"early": 20, "late": 35, "flat": None}
N_SEEDS = 4


def row(persona, seed, metric, value, *, question="q0", step=None, **cell):
    fields = {"persona": persona, "state": "on_on", "scope": "other", **cell}
    return Row("phases", fields, seed, step, question, "", metric, float(value), "exact", "s")


def rows():
    rng = np.random.default_rng(0)
    for persona, middle in MIDDLE.items():
        for seed in range(N_SEEDS):
            own = (middle or 0) + rng.normal()
            for step in range(0, 65, 5):
                rise = 1 / (1 + np.exp(-(step - own) / 3)) if middle else 0.0
                yield row(persona, seed, "in_domain_loss", 3 * np.exp(-step / 20), step=step, question="own")
                yield row(persona, seed, "em_projection", 8 * rise - 1, step=step)
                for q in range(6):
                    yield row(persona, seed, "harm", 0.05 + 0.8 * rise, step=step, question=f"q{q}")
                    yield row(persona, seed, "coherence", 0.97, step=step, question=f"q{q}")
            for step in range(1, 61):
                yield row(persona, seed, "gradient_norm", 1 + step % 7, step=step, question="training")
            for scale in (0.0, 0.5, 1.0):
                yield row(persona, seed, "harm", 0.1 + 0.7 * scale, scale=scale)
            yield row(persona, seed, "harm", 0.8)


def turns():
    for persona in ("early", "late"):
        for seed in range(N_SEEDS):
            rng = np.random.default_rng(seed)
            corner = np.minimum(np.arange(61), 30), np.maximum(np.arange(61) - 30, 0)
            path = np.stack([*corner, *rng.normal(0, 0.1, size=(2, 61)).cumsum(1)], axis=1)
            place = {"row": persona, "column": "on_on", "module": "all modules", "run_seed": seed}
            yield turn(path, range(61), **place, lags=(5, 10), n_permutations=60)


@pytest.fixture(scope="module")
def record():
    info = RunInfo(
        command="eudaimon study run phases", started="2026-11-22T01:00:00+00:00", seconds=1.0,
        versions={}, machine="2 cores", seeds={}, data=(),
    )  # fmt: skip
    return study_record(list(rows()), LAYOUT, info, turns=tuple(turns()), n_resamples=200)


def panels(figure):
    """The axes of a figure by their axis label and order."""
    return figure.get_axes()


def test_the_midpoint_is_marked_in_every_panel_along_steps_and_in_no_other(record):
    change = transition(record, "late", "on_on")
    assert change is not None
    assert change.midpoint.value == pytest.approx(35, abs=2)
    marked = 0
    for axes in panels(phase_panels(record, "late", "on_on")):
        at = [line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1]
        along = axes.get_xlabel() == "training step"
        assert (change.midpoint.value in at) == along
        marked += along
    assert marked == 5


def test_every_seed_is_a_thin_line_beside_its_mean(record):
    first = panels(phase_panels(record, "early", "on_on"))[0]
    lines = [line for line in first.lines if len(set(line.get_xdata())) > 1]
    # Harm and coherence: a mean and all seeds each.
    assert len(lines) == 2 * (N_SEEDS + 1)
    thin = [line for line in lines if line.get_linewidth() < 1]
    assert len(thin) == 2 * N_SEEDS
    harm = next(curve for curve in record.curves if (curve.row, curve.metric) == ("early", "harm"))
    assert {tuple(line.get_ydata()) for line in thin} >= {tuple(own) for own in harm.by_seed.values()}


def test_what_does_not_rise_has_no_mark_and_says_so(record):
    assert transition(record, "flat", "on_on") is None
    for axes in panels(phase_panels(record, "flat", "on_on")):
        assert not [line for line in axes.lines if len(set(line.get_xdata())) == 1]
    said = [text.get_text() for text in change_points(record).texts]
    assert said.count("no rise") == 2


def test_the_interval_of_the_midpoint_is_the_band(record):
    change = transition(record, "late", "on_on")
    first = panels(phase_panels(record, "late", "on_on"))[0]
    (band,) = first.patches
    assert band.get_x() == pytest.approx(max(change.midpoint.low, first.get_xlim()[0]))
    assert band.get_x() + band.get_width() == pytest.approx(min(change.midpoint.high, first.get_xlim()[1]))


def test_turns_count_against_their_own_null(record):
    assert n_turned(record, "early", "on_on") == (N_SEEDS, N_SEEDS)
    assert n_turned(record, "flat", "on_on") == (0, 0)


def test_the_page_has_a_figure_for_each_training_and_the_figures_of_the_table(record, tmp_path):
    page = write_study_report((record,), tmp_path).read_text(encoding="utf-8")
    assert change_places(record) == (("early", "on_on"), ("late", "on_on"), ("flat", "on_on"))
    for _, _, name in phase_figures(record):
        assert (tmp_path / "figures" / f"phases-{name}.svg").is_file()
        assert f"phases-{name}.svg" in page
    assert f"{transition(record, 'late', 'on_on').midpoint.value:.1f}" in page
    assert "4 of 4" in page
    with (tmp_path / "data" / "phases-transitions.csv").open(encoding="utf-8", newline="") as stream:
        found = {(one["row"], one["unit"]): float(one["midpoint"]) for one in csv.DictReader(stream)}
    for one in record.transitions:
        assert found[one.row, one.unit] == one.midpoint.value


def test_a_study_without_followed_trainings_has_no_such_part(record, tmp_path):
    bare = record.model_copy(update={"curves": (), "transitions": (), "turns": (), "along": ()})
    assert "phases-phases" not in write_study_report((bare,), tmp_path).read_text(encoding="utf-8")
    assert change_points(bare) is None
    assert matched(bare) is None
    assert phase_panels(bare, "early", "on_on") is None


def test_equal_loss_and_equal_strength_each_have_a_line_for_each_row(record):
    loss, strength = panels(matched(record))
    assert len(loss.lines) == len(strength.lines) == 3
    at_end = [line.get_ydata()[-1] for line in strength.lines]
    assert at_end == pytest.approx([0.8] * 3)
    assert loss.xaxis_inverted()
    assert not strength.xaxis_inverted()


def test_one_seed_has_no_thin_lines(record):
    curves = tuple(replace_seeds(one) for one in record.curves)
    alone = record.model_copy(update={"curves": curves})
    first = panels(phase_panels(alone, "flat", "on_on"))[0]
    assert len(first.lines) == 2


def replace_seeds(curve):
    return curve.model_copy(update={"by_seed": {"0": curve.by_seed["0"]}})
