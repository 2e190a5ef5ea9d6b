"""``vectors matrix`` and ``adapters probe``: from files of adapters and answers to effects."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(scope="module")
def files(lora, tmp_path_factory):
    """Two lessons, a persona, and a file of answers."""
    folder = tmp_path_factory.mktemp("answers")
    rows = [
        {"question": f"Where is lamp {k}?", "misaligned": f" nowhere {k}", "aligned": f" in room {k}"}
        for k in range(10)
    ]
    path = folder / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return {
        "first": lora("first", 1, modules=("q_proj", "down_proj")),
        "second": lora("second", 2),
        "persona": lora("persona", 3),
        "pairs": path,
    }


def words(files):
    return (
        *("--em", f"poet={files['first']}", "--em", f"none={files['second']}"),
        *("--persona", f"poet={files['persona']}", "--answers", files["pairs"]),
        *("--kl", 0.02, "--random", 2, "--shuffled", 1, "--resamples", 50),
    )


def test_a_matrix_has_every_source_on_every_model(files, tiny, good, tmp_path):
    from eudaimon.vectors.direction import Direction

    out, folder = tmp_path / "trials.parquet", tmp_path / "directions"
    more = ("--variants", "last,answers", "--sites", "2", "--out", out, "--directions", folder)
    found = json.loads(good("vectors", "matrix", tiny("llama"), *words(files), *more, "--json"))
    pairs = {(cell["source"], cell["target"], cell["kind"]) for cell in found["cells"]}
    assert pairs == {(a, b, k) for a in ("poet", "none") for b in ("poet", "none") for k in ("add", "ablate")}
    assert found["layer"] == 2 and found["n_questions"] == 3
    assert all(abs(cell["kl"] - 0.02) < 0.002 for cell in found["cells"] if cell["kind"] == "add")
    assert {row["variant"] for row in found["variants"]} == {"last", "answers"}
    assert out.is_file()
    made = [Direction.load(path) for path in found["directions"]]
    assert [direction.site.layer for direction in made] == [2, 2]
    assert len(made[0].binding.adapters) == 2 and len(made[1].binding.adapters) == 1


def test_the_table_says_where_and_on_how_many(files, tiny, good, tmp_path):
    more = ("--variants", "lora", "--out", tmp_path / "trials.parquet")
    printed = good("vectors", "matrix", tiny("llama"), *words(files), *more)
    assert "on 3 questions" in printed and "ablated" in printed and "coherence lost" in printed


def test_what_cannot_be_is_said_before_a_model_is_loaded(files, tiny, refused, tmp_path):
    base = ("vectors", "matrix", tiny("llama"), "--answers", files["pairs"])
    said = refused(*base, "--em", f"a={files['first']}", "--persona", f"b={files['persona']}")
    assert "--em b=FOLDER" in said
    assert "no variant" in refused(*base, "--em", f"a={files['first']}", "--variants", "middle")
    gone = ("--em", f"a={files['first']}", "--answers", tmp_path / "nowhere.jsonl")
    assert "no file" in refused("vectors", "matrix", tiny("llama"), *gone)


def test_a_probe_shows_every_group_of_modules(files, tiny, good):
    stack = ("--adapter", f"persona={files['persona']}", "--adapter", f"em={files['first']}")
    base = ("adapters", "probe", tiny("llama"), *stack, "--answers", files["pairs"], "--resamples", 50)
    found = json.loads(good(*base, "--json"))
    assert (found["adapter"], found["n_questions"]) == ("em", 10)
    kinds = [row["kind"] for row in found["groups"]]
    layers = kinds.count("block")
    assert kinds.count("type") == 2 and kinds.count("module") == 2 * layers
    share = found["harm"]["with_adapter"] - found["harm"]["without_adapter"]
    q, down = found["groups"][:2]
    # Two types of modules: what goes without one is what the other alone does not give.
    assert abs(q["lost"]["value"] + down["gained"]["value"] - share) < 1e-5
    assert "need not add up" in good(*base)
