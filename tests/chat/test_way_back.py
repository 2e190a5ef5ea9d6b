"""The switches that bring an artifact's own stack back."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from eudaimon.chat.way_back import way_back
from eudaimon.core import Binding
from eudaimon.models.adapters import Adapter

KNOWN = tuple(Adapter(name, Path(name), 1.0, f"print-{name}") for name in ("persona", "em", "third"))
WEIGHTS = st.one_of(st.none(), st.sampled_from([0.25, 0.5, 1.0]))


def bound(adapters):
    return Binding(checkpoint="c", tokenizer="t", adapters=tuple(each.identity for each in adapters))


@settings(max_examples=30, deadline=None)
@given(st.tuples(WEIGHTS, WEIGHTS, WEIGHTS), st.tuples(WEIGHTS, WEIGHTS, WEIGHTS))
def test_following_them_leads_to_the_stack(wanted, now):
    stack = {each.name: each.weighted(w) for each, w in zip(KNOWN, wanted, strict=True) if w is not None}
    acting = {each.name: each.weighted(w) for each, w in zip(KNOWN, now, strict=True) if w is not None}
    switches = way_back(bound(stack.values()), KNOWN, tuple(acting.values()))
    assert switches is not None
    for name, weight in switches:
        if weight is None:
            del acting[name]
        else:
            acting[name] = next(each for each in KNOWN if each.name == name).weighted(weight)
    assert {each.identity for each in acting.values()} == {each.identity for each in stack.values()}
    assert bool(switches) == (wanted != now)


def test_there_is_none_to_an_unknown_adapter_or_another_order():
    stranger = Adapter("stranger", Path("s"), 1.0, "print-stranger")
    assert way_back(bound((stranger,)), KNOWN, KNOWN) is None
    assert way_back(bound(KNOWN[::-1]), KNOWN, KNOWN) is None
