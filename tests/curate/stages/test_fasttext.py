"""fastText models against fastText itself and against datatrove's filter on the same model."""

import random
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.curate import open_fasttext, open_scorer
from eudaimon.curate.stages.fasttext import FastTextStage
from eudaimon.curate.stages.fasttext_file import read_fasttext
from eudaimon.curate.stages.fasttext_predict import FastTextPredictor
from eudaimon.curate.stages.paragraphs import paragraphs, spans_of_paragraphs

fasttext = pytest.importorskip("fasttext")
WORDS = ["river", "kettle", "stupid", "fool", "walk", "you", "naïve"]
ODD = ["語", "</s>", "__label__toxic", "__label__x", "a\x00b", "x", "y"]
SOFTMAX, ONE_VS_ALL = 3, 4


def write_model(path, *, n_grams=1, loss=SOFTMAX, longest=0, dim=6, buckets=97, spread=1.0):
    """A supervised model of random numbers, as fastText saves one."""
    rng = np.random.default_rng(0)
    entries = [("</s>", 0), *((word, 0) for word in WORDS), ("__label__toxic", 1), ("__label__fine", 1)]
    data = struct.pack(
        "<2i12id", 793712314, 12, dim, 5, 1, 1, 5, n_grams, loss, 3, buckets, 2, longest, 100, 1e-4
    )
    data += struct.pack("<3i2q", len(entries), len(entries) - 2, 2, 100, -1)
    for k, (word, kind) in enumerate(entries):
        data += word.encode() + b"\0" + struct.pack("<qb", 100 - k, kind)
    for rows in (len(entries) - 2 + buckets, 2):
        matrix = rng.normal(scale=spread, size=(rows, dim)).astype("<f4")
        data += struct.pack("<?2q", False, *matrix.shape) + matrix.tobytes()
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def bigrams(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("fasttext") / "bigrams.bin", n_grams=2)


def library(path, lines):
    model = fasttext.load_model(str(path))
    found = np.full((len(lines), len(model.labels)), np.nan)
    for row, line in enumerate(lines):
        names, values = model.predict(line, k=-1)
        for name, value in zip(names, values, strict=True):
            found[row, model.labels.index(name)] = value
    return found


LINES = ["", " ", "you fool", "walk  by\tthe river", "stupid stupid語 fool __label__toxic x", "naïve"]
LINES += ["</s> you", "you </s> fool", "a\x00b you\rfool"]
OPTIONS = [
    {},
    {"n_grams": 2},
    {"n_grams": 3},
    {"loss": ONE_VS_ALL},
    {"loss": ONE_VS_ALL, "spread": 4.0},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_probabilities_are_those_of_fasttext(tmp_path, options):
    path = write_model(tmp_path / "m.bin", **options)
    found = FastTextPredictor(read_fasttext(path)).probabilities(LINES)
    np.testing.assert_allclose(found, library(path, LINES), atol=2e-5)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.sampled_from([*WORDS, *ODD]), max_size=8).map(" ".join), min_size=1))
def test_any_lines_have_fasttexts_probabilities(bigrams, lines):
    found = FastTextPredictor(read_fasttext(bigrams)).probabilities(lines)
    np.testing.assert_allclose(found, library(bigrams, lines), atol=2e-5)


BREAKS = ["\n", "\n\n", "\r\n", " ", "\u2028", "\x0c"]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from([*WORDS, *BREAKS]), max_size=25).map(" ".join))
def test_paragraphs_tile_a_text_and_are_those_of_datatrove(text):
    split = pytest.importorskip("datatrove.utils.text").split_into_parts
    spans = spans_of_paragraphs([Document("a", "x\n\ny"), Document("d", text), Document("b", "")])
    assert paragraphs(text) == spans.end[spans.document == 1].tolist()
    pieces = [s for s, k in zip(spans.strings(), spans.document, strict=True) if k == 1]
    assert "".join(pieces) == text
    assert [p.strip() for p in pieces] == [p.strip() for p in split(text, mode="PARAGRAPH")]


def test_decisions_are_those_of_datatroves_filter(bigrams):
    data = pytest.importorskip("datatrove.data")
    filters = pytest.importorskip("datatrove.pipeline.filters")
    rng = random.Random(1)
    pool = [*WORDS, "\n", "\n\n"]
    texts = [" ".join(rng.choice(pool) for _ in range(rng.randrange(1, 40))) for _ in range(60)]
    theirs = filters.FastTextClassifierFilter(
        str(bigrams), remove_labels=[("toxic", 0.6)], filter_mode="PARAGRAPH"
    )
    theirs._model = fasttext.FastText._FastText(str(bigrams))  # Or it would copy it to the user's cache.
    rows = open_scorer(bigrams).score([Document(str(k), text) for k, text in enumerate(texts)]).to_pylist()
    removed = 0
    for number, text in enumerate(texts):
        document = data.Document(text=text, id=str(number))
        kept = theirs.filter(document)
        mine = [row for row in rows if row["document"] == str(number) and row["segment"] >= 0]
        pieces = [text[row["start"] : row["end"]] for row in mine if row["harm_hate"] < 0.6]
        removed += len(mine) - len(pieces)
        if mine and mine[-1]["harm_hate"] < 0.6:
            pieces[-1] = pieces[-1].removesuffix("\n")  # datatrove drops a text's last newline.
        assert "".join(pieces) == document.text
        assert bool("".join(pieces).strip()) == bool(kept)
    assert 20 < removed < sum(row["segment"] >= 0 for row in rows) - 20


def test_models_without_a_short_way_are_asked_through_fasttext(tmp_path):
    path = write_model(tmp_path / "letters.bin", longest=3)
    with pytest.raises(UsageError, match="letter n-grams"):
        read_fasttext(path)
    rows = open_fasttext(path).score([Document("d", "you fool\n\nriver")]).to_pylist()
    wanted = library(path, ["you fool", "river"])[:, 0]
    assert [row["harm_hate"] for row in rows[1:]] == pytest.approx(wanted.tolist(), abs=1e-6)


def test_labels_are_mapped_by_name_or_by_a_file_beside_the_model(tmp_path):
    path = write_model(tmp_path / "m.bin")
    assert FastTextStage(path).columns == {"toxic": "harm_hate"}
    mapping = path.with_name("m.bin.labels.yaml")
    mapping.write_text("fine: hazard\n", encoding="utf-8")
    row = open_scorer(path).score([Document("d", "river walk")]).to_pylist()[1]
    assert row["hazard"] == pytest.approx(library(path, ["river walk"])[0, 1], abs=2e-5)
    assert row["harm_hate"] is None
    mapping.write_text("fine: nonsense\n", encoding="utf-8")
    with pytest.raises(UsageError, match="nonsense"):
        open_scorer(path)
    with pytest.raises(UsageError, match="no other"):
        FastTextStage(path, {"other": "hazard"})


def test_a_lone_surrogate_is_an_error_of_its_document_only(bigrams):
    rows = open_scorer(bigrams).score([Document("a", "you \udc80"), Document("b", "you fool")]).to_pylist()
    assert "UnicodeEncodeError" in rows[0]["error"] and rows[1]["harm_hate"] is None
    assert rows[2]["error"] == "" and rows[3]["harm_hate"] is not None


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "x.bin"
    with pytest.raises(UsageError, match="cannot be read"):
        open_scorer(path)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(UsageError, match="no model of fastText"):
        open_scorer(path)
    path.write_bytes(write_model(tmp_path / "whole.bin").read_bytes()[:-20])
    with pytest.raises(UsageError, match="ends within a matrix"):
        open_scorer(path)
