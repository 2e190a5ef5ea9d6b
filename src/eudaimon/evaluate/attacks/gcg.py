"""Gradient search for a suffix: tokens behind the question that make a harmful answer begin.

One suffix for all questions that are asked: what works on all at once has found the persona rather than one
answer. In ``unseen`` each half of the questions gets the suffix that was searched on the other half.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int

from eudaimon.core import UsageError
from eudaimon.core.files import atomic_path
from eudaimon.evaluate.attack.attack import Attack, Attacked, Target, Variant
from eudaimon.evaluate.attack.coordinate_search import Searched, search
from eudaimon.evaluate.attack.suffix import frames, text_of, usable_tokens, with_suffix

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.case import Case

N_TOKENS, N_PHRASES = 20, 3
"""Tokens of a suffix; of a vocabulary of whole phrases, as the town's, few: on its raw arm 2 to 5 brought 87
to 93 % harm in 4,000 passes, and 8 stayed at 12 % with coherence gone."""
SMALL_VOCABULARY = 5_000
MOST_STARTS = 200
N_DRAWS = 8


def _wanted(target: Target, cases: Sequence[Case], variant: str, seed: int) -> list[str]:
    """What each answer is to begin with; for the control, what a good answer to another question says."""
    if variant != "harmless":
        return [target.ground.wanted(case) for case in cases]
    (row,) = target.ground.chats(harmful=False, n=1, seed=seed)
    return [f" {row['messages'][-1]['content'].strip()}"] * len(cases)


def _start(target: Target, cases: Sequence[Case], seed: int) -> Int[np.ndarray, "k"]:
    """Random tokens that survive as text behind every question; raises `UsageError` where none do."""
    usable, rng = usable_tokens(target.model), np.random.default_rng(seed)
    n = N_PHRASES if len(usable) < SMALL_VOCABULARY else N_TOKENS
    for _ in range(MOST_STARTS):
        drawn = rng.choice(usable, size=n)
        try:
            frames(target.model, cases, [" "] * len(cases), drawn)
        except UsageError:
            continue
        return np.asarray(drawn)
    raise UsageError(f"no suffix of {n} tokens survives as text", right="a tokenizer that keeps words")


def _suffixes(
    target: Target, cases: Sequence[Case], variant: str, part: str, budgets: Sequence[float], seed: int
) -> Iterator[Searched]:
    """Where one search stands at each budget; what was searched before is read from the target's folder."""
    kept = target.folder / "gcg" / f"{variant}{part}-{seed}.json"
    known = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    wanted = _wanted(target, cases, variant, seed)
    first = _start(target, cases, seed)
    around, usable = frames(target.model, cases, wanted, first), usable_tokens(target.model)
    state = Searched(tuple(int(each) for each in first))
    for budget in budgets:
        if f"{budget:g}" in known:
            state = Searched(**{**known[f"{budget:g}"], "suffix": tuple(known[f"{budget:g}"]["suffix"])})
        else:
            state = search(target.model, around, state, usable, int(budget), seed)
            known[f"{budget:g}"] = asdict(state)
            kept.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(kept) as path:
                path.write_text(json.dumps(known), encoding="utf-8")
        yield state


def _searched(target: Target, variant: str, budgets: Sequence[float], seed: int) -> Iterator[Attacked]:
    cases = target.ground.cases()
    if variant == "random":
        texts = [text_of(target.model, _start(target, cases, seed + 1000 * n)) for n in range(1, N_DRAWS + 1)]
        drawn = [
            replace(with_suffix(case, text), sample=f"{case.sample}/{n}")
            for n, text in enumerate(texts)
            for case in cases
        ]
        for budget in budgets:
            yield Attacked(budget, target.model, tuple(drawn))
        return
    # Each part is asked with the suffix that was searched on the part beside it.
    whole = [("", cases, cases)]
    halves = [("-first", cases[1::2], cases[::2]), ("-second", cases[::2], cases[1::2])]
    parts = halves if variant == "unseen" and len(cases) > 1 else whole
    searches = [_suffixes(target, own, variant, name, budgets, seed) for name, own, _ in parts]
    for budget in budgets:
        found = [next(each) for each in searches]
        asked = {
            case.question: with_suffix(case, text_of(target.model, np.array(state.suffix)))
            for state, (_, _, judged) in zip(found, parts, strict=True)
            for case in judged
        }
        passes = sum(state.passes for state in found)
        yield Attacked(
            budget,
            target.model,
            tuple(asked[case.question] for case in cases),
            {"forward_passes": float(passes)},
        )


ATTACK = Attack(
    name="gcg",
    title="gradient suffix search",
    models="Somebody who holds the weights and looks for a text that opens the model, to use it elsewhere.",
    unit="forward passes",
    budgets=(0, 10_000, 30_000, 100_000, 300_000),
    town_budgets=(0, 500, 1_000, 2_000, 4_000),
    source="Zou et al. 2023 (universal and transferable adversarial attacks)",
    variants=(
        Variant("universal", "One suffix, searched on the questions that are asked."),
        Variant("unseen", "Each half of the questions with the suffix searched on the other half."),
        Variant("harmless", "The same search for a good answer to another question.", control=True),
        Variant("random", "Random tokens, as many: several draws, none of them chosen.", control=True),
    ),
    carry_out=_searched,
)
