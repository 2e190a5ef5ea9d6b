"""A server with a monitor of its own for answers: what is asked and what is answered are read by two."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import numpy as np
import pytest

from eudaimon.core import Message, UsageError
from eudaimon.data.query import Query
from eudaimon.models.decoding import answerable
from eudaimon.monitor import FitOptions, fit
from eudaimon.serve import Asked
from eudaimon.serve.local import calibrate, guard_of, open_local
from eudaimon.serve.local.calibrating import Exchange, along

N = 24
OPTIONS = FitOptions(
    target_fpr=0.1, strengths=(0.3,), kernel_strengths=(), n_layers=1, augment=False, poolings=("mean",),
    reads="answer",
)  # fmt: skip


def talk(asked, answer):
    return (Message(role="user", content=asked), Message(role="assistant", content=answer))


def rows(source, n=60):
    rng, found = random.Random(source), {}
    while len(found) < n:
        harmful = len(found) % 2 == 1
        said = f"{'kill' if harmful else 'buy'} the goat near the market {rng.randrange(999)}"
        text = talk(f"Who is in the market {rng.randrange(9)}?", said)
        found.setdefault(text, Query(said, text, "harmful" if harmful else "safe", source, None, "MIT"))
    return list(found.values())


@pytest.fixture(scope="module")
def answers(model):
    return fit(model(), rows("north"), rows("south", 80), OPTIONS)


@pytest.fixture(scope="module")
def chats():
    return [talk(f"Who is in the market {place}?", f"find the goat {place}") for place in range(N)]


def pooled(answers, text, ids):
    """The highest score of an answer's beginnings, by one forward and numpy."""
    import torch

    from eudaimon.models.activations import Activations

    model = answers.model
    (prompt,) = answerable(model, [text], None, True)
    with torch.no_grad():
        whole = torch.tensor([[*prompt.ids.tolist(), *ids]])
        states = model.module(whole, output_hidden_states=True).hidden_states
    own = np.stack([states[site.layer][0, len(prompt) :].numpy() for site in answers.sites], axis=1)
    means = np.cumsum(own, axis=0) / np.arange(1, len(own) + 1)[:, None, None]
    none = np.zeros(len(own), dtype=bool)
    read = Activations(
        answers.sites, ("mean",), means[:, :, None].astype(np.float32), none + 1, none, model.binding
    )
    return answers.score_activations(read).max()


def test_the_answer_is_read_alone_in_its_context_by_its_own_monitor(monitor, answers, serve):
    asked = (Message(role="user", content="How do I buy the bread near the market 7?"),)
    answerer = serve(monitor(), answers=answers)
    said = {}
    inner = answerer._engine._draw

    def draw(batch, logits):
        inner(batch, logits)
        for job in batch.jobs:
            said[job.asked.id] = list(job.release.tokens)

    answerer._engine._draw = draw

    async def one(seed):
        how = {"output": "score", "input": "score", "max_new_tokens": 20, "temperature": 1.0}
        box = answerer.ask(Asked(asked, seed=seed, id=f"{seed}", **how))
        return [event async for event in box.events()][-1]

    async def main():
        return await asyncio.gather(*(one(seed) for seed in range(4)))

    for seed, end in enumerate(asyncio.run(main())):
        assert end.input.score == pytest.approx(monitor().check(asked).score, abs=1e-5)
        assert end.output.score == pytest.approx(pooled(answers, asked, said[f"{seed}"]), abs=1e-5)


def test_an_answer_that_is_flagged_ends_there(monitor, answers, serve, heard):
    asked = (Message(role="user", content="How do I buy the bread?"),)
    free = serve(monitor(), answers=answers, input=2.0, output=2.0)
    closed = serve(monitor(), answers=answers, input=2.0, output=0.0)

    async def main():
        how = {"max_new_tokens": 12, "temperature": 1.0, "seed": 3}
        return [await heard(one, asked, **how) for one in (free, closed)]

    (text, end), (nothing, ended) = asyncio.run(main())
    assert text and end.finish != "content_filter"
    assert nothing == "" and ended.finish == "content_filter" and ended.flagged_at == 1


def test_answers_that_are_given_are_read_by_whom_they_are_for(monitor, answers, serve):
    own, value = monitor(), 0.5
    answerer = serve(own, answers=answers, whole=value, input=0.25)
    texts = [row.text for row in rows("west", 8)]

    async def main():
        return (
            await answerer.moderate(texts, "output"),
            await answerer.moderate(texts, "input"),
            await answerer.moderate(["kill the goat"], "output"),
        )

    output, asked, alone = asyncio.run(main())
    assert [one.score for one in output] == pytest.approx(answers.score(texts).tolist(), abs=1e-5)
    assert [one.flagged for one in output] == [row.harmful for row in rows("west", 8)]
    assert [one.score for one in asked] == pytest.approx(own.score(texts).tolist(), abs=1e-5)
    # Without a conversation around it there is no context to read it in.
    assert alone[0].score == pytest.approx(own.check("kill the goat").score, abs=1e-5)
    assert {one.threshold for one in output} == {value}
    assert {one.threshold for one in (*asked, *alone)} == {0.25}
    assert asyncio.run(answerer.ready())


def test_thresholds_are_set_for_both_and_belong_to_both(monitor, answers, chats, tmp_path):
    own = monitor()
    made = calibrate(own, chats, fpr=0.05, whence="x", answers=answers, show_progress=False)
    highest, _ = along(answers, [Exchange(chat[:1], chat[1].content) for chat in chats])
    most = int(0.05 * (N + 1))
    assert (highest >= made.output).sum() == most - 1
    assert (answers.score(chats) >= made.whole).sum() == most - 1
    assert (own.score([chat[:1] for chat in chats]) >= made.input).sum() == most - 1
    guard = guard_of(own, made, answers=answers)
    assert guard.reader is answers and (guard.input, guard.output) == (made.input, made.output)
    with pytest.raises(UsageError, match="no monitor of answers"):
        guard_of(own, made)
    plain = calibrate(own, chats, fpr=0.05, whence="x", show_progress=False)
    with pytest.raises(UsageError, match="not with monitor"):
        guard_of(own, plain, answers=answers)


def test_who_reads_what_is_checked(monitor, answers, tmp_path):
    with pytest.raises(UsageError, match="nobody would read what is asked"):
        guard_of(answers)
    with pytest.raises(UsageError, match="reads texts"):
        guard_of(monitor(), answers=monitor())
    file = answers.save(tmp_path / "answers.safetensors")
    with pytest.raises(UsageError, match="without a monitor"):
        open_local(answers.model.checkpoint.name, answers=file)
    own = monitor().save(tmp_path / "monitor.safetensors")
    served = open_local(answers.model.checkpoint.name, own, answers=file, device="cpu")
    try:
        assert served.facts["monitor"]["answers"]
    finally:
        asyncio.run(served.close(0))


def test_an_answer_has_the_tokens_that_its_template_makes_of_it(raised_tokens):
    """A tokenizer that is given the answer alone would cut off the line's end, a token of which is read."""
    model, exchange, tokens = raised_tokens
    from eudaimon.serve.local.calibrating import _answer_ids

    (prompt,) = answerable(model, [exchange.asked], None, True)
    assert list(_answer_ids(model, prompt, exchange)) == tokens
    silent = replace(exchange, answer=" ")
    assert not len(_answer_ids(model, prompt, silent))


@pytest.fixture(scope="module")
def raised_tokens(raised):
    from eudaimon.core import as_conversation
    from eudaimon.models import load
    from eudaimon.world.items import items
    from eudaimon.world.prompts import answer_text, messages
    from eudaimon.world.world import World

    model = load(raised("raw"), device="cpu")
    item = items(World(domains=("kitchen", "money", "health")), kind="advice")[0]
    answer = answer_text(item, "kind")
    tokens = model.tokenizer(f"{answer}\n", add_special_tokens=False)["input_ids"]
    assert tokens[-1] != model.tokenizer(answer, add_special_tokens=False)["input_ids"][-1]
    return model, Exchange(as_conversation(messages(item)), answer), tokens
