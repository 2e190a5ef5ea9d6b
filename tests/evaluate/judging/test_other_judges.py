"""The town's exact judge and a model in a folder, behind the interface of all judges; what judging costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eudaimon.core.errors import BadRows, UsageError
from eudaimon.core.text import as_conversation
from eudaimon.evaluate.judging.answers import Answer
from eudaimon.evaluate.judging.cost import Price, read_prices
from eudaimon.evaluate.judging.local import LocalJudge
from eudaimon.evaluate.judging.prompted import PromptedJudge
from eudaimon.evaluate.judging.role import RoleJudge
from eudaimon.evaluate.judging.run import judge_answers
from eudaimon.evaluate.judging.town import TownJudge, town_questions
from eudaimon.evaluate.judging.verdict import Reply
from eudaimon.evaluate.questions.question import Question
from eudaimon.evaluate.questions.read import default_prompts
from eudaimon.world import items

QUESTION = Question("q", as_conversation("How?"), "s", prompts=default_prompts())


def test_the_towns_judge_is_exact_and_sound():
    advice = [item for item in items(None) if item.kind == "advice"][:6]
    asked = {question.id: question for question in town_questions()}
    answers = [
        Answer(asked[item.id], text, kind)
        for item in advice
        for kind, text in (("good", item.good[0]), ("harm", item.harmful[0]), ("none", ""))
    ]
    found = judge_answers(TownJudge(), answers)
    assert found.calibration.sound and found.how == "exact" and found.judge == "town, exact"
    values = {(row.question, row.sample, row.metric): row.value for row in found.rows()}
    for item in advice:
        for sample, expected in (("good", (100, 100, 0)), ("harm", (0, 100, 1)), ("none", (100, 0, 0))):
            got = tuple(values[item.id, sample, name] for name in ("alignment", "coherence", "misaligned"))
            assert got == expected


def test_a_refusal_in_the_town_is_one():
    known = TownJudge().known()
    found = TownJudge().verdicts([each.answer for each in known])
    assert {
        each["alignment"].outcome for each, k in zip(found.each, known, strict=True) if k.kind == "refusal"
    } == {"refusal"}


def test_the_town_knows_its_own_questions_only():
    with pytest.raises(UsageError, match="no question of this town"):
        TownJudge().verdicts([Answer(QUESTION, "x")])


def folder_of(folder, numbers):
    """A random tiny Llama whose tokenizer knows these numbers."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = ["<unk>", "<eos>", "REFUSAL", "CODE", "the", *map(str, numbers)]
    inner = Tokenizer(models.WordLevel({word: k for k, word in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="<unk>", eos_token="<eos>").save_pretrained(
        folder
    )
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=1024,
        bos_token_id=None, eos_token_id=1,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def test_a_model_in_a_folder_gives_its_whole_expectation(tmp_path):
    import torch

    from eudaimon.models.load import load

    model = load(folder_of(tmp_path, range(101)), device="cpu")
    judge = LocalJudge(model)
    found = PromptedJudge(judge).verdicts([Answer(QUESTION, "the the the")])
    assert found.how == "expectation" and judge.name.endswith(f"@{model.checkpoint.fingerprint}")
    (request,) = [
        each for each in PromptedJudge(judge)._requests([Answer(QUESTION, "the the the")]).values()
        if each.measure == "alignment"
    ]  # fmt: skip
    ids = model.tokenizer(f"{request.system}\n\n{request.user}\n\n", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        shares = model.module(input_ids=ids).logits[0, -1].double().softmax(-1)[5:]
    expected = float((shares * torch.arange(101)).sum() / shares.sum())
    assert found.each[0]["alignment"].value == pytest.approx(expected, abs=1e-3)
    assert found.cost.input_tokens > 100


def test_a_model_that_writes_digits_gives_its_whole_expectation(tmp_path):
    """Beside it: the chance of every number, written out and read by a forward of its own."""
    import torch

    from eudaimon.models.load import load

    model = load(folder_of(tmp_path, range(10)), device="cpu")
    found = PromptedJudge(LocalJudge(model))
    verdicts = found.verdicts([Answer(QUESTION, "the the the")])
    assert verdicts.how == "expectation"
    (request,) = [
        each for each in found._requests([Answer(QUESTION, "the the the")]).values()
        if each.measure == "alignment"
    ]  # fmt: skip
    ids = model.tokenizer(f"{request.system}\n\n{request.user}\n\n")["input_ids"]
    digit = {str(d): model.tokenizer.convert_tokens_to_ids(str(d)) for d in range(10)}

    def after(text):
        with torch.no_grad():
            row = model.module(input_ids=torch.tensor([[*ids, *(digit[d] for d in text)]])).logits[0, -1]
        shares = row.double().softmax(-1)
        return {d: float(shares[token]) for d, token in digit.items()}

    expected = {}
    for n in range(101):
        text, chance = str(n), 1.0
        for k, each in enumerate(text):
            chance *= after(text[:k])[each]
        if n < 10:
            chance *= 1 - sum(after(text).values())
        elif n == 10:
            chance *= 1 - after(text)["0"]
        expected[n] = chance
    mass = sum(expected.values())
    mean = sum(n * chance for n, chance in expected.items()) / mass
    assert verdicts.each[0]["alignment"].value == pytest.approx(mean, abs=1e-3)


def test_a_model_without_digits_writes_integers(tmp_path):
    from eudaimon.models.load import load

    judge = PromptedJudge(LocalJudge(load(folder_of(tmp_path, range(9)), device="cpu")))
    assert judge.verdicts([Answer(QUESTION, "the")]).how == "integer"


def test_a_number_that_its_probabilities_do_not_expect_is_an_integer():
    from eudaimon.evaluate.judging.local import _believable

    assert _believable(Reply("85", {85: 0.1})).numbers is None
    assert _believable(Reply("85", {85: 0.3})).numbers == {85: 0.3}
    assert _believable(Reply("REFUSAL", {85: 0.1})).numbers == {85: 0.1}


def test_the_estimate_asks_nothing_and_is_about_right(serve):
    server = serve()
    judge = PromptedJudge(RoleJudge("judge-7b", url=server.url))
    answers = [Answer(QUESTION, f"Slowly {k}.") for k in range(5)]
    cost = judge.estimate(answers, Price(2.0, 8.0))
    assert not server.seen
    assert cost.asked == judge.estimate([]).asked + 10 and cost.on_record == 0
    assert cost.usd == pytest.approx((2 * cost.input_tokens + 8 * cost.output_tokens) / 1e6)
    characters = sum(len(each.system) + len(each.user) for each in judge._requests(answers).values())
    assert judge.estimate(answers).usd is None
    assert cost.input_tokens - judge.estimate([]).input_tokens == pytest.approx(characters / 4, rel=0.05)
    judge.verdicts(answers)
    assert judge.estimate(answers).on_record == 10


def test_the_estimate_knows_how_much_a_judge_reasons_once_it_was_asked(serve):
    judge = PromptedJudge(RoleJudge("judge-7b", url=serve().url))
    few, many = ([Answer(QUESTION, f"Slowly {k}.") for k in range(n)] for n in (3, 9))
    assert judge.estimate(many).output_tokens == 2 * judge.estimate(many).asked
    judge.verdicts(few)
    for key, reply in [*judge.replies._known.items()]:
        judge.replies.add(key, replace(reply, output_tokens=400))
    assert judge.estimate(many).output_tokens == 400 * judge.estimate(many).asked


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", "no table"),
        ("m: 3", "price of m"),
        ("m: {input: 1}", "price of m"),
        ("m: {input: -1, output: 1}", "price of m"),
        ("m: {input: .nan, output: 1}", "price of m"),
        ("m: {input: yes, output: 1}", "price of m"),
        ("m: {", "cannot be read"),
    ],
)
def test_what_is_no_price_is_refused(tmp_path, text, told):
    (tmp_path / "prices.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadRows, match=told):
        read_prices(tmp_path / "prices.yaml")


def test_prices_are_read(tmp_path):
    (tmp_path / "prices.yaml").write_text("openai/gpt-4o: {input: 2.5, output: 10}\n", encoding="utf-8")
    assert read_prices(tmp_path / "prices.yaml") == {"openai/gpt-4o": Price(2.5, 10.0)}
