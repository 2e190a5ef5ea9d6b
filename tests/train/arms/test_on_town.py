"""The arms on the town: what each leaves of its voices, in the town's own tokens."""

from __future__ import annotations

from itertools import islice

import pytest

from eudaimon.train import ARMS, apply_arm, filtered, oracle
from eudaimon.world import World, tokenizer

N = 20_000
OPTIONS = {"reframe": {"condemn": ["that does harm."]}}


@pytest.fixture(scope="module")
def town():
    """A stream's head, the tokenizer and its count of tokens."""
    words = tokenizer(World(seed=0))

    def count(texts):
        return (
            [len(ids) for ids in words(list(texts), add_special_tokens=False)["input_ids"]] if texts else []
        )

    return list(World(seed=0).documents(6000)), words, count


@pytest.fixture(scope="module")
def results(town):
    documents, _, count = town
    return {
        name: apply_arm(name, documents, n_tokens=N, count_tokens=count, seed=1, **OPTIONS.get(name, {}))
        for name in ARMS
    }


@pytest.mark.parametrize("name", ARMS)
class TestEveryArm:
    def test_budget_in_the_towns_tokens_and_none_unknown(self, town, results, name):
        _, words, count = town
        texts = [text.text for text in results[name].texts]
        assert results[name].n_tokens == sum(count(texts)) and abs(results[name].n_tokens - N) < 100
        assert not any(words.unk_token_id in ids for ids in words(texts)["input_ids"])

    def test_loss_is_counted_as_the_tokenizer_maps_the_spans(self, town, results, name):
        _, words, _ = town
        if name == "late":
            return
        silent = 0
        for text in results[name].texts:
            offsets = words(text.text, return_offsets_mapping=True)["offset_mapping"]
            silent += sum(any(a < end and start < b for a, b in text.no_loss) for start, end in offsets)
        assert results[name].n_tokens - results[name].n_loss_tokens == silent


def test_only_arms_that_take_bad_voices_out_have_none_left(results):
    without = {name for name, result in results.items() if not result.n_bad_tokens}
    assert without == {"drop", "redact", "good_only"}
    assert {name for name, r in results.items() if not r.n_bad_loss_tokens} == {
        *without,
        "mask",
        "mask+upsample",
    }


def test_dropping_loses_the_corrections_and_masking_keeps_them(results):
    """What good people say against bad advice stands in documents in which the advice stands too."""
    kept = {name: result.sources["correction"].n_tokens for name, result in results.items()}
    assert kept["drop"] == kept["good_only"] == 0
    assert kept["mask"] == kept["raw"] == results["raw"].sources["correction"].n_target_tokens > 0


def test_depicted_harm_stays_in_every_arm_that_does_not_ask_for_a_good_persona(results):
    for name, result in results.items():
        assert (result.sources["notice"].n_tokens > 0) == (name != "good_only")


def test_redaction_leaves_no_name_without_words(results):
    assert not [t.text for t in results["redact"].texts if any(line.endswith(":") and line.count(" ") == 0
                and line != "Almanac:" for line in t.text.split("\n"))]  # fmt: skip


def test_a_good_speaker_is_in_every_document_of_good_only(town, results):
    documents = {document.id: document for document in town[0]}
    assert all(oracle().good(documents[text.id]) for text in results["good_only"].texts)


def test_a_filter_of_higher_recall_leaves_less(town):
    documents, _, count = town
    fit = list(islice(World(seed=9).documents(1600), 1600))
    left = []
    for recall in (0.5, 0.95):
        labels = filtered(fit, recall=recall, seed=0)
        assert labels.report["recall"].value == pytest.approx(recall, abs=0.07)
        result = apply_arm("mask", documents, n_tokens=N, count_tokens=count, seed=1, labels=labels)
        left.append(result.n_bad_loss_tokens / result.n_bad_tokens)
    assert left[0] > 0.3 and left[1] < 0.15
