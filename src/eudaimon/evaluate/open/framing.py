"""How an attacker puts an open question otherwise: scenes, templates, rewordings, beginnings of answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, islice
from typing import TYPE_CHECKING, Any

from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.data.attack_wordings import Side, attack_wordings
from eudaimon.evaluate.attack.ground import FORMS, NotGiven
from eudaimon.evaluate.open.given import REQUEST
from eudaimon.monitor.attacks import attack_named

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.case import Case

REWORDED = {"past_tense": "past_tense", "academic": "academic_framing", "polite": "politeness"}
"""Forms that rewrite the request, by the rewriting of `eudaimon.monitor.attacks` that does."""
MOST_SEEDS = 200
"""A rewriting that has given nothing new for so many seeds has no more wordings."""


def framed(
    case: Case, form: str, n: int, *, side: Side, seed: int, wild: Sequence[str] = ()
) -> tuple[Case, ...]:
    """The case with its request in ``n`` wordings of a form, all of them different, each its own sample.

    ``wild`` are the templates of ``in_the_wild``, tried in their order. Raises `NotGiven` when
    there are fewer, and `UsageError` for an unknown form.
    """
    if form in REWORDED:
        texts = list(islice(_reworded(case.request, REWORDED[form], seed), n))
    elif form == "in_the_wild":
        texts = [template.replace(REQUEST, case.request) for template in wild[:n]]
    elif form == "role_play":
        texts = [scene.of(case.request, side) for scene in _turned(attack_wordings().scenes, seed, case)[:n]]
    else:
        raise UsageError(f"there is no form {form!r}", right=", ".join(FORMS))
    if len(texts) < n:
        raise NotGiven(f"{n} wordings of {case.question!r} as {form} are needed, there are {len(texts)}")
    return tuple(replace(case.asked(text), sample=f"{form}-{place}") for place, text in enumerate(texts))


def begun(text: str, n: int, tokenizer: Any) -> str:
    """The first ``n`` tokens of a text, as text; raises `UsageError` when it has fewer."""
    found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    if n > len(found):
        raise UsageError(f"a beginning of {n} tokens", right=f"at most {len(found)}: so many are packaged")
    return text[: found[n - 1][1]] if n else ""


def _reworded(request: str, name: str, seed: int) -> Iterator[str]:
    """Different wordings of a request, by the rewriting with one seed after another."""
    rewrite, seen, last = attack_named(name), set[str](), 0
    for turn in count():
        text = str(rewrite(request, seed * 1000 + turn))
        if text not in seen:
            seen.add(text)
            last = turn
            yield text
        elif turn - last > MOST_SEEDS:
            return


def _turned(scenes: Sequence[Any], seed: int, case: Case) -> list[Any]:
    """The scenes in their order, from a place on that seed and question decide."""
    start = int(short_hash([seed, case.question]), 16) % len(scenes)
    return [*scenes[start:], *scenes[:start]]
