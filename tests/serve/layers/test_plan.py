"""The layers as a file: what it says is what is asked, and what it cannot say is refused."""

from __future__ import annotations

import pytest

from eudaimon.core import UsageError
from eudaimon.serve.layers import OwnModel, read_plan

WHOLE = """
band: [0.3, 0.9]
critique: {by: own, share: 0.1, per_minute: 5, timeout_seconds: 2, at_once: 3, most_waiting: 4}
validator: {url: "http://127.0.0.1:1/v1", kind: moderations, failures: 2, rest_seconds: 7}
"""


@pytest.fixture
def plan(tmp_path):
    """``plan(text)``: the plan in a file with that text."""

    def read(text):
        path = tmp_path / "layers.yaml"
        path.write_text(text, encoding="utf-8")
        return read_plan(path)

    return read


def test_a_plan_is_opened_as_it_stands(plan):
    layers = plan(WHOLE).open(OwnModel(), fail_open=True)
    assert layers.band == (0.3, 0.9) and layers.fail_open
    critique, validator = layers._layers
    assert (critique.critic.layer, validator.critic.layer) == ("critique", "validator")
    assert (critique.timeout_seconds, critique.at_once, critique.most_waiting) == (2.0, 3, 4)
    assert (critique.budget._share, critique.budget._per_minute) == (0.1, 5)
    assert (validator.breaker._most, validator.breaker._seconds) == (2, 7.0)


def test_a_critique_by_url(plan):
    layers = plan("band: [0.3, 0.9]\ncritique: {by: url, url: 'http://127.0.0.1:1/v1', model: m}").open()
    assert "critique by m" in layers.names[0]


def test_own_critiques_need_a_model_of_our_own(plan):
    with pytest.raises(UsageError, match="by url"):
        plan("band: [0.3, 0.9]\ncritique: {by: own}").open()


@pytest.mark.parametrize(
    "text",
    [
        "", "[1, 2]", "band: [0.3]", "band: [0.3, 0.9, 1]\n", "band: a", "band: [0.3, 0.9]\nsurprise: 1",
        "band: [0.3, 0.9]\nvalidator: {kind: judge}", "band: [0.3, 0.9]\ncritique: {by: url}",
        "band: [0.3, 0.9]\ncritique: {by: own, url: 'http://x', model: m}", "{", "\x00",
        "band: [0.3, 0.9]\ncritique: {share: 2}", "band: [0.3, 0.9]\ncritique: {timeout_seconds: 0}",
    ],
)  # fmt: skip
def test_what_is_no_plan_is_refused_with_its_place(plan, text):
    with pytest.raises(UsageError, match=r"layers\.yaml"):
        plan(text)


@pytest.mark.parametrize("text", ["band: [0.9, 0.3]\ncritique: {}", "band: [0.3, 0.9]"])
def test_layers_that_are_never_asked_are_refused(plan, text):
    with pytest.raises(UsageError, match="at least one layer"):
        plan(text).open(OwnModel())


def test_a_missing_file(tmp_path):
    with pytest.raises(UsageError, match="no file"):
        read_plan(tmp_path / "none.yaml")
