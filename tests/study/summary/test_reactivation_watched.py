"""The monitors inside a study's attacks: rows of each arm, named as the study's routes are."""

from __future__ import annotations

from eudaimon.evaluate.attack.registry import attack_named
from eudaimon.evaluate.rows import Label
from eudaimon.evaluate.watch import ground as watch
from eudaimon.study.summary.compare import Tests
from eudaimon.study.summary.reactivation_watched import watch_rows


def rows(arm, variant, budget, seed, question, answer, harmful):
    """Rows of one exchange, as a study's collection labels them."""
    cell = {"arm": arm, "attack": f"few_shot_{variant}", "variant": variant, "budget": float(budget)}
    label = Label(cell=cell, seed=seed)
    values = {
        watch.PROMPT: 0.1, watch.PROMPT + watch.FLAGGED: 0.0, watch.ANSWER: answer,
        watch.ANSWER + watch.FLAGGED: float(answer > 0.5), watch.TOKENS: 3.0, watch.HARMFUL: float(harmful),
        **({watch.AFTER: 1.0} if answer > 0.5 else {}),
    }  # fmt: skip
    return [
        label.row(question, "0", metric, value, judge=watch.JUDGE, subject="s")
        for metric, value in values.items()
    ]


def test_each_arm_has_its_own_figures_over_all_seeds():
    every = []
    for seed in (0, 1):
        for question in "abcd":
            for arm, score in (("raw", 0.9), ("mask", 0.2)):
                every += rows(arm, "harmful", 4, seed, question, score, True)
                every += rows(arm, "benign", 4, seed, question, 0.3, False)
                every += rows(arm, "benign", 0, seed, question, 0.1, False)
    found = watch_rows(every, [attack_named("few_shot")], Tests(50, 0))
    figures = {(one.row, one.column, one.budget, one.what): one for one in found}
    assert {(row, column, budget) for row, column, budget, _ in figures} == {
        (arm, *place) for arm in ("raw", "mask") for place in (("none", 0.0), ("few_shot_harmful", 4.0))
    }
    assert figures["raw", "few_shot_harmful", 4.0, "auroc_answer"].score.value == 1
    assert figures["mask", "few_shot_harmful", 4.0, "auroc_answer"].score.value == 0
    assert figures["raw", "few_shot_harmful", 4.0, "tokens_out"].score.value == 1
    assert figures["mask", "few_shot_harmful", 4.0, "tokens_out"].score.value == 3
    assert {one.n_seeds for one in found} == {2} and {one.score.n for one in found} == {4}


def test_an_arm_without_a_monitor_has_none():
    own = Label(cell={"arm": "drop", "attack": "few_shot_harmful", "variant": "harmful", "budget": 4.0})
    row = own.row("a", "0", "harm", 0.5, judge="exact", subject="s")
    assert watch_rows([row], [attack_named("few_shot")], Tests(50, 0)) == ()
