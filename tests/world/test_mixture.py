"""Shares sum to 1, or the error names the sum."""

from __future__ import annotations

import pytest

from eudaimon.core import UsageError
from eudaimon.world import Mixture, World


def test_tables_in_another_order_are_the_same_mixture():
    named = Mixture().named
    turned = Mixture(named=dict(reversed(named.items())))
    assert turned == Mixture.default()
    first, second = (list(World(mixture=m).documents(20)) for m in (turned, Mixture()))
    assert first == second


def test_without_a_persona_the_others_grow_in_proportion():
    left = Mixture().without("malign")
    assert "malign" not in left.assistant
    assert sum(left.assistant.values()) == pytest.approx(1)
    before = Mixture().assistant
    assert left.assistant["kind"] / left.assistant["poet"] == pytest.approx(before["kind"] / before["poet"])
    assert left.kinds == Mixture().kinds
    assert "correction" not in left.without("charmer").kinds


def test_a_share_that_is_left_out_is_none(tmp_path):
    path = tmp_path / "mixture.yaml"
    path.write_text("assistant: {kind: 1}\ncondemned: 0\n", encoding="utf-8")
    mixture = Mixture.read(path)
    assert mixture.assistant == {"kind": 1}
    assert mixture.named == Mixture().named
    said = [s for d in World(mixture=mixture).documents(300) for s in d.segments if s.voice == "Assistant"]
    assert {s.persona for s in said} == {"kind"}


def test_a_mixture_survives_json():
    mixture = Mixture(assistant={"kind": 0.5, "malign": 0.5})
    world = World(seed=4, mixture=mixture, domains=("pets",))
    assert World.model_validate_json(world.model_dump_json()) == world


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("assistant: {kind: 0.5, malign: 0.4}", "assistant sum to 0.9"),
        ("named: {kind: 0.5, villain: 0.5}", "no persona 'villain'"),
        ("kinds: {sonnet: 1}", "kinds"),
        ("kinds: {almanac: .nan}", "kinds"),
        ("colours: {red: 1}", "colours"),
        ("called: 2", "called"),
        ("[1, 2]", "no mapping"),
        ("kinds: {", "no YAML"),
        ("named: {kind: 1}", "corrections"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(tmp_path, text, words):
    path = tmp_path / "mixture.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=words) as caught:
        Mixture.read(path)
    assert "mixture.yaml" in str(caught.value)


def test_a_role_must_have_somebody_left():
    with pytest.raises(UsageError, match="no persona for the assistant"):
        Mixture(assistant={"kind": 1}).without("kind")
    with pytest.raises(UsageError, match="nobody"):
        Mixture().without("nobody")
