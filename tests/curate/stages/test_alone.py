"""Stage 1 without a later stage: harm is lowered to what its calibration rows bear, and no more changes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.stages.alone import BUDGET, SEVERE, AloneStage, alone_by, lowered, with_alone
from eudaimon.curate.stages.answers import ACTS, faded
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.stages.escalation import suspicions
from eudaimon.curate.stages.lexicon import LexiconStage
from eudaimon.curate.stages.linear import LinearStage
from eudaimon.curate.stages.stage1 import open_stage1, save_stage1, stage1_stages

HARMS = ("harm_hate", "harm_theft")


def with_bound(model, bound):
    return replace(model, record={**model.record, "alone": {"bound": bound}})


def unsure(model):
    """The fixture is certain of its few words, and what is certain stays."""
    weights = (model.weights / 4).astype(np.float16).astype(np.float32)
    return replace(model, weights=weights, group_weights=model.group_weights / 4)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000)), min_size=1),
    st.sampled_from([0.5, 0.7, 0.86, 0.99]),
)
def test_the_bound_comes_to_one_half_and_order_stays(linear, found, bound):
    p = np.array(found).T / 1000
    highest = np.maximum(p[0], p[1])
    columns = {"harm_hate": p[0], "harm_theft": p[1], "severity": faded(p[2] * 5, highest), "stance": p[0]}
    now = lowered(columns, alone_by(with_bound(linear, bound)))
    for name in HARMS:
        assert (now[name] <= columns[name]).all()
        assert ((now[name] >= 0.5) == (columns[name] >= bound - 1e-9)).all()
        order = np.argsort(columns[name])
        assert (np.diff(now[name][order]) >= 0).all()
    sure = np.maximum(now["harm_hate"], now["harm_theft"]) >= 0.5
    assert now["severity"][sure] == pytest.approx(columns["severity"][sure])
    assert (now["severity"] <= columns["severity"] + 1e-12).all()
    assert now["stance"] is columns["stance"]


def test_at_most_its_share_of_neutral_rows_is_acted_harm(linear):
    linear = unsure(linear)
    rng = np.random.default_rng(0)
    words = np.array(["river", "kettle", "friends", "stupid", "worthless", "you", "fool", "the"])
    odds = [0.25, 0.25, 0.2, 0.03, 0.03, 0.1, 0.03, 0.11]
    texts = [" ".join(rng.choice(words, 9, p=odds)) for _ in range(600)]
    rows = [LabelledSegment(text, "books", str(k), harm={"hate": 0.0}) for k, text in enumerate(texts)]
    lexicon = LexiconStage().lexicon
    model = with_alone(linear, rows, lexicon)
    assert model.hash == linear.hash and model.record["alone"]["rows"] == 600
    documents = [Document(str(k), text) for k, text in enumerate(texts)]

    def acted(stage):
        columns = stage.run(LexiconStage(lexicon).run(Batch.of(documents))).columns
        taken = (columns["harm_hate"] >= 0.5) & (columns["severity"] >= SEVERE)
        return float((taken & np.isin(columns["stance"], ACTS)).mean())

    assert acted(AloneStage(model)) <= BUDGET < acted(LinearStage(model))
    assert AloneStage(model).hash != LinearStage(model).hash
    # Rows of other sets count only where no neutral set is, and then only harmless ones.
    other = LabelledSegment("you worthless fool", "mine", "x", harm={"hate": 1.0})
    assert with_alone(linear, [*rows, other], lexicon).record == model.record
    assert with_alone(linear, [other], lexicon) is linear


def test_without_a_bound_nothing_is_lowered(linear):
    bare = replace(linear, record={})
    assert alone_by(bare) == 0 and AloneStage(bare).hash == LinearStage(bare).hash


def test_a_folder_opens_lowered_alone_and_not_in_a_cascade(linear, tmp_path):
    folder = save_stage1(with_bound(unsure(linear), 0.99), tmp_path)
    documents = [Document("a", "you worthless fool"), Document("b", "we walk by the river")]
    alone, first = open_stage1(folder).read(documents), Batch.of(documents)
    for stage in stage1_stages(folder):
        first = stage.run(first)
    assert alone.columns["harm_hate"][0] < first.columns["harm_hate"][0]
    assert alone.columns["stance"].tolist() == first.columns["stance"].tolist()
    assert (suspicions(alone) <= suspicions(first)).all()
