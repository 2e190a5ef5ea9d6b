"""Stage 2 on tiny encoders: what it reads, learns, stores, and does when it cannot."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eudaimon.core.document import Document, Segment
from eudaimon.core.errors import BindingMismatch, UsageError
from eudaimon.curate.labelled.segment import LabelledSegment
from eudaimon.curate.stages.answers import DOUBT
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.stages.encoder import EncoderStage, fit_stage2, labelled_excerpt
from eudaimon.curate.stages.encoder_files import WEIGHTS, open_stage2, save_stage2
from eudaimon.curate.stages.escalated import ESCALATED
from eudaimon.curate.stages.excerpt import Excerpt
from eudaimon.curate.stages.features import cached_features
from eudaimon.curate.stages.reading import POOLED, Encoder, Reach
from eudaimon.curate.stages.teach import Recipe
from eudaimon.models.load import load

BAD, GOOD = "kill harmful noise kill", "fresh bread morning market"
QUICK = Recipe(hidden=16, epochs=40, batch_size=16, learning_rate=1e-2, dropout=0.0)
LINEAR = Recipe(hidden=0, epochs=30, learning_rate=0.02, weight_decay=1e-2, dropout=0.2)


@pytest.fixture(scope="session")
def bert(tiny):
    return load(tiny("bert"), device="cpu")


@pytest.fixture(scope="session")
def fitted(bert):
    return fit_stage2(labelled(), bert, seed=3, recipe=QUICK)


def labelled(n=96):
    """Bad words mean harm; quoted by somebody, they are condemned. A fifth of the rows lack stances."""
    rows = []
    for k in range(n):
        bad, quoted = k % 2 == 0, k % 4 < 2
        words = (BAD if bad else GOOD).split()
        text = " ".join(words[(k + j) % 4] for j in range(2 + k % 5))
        frame = f"Write a letter about {text} again" if quoted else ""
        rows.append(
            LabelledSegment(
                text,
                "made",
                f"g{k}",
                "calibration" if k % 3 == 0 else "train",
                frame_text=frame,
                harm={"hate": float(bad)},
                severity=3.0 if bad else 0.0,
                stance=None if k % 5 == 0 else "advocates" if bad else "none",
                frame=("condemns" if quoted else "none") if bad else None,
            )
        )
    return rows


def test_the_means_are_those_of_the_hidden_states(bert):
    item = Excerpt("kill a process", before="you are", frame_before="explain how", frame_after="again")
    vector = Encoder(bert).features([item])[0].astype(np.float32)
    tokenizer = bert.tokenizer
    parts = [tokenizer(part, add_special_tokens=False)["input_ids"] for part in (
        item.before, item.frame_before, item.text, item.frame_after)]  # fmt: skip
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    ids = [cls, *parts[0], *parts[1], sep, *parts[2], sep, *parts[3], sep]
    states = bert.trunk(input_ids=torch.tensor([ids])).last_hidden_state[0].detach().numpy()
    before, frame, own = (len(part) for part in parts[:3])
    first = 1 + before + frame + 1
    mine = states[first : first + own]
    framing = np.concatenate([states[1 + before : first - 1], states[first + own + 1 : -1]])
    around = np.concatenate([states[1 : first - 1], states[first + own + 1 : -1]])
    wanted = np.concatenate([mine.mean(0), framing.mean(0), around.mean(0)])
    np.testing.assert_allclose(vector[: len(POOLED) * bert.width], wanted, atol=3e-3)
    np.testing.assert_allclose(vector[-3:], [1, 1, np.log1p(own)], atol=1e-3)


@pytest.mark.parametrize("family", ["bert", "roberta", "llama", "gpt2"])
def test_any_model_reads_long_empty_and_broken_text(family, tiny):
    encoder = Encoder(load(tiny(family), device="cpu"))
    long = Excerpt("the quick brown fox jumps " * 200, before="over " * 300, after="dog " * 300)
    items = [long, Excerpt(""), Excerpt("\udc80 fox"), Excerpt("fox", "over " * 300)]
    features = encoder.features(items)
    assert features.shape == (4, encoder.n_features) and np.isfinite(features.astype(np.float32)).all()
    own = len(encoder.model.tokenizer(long.text, add_special_tokens=False)["input_ids"])
    assert features[0, -1] == pytest.approx(np.log1p(own), rel=1e-3), "each of its tokens counts once"


def test_the_mean_runs_over_all_windows_of_a_long_segment(bert):
    encoder = Encoder(bert, Reach(32, 4, 4))
    plain = "fresh bread " * 100
    texts = (plain, plain + "kill " * 40, "kill " * 40 + plain)
    none, end, start = encoder.features([Excerpt(text) for text in texts]).astype(float)[:, : bert.width]
    assert min(np.abs(end - none).max(), np.abs(start - none).max()) > 0.05


def test_what_stands_around_a_segment_changes_it_and_its_neighbours_in_the_batch_do_not(bert):
    encoder = Encoder(bert)
    item, framed = Excerpt("kill the process"), Excerpt("kill the process", frame_before="you are wrong:")
    alone = encoder.features([item]).astype(float)
    together = encoder.features([framed, item, Excerpt("the lazy dog " * 9)]).astype(float)
    np.testing.assert_allclose(together[1], alone[0], atol=2e-3)
    assert np.abs(together[0] - together[1])[: bert.width].max() > 0.05


def test_features_are_read_once(bert, tmp_path, monkeypatch):
    encoder, items = Encoder(bert), [Excerpt("fox"), Excerpt("dog"), Excerpt("fox")]
    first = cached_features(encoder, items, tmp_path, show_progress=False)
    read = []
    monkeypatch.setattr(Encoder, "features", lambda self, some: read.append(some) or np.zeros((len(some), 1)))
    again = cached_features(encoder, items[::-1], tmp_path, show_progress=False)
    np.testing.assert_array_equal(again, first[::-1])
    assert not read
    monkeypatch.undo()
    shorter = Encoder(bert, Reach(16, 2, 2))
    assert not list((tmp_path / shorter.hash).glob("*"))
    np.testing.assert_array_equal(
        cached_features(shorter, items, tmp_path, show_progress=False), shorter.features(items)
    )


def test_heads_learn_from_rows_that_are_there_for_it(fitted, bert):
    unused = [LabelledSegment(GOOD, "s", "t", split="test", harm={"hate": 1.0})]
    unused.append(LabelledSegment(GOOD, "s", "u", harm={"hate": 1.0}, weight=0.0))
    held = [row for row in labelled() if row.split == "calibration"]
    found = fitted.label([labelled_excerpt(row) for row in held])
    bad = np.array([row.harm["hate"] > 0 for row in held])
    assert ((found["harm_hate"] > 0.5) == bad).mean() > 0.9
    assert found["severity"][bad].mean() > 2 > 1 > found["severity"][~bad].mean()
    assert (found["stance"][bad] == 1).mean() > 0.9 and (found["stance"][~bad] == 5).mean() > 0.9
    quoted = np.array([bool(row.frame_text) for row in held])
    assert ((found["frame"] == 4) == quoted)[bad].mean() > 0.8
    assert (found["frame"][~quoted] == 5).all()
    assert "harm_violence" not in found and "hazard" not in found and "subject" not in found
    assert ((found[DOUBT] >= 0) & (found[DOUBT] <= 1)).all() and not any(found["error"])
    assert fit_stage2([*labelled(), *unused], bert, seed=3, recipe=QUICK).hash == fitted.hash


def test_fitting_twice_gives_the_same_bytes_and_another_seed_others(fitted, bert, tmp_path):
    again = fit_stage2(labelled(), bert, seed=3, recipe=QUICK, cache=tmp_path / "cache")
    first, second = save_stage2(fitted, tmp_path / "1"), save_stage2(again, tmp_path / "2")
    for name in (WEIGHTS, "stage2.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert fit_stage2(labelled(), bert, seed=4, recipe=QUICK).hash != fitted.hash


def test_a_stored_stage_scores_the_same_and_refuses_another_encoder(fitted, bert, tiny, tmp_path):
    folder = save_stage2(fitted, tmp_path)
    opened = open_stage2(folder, bert)
    items = [Excerpt(BAD), Excerpt(GOOD, before="x")]
    for name, values in fitted.label(items).items():
        np.testing.assert_array_equal(values, opened.label(items)[name])
    assert opened.hash == fitted.hash == open_stage2(folder).hash
    with pytest.raises(BindingMismatch, match="were taught on"):
        open_stage2(folder, tiny("roberta"))
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-9])
    with pytest.raises(UsageError, match="not whole"):
        open_stage2(folder, bert)
    with pytest.raises(UsageError, match=r"stage2\.json"):
        open_stage2(tmp_path / "nothing", bert)


def test_linear_heads_and_language_models_do_as_well(tiny):
    stage = fit_stage2(labelled(), tiny("llama"), seed=0, recipe=LINEAR)
    found = stage.label([Excerpt(BAD), Excerpt(GOOD)])
    assert found["harm_hate"][0] > 0.5 > found["harm_hate"][1]


def test_only_marked_rows_change_and_only_in_columns_that_it_answers(fitted):
    text = f"{BAD}. {GOOD}."
    spans = (Segment(0, len(BAD), "a"), Segment(len(BAD) + 2, len(text), "b"))
    batch = Batch.of([Document("d", text, {}, spans)]).having(
        {
            "harm_hate": np.array([0.1, 0.2]),
            "hazard": np.array([0.3, 0.3]),
            "stage": np.array([1, 1]),
            ESCALATED: np.array([True, False]),
        }
    )
    after = fitted.run(batch)
    assert after.columns["harm_hate"][0] > 0.5 and after.columns["harm_hate"][1] == 0.2
    assert after.columns["hazard"].tolist() == [0.3, 0.3]
    assert after.columns["stage"].tolist() == [2, 1] and after.columns["stance"].tolist() == [1, -1]
    assert batch.columns["harm_hate"].tolist() == [0.1, 0.2], "the batch that was given is as it was"
    after.table("m").validate(full=True)


def test_a_segment_that_cannot_be_read_is_its_documents_error(fitted, monkeypatch):
    documents = [Document(name, text) for name, text in (("a", GOOD), ("b", "boom"), ("c", BAD))]
    whole = Encoder.features

    def failing(self, items, **options):
        if any(item.text == "boom" for item in items):
            raise RuntimeError("out of memory")
        return whole(self, items, **options)

    monkeypatch.setattr(Encoder, "features", failing)
    rows = fitted.run(Batch.of(documents)).table("m").to_pylist()
    errors = {row["document"]: row["error"] for row in rows if row["segment"] == -1}
    assert errors == {"a": "", "b": "stage 2: RuntimeError: out of memory", "c": ""}
    assert next(row for row in rows if row["document"] == "c" and row["segment"] == 0)["harm_hate"] > 0.5

    monkeypatch.setattr(
        Encoder, "features", lambda self, items: whole(self, items) * np.where(
            [[item.text == "boom"] for item in items], np.nan, 1).astype(np.float16)
    )  # fmt: skip
    rows = fitted.run(Batch.of(documents)).table("m").to_pylist()
    errors = {row["document"]: row["error"] for row in rows if row["segment"] == -1}
    assert errors == {"a": "", "b": "stage 2, segment 0: the encoder gave no number", "c": ""}
    assert next(row for row in rows if row["document"] == "b" and row["segment"] == 0)["harm_hate"] is None


def test_too_little_to_learn_from_is_said(bert):
    with pytest.raises(UsageError, match="teach no question"):
        fit_stage2([LabelledSegment("x", "s", "g", harm={"hate": 1.0})], bert)
    with pytest.raises(UsageError, match="calibrate"):
        fit_stage2([row for row in labelled() if row.split == "train"], bert)
    with pytest.raises(UsageError, match="no labelled segment"):
        fit_stage2([], bert)
    assert isinstance(fit_stage2(labelled(), bert, recipe=QUICK), EncoderStage)
