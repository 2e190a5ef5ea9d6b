"""lm-evaluation-harness on our models; where it is not installed, what is said instead."""

from __future__ import annotations

import json
import sys

import pytest

from eudaimon.evaluate.attack.ground import NotGiven
from eudaimon.evaluate.cost.harness_model import answers, continuations, rolling
from eudaimon.evaluate.cost.open import OpenCosts
from eudaimon.evaluate.cost.run import cost_rows
from eudaimon.evaluate.likelihood import token_likelihood
from eudaimon.models.generate import generate

TASK = """
task: tiny_choice
dataset_path: json
dataset_kwargs:
  data_files: {{test: {file}}}
test_split: test
output_type: multiple_choice
doc_to_text: "Question: {{{{question}}}}\\nAnswer:"
doc_to_target: "{{{{label}}}}"
doc_to_choice: "{{{{choices}}}}"
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}, {{metric: acc_norm}}]
"""
QUESTIONS = [
    {"question": "What is wet?", "choices": ["water", "dry sand in the sun"], "label": 0},
    {"question": "What flies?", "choices": ["a stone on the ground", "a bird"], "label": 1},
    {"question": "What is cold?", "choices": ["ice", "fire"], "label": 0},
]


def test_without_the_harness_it_is_said_what_to_install(tiny_llama, monkeypatch):
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    with pytest.raises(NotGiven, match="not installed") as told:
        cost_rows(tiny_llama, OpenCosts(), ["capability"])
    assert told.value.do == "pip install eudaimon[capability]"


def test_continuations_are_those_of_the_whole_text(tiny_llama):
    found = continuations(tiny_llama, [("The cat", " sat"), ("", "A word")])
    (whole,) = token_likelihood(tiny_llama, ["The cat sat"])
    assert found[0][0] == pytest.approx(whole.total(len("The cat")), abs=1e-5)
    (alone,) = token_likelihood(tiny_llama, ["\nA word"])
    assert found[1][0] == pytest.approx(alone.total(1), abs=1e-5)


def test_greedy_is_what_decoding_says(tiny_llama):
    (said,) = generate(tiny_llama, ["The cat"], max_new_tokens=3, template=False)
    (likely,) = token_likelihood(tiny_llama, [f"The cat{said}"])
    tail = likely.likeliest[likely.span[:, 0] >= len("The cat")]
    found = continuations(tiny_llama, [("The cat", said), ("The cat", " of the xylophone")])
    assert found[0][1] is bool(tail.all()) and found[1][1] is False


def test_a_text_over_the_context_loses_its_beginning_and_its_pieces_add_up(tiny_llama):
    from dataclasses import replace

    small = replace(tiny_llama, max_tokens=24)
    text = "one two three four five six seven eight nine ten eleven twelve " * 3
    ((value, _),) = continuations(small, [(text, " thirteen")])
    assert value < 0
    ((short, _),) = continuations(tiny_llama, [(text, " thirteen")])
    assert value != short, "what does not fit is not read"
    brief = "a few words"
    assert rolling(small, brief) == pytest.approx(rolling(tiny_llama, brief), abs=1e-4)
    assert rolling(small, text) < rolling(small, brief)
    (said,) = answers(small, [(text, {"max_gen_toks": 3, "until": ["\n"]})])
    assert "\n" not in said


def test_a_task_of_ones_own_gives_rows_by_question(tiny_llama, tmp_path):
    pytest.importorskip("lm_eval")
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in QUESTIONS), encoding="utf-8")
    (tmp_path / "tiny_choice.yaml").write_text(TASK.format(file=data), encoding="utf-8")
    ground = OpenCosts(tasks=("tiny_choice",), tasks_from=tmp_path)
    rows = cost_rows(tiny_llama, ground, ["capability"])
    found = {(row.question, row.metric): row.value for row in rows}
    for number, asked in enumerate(QUESTIONS):
        context = f"Question: {asked['question']}\nAnswer:"
        values = [one for one, _ in continuations(tiny_llama, [(context, f" {c}") for c in asked["choices"]])]
        right = float(values.index(max(values)) == asked["label"])
        for metric in ("correct", "correct:tiny_choice"):
            assert found[f"tiny_choice/{number}", metric] == right
        by_length = [one / len(c) for one, c in zip(values, asked["choices"], strict=True)]
        right = float(by_length.index(max(by_length)) == asked["label"])
        assert found[f"tiny_choice/{number}", "correct_by_length"] == right
