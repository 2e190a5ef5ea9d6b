"""Attacks one after another: resumed without asking again, and what is missing is listed with its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eudaimon.core import UsageError
from eudaimon.core.errors import JudgeUnavailable
from eudaimon.evaluate.attack.attack import Attack, Attacked, Target, Variant
from eudaimon.evaluate.attack.ground import NotGiven
from eudaimon.evaluate.battery.run import parts, run_parts
from eudaimon.evaluate.rows import Label


class Ground:
    """Two questions; harm grows with the number of turns. ``left`` is how often it may still be read."""

    name, harm = "plain", "harm"

    def __init__(self, left=100):
        self.left, self.read_at = left, []

    def cases(self):
        from eudaimon.evaluate.attack.case import Case

        return (Case("a", ()), Case("b", ()))

    def read(self, model, cases, label):
        if self.left == 0:
            raise JudgeUnavailable("nobody replies")
        self.left -= 1
        self.read_at.append((label.cell.get("attack"), label.cell.get("budget")))
        value = float(label.cell.get("budget", 0)) / 10
        return [label.row(case.question, "0", "harm", value, judge="j", subject="s") for case in cases]


def attack(name, carry_out=None, budgets=(0, 1, 2)):
    def spend(target, variant, budgets, seed):
        for budget in budgets:
            yield Attacked(budget, target.model, target.ground.cases())

    variants = (Variant("harmful", "x"), Variant("benign", "x", control=True))
    return Attack(name, name, "x", "shots", budgets, "x", variants, carry_out or spend)


def lacking(target, variant, budgets, seed):
    yield Attacked(budgets[0], target.model, target.ground.cases())
    raise NotGiven("no passages", do="--passages FILE")


@pytest.fixture
def target(tmp_path):
    return Target(None, Ground(), tmp_path)


def test_everything_is_read_once_and_no_attack_once_for_all(target):
    done = run_parts(target, parts([attack("one"), attack("two")]), label=Label(cell={"subject": "m"}))
    assert not done.gaps
    assert target.ground.read_at.count(("none", 0.0)) == 1 and len(target.ground.read_at) == 1 + 2 * 2 * 2
    cells = [(r.cell["attack"], r.cell["variant"], r.cell["budget"]) for r in done.rows if r.question == "a"]
    assert cells == [(a, v, b) for a in ("one", "two") for v in ("harmful", "benign") for b in (0, 1, 2)]
    again = run_parts(target, parts([attack("one"), attack("two")]), label=Label(cell={"subject": "m"}))
    assert list(again.rows) == list(done.rows) and len(target.ground.read_at) == 9


def test_a_further_budget_reads_that_alone(target):
    run_parts(target, parts([attack("one")]))
    before = len(target.ground.read_at)
    done = run_parts(target, parts([attack("one")], budgets={"one": (0, 1, 2, 8)}))
    assert target.ground.read_at[before:] == [("one", 8.0)] * 2
    assert {row.cell["budget"] for row in done.rows} == {0, 1, 2, 8}


def test_what_lacks_something_is_a_gap_and_the_next_one_begins(target):
    done = run_parts(target, parts([attack("one", lacking), attack("two")]))
    assert [(gap.attack, gap.variant, gap.budgets, gap.kind) for gap in done.gaps] == [
        ("one", "harmful", (2,), "not given"),
        ("one", "benign", (2,), "not given"),
    ]
    assert "--passages FILE" in done.gaps[0].why
    assert {row.cell["attack"] for row in done.rows} == {"one", "two"}


def test_once_the_judge_is_gone_nothing_is_asked_and_all_that_is_left_is_listed(target):
    gone = replace(target, ground=Ground(left=3))
    done = run_parts(gone, parts([attack("one"), attack("two")]))
    assert [(gap.attack, gap.variant, gap.budgets) for gap in done.gaps] == [
        ("one", "benign", (1, 2)),
        ("two", "harmful", (0, 1, 2)),
        ("two", "benign", (0, 1, 2)),
    ]
    assert {gap.kind for gap in done.gaps} == {"judge gone"}
    assert len(gone.ground.read_at) == 3
    back = run_parts(replace(target, ground=Ground()), parts([attack("one"), attack("two")]))
    whole = run_parts(replace(target, folder=target.folder / "other"), parts([attack("one"), attack("two")]))
    assert not back.gaps and list(back.rows) == list(whole.rows)


def test_an_error_on_purpose_is_a_gap_and_a_bug_is_raised(target):
    def refuses(target, variant, budgets, seed):
        raise UsageError("fewer shots than that")
        yield

    def bug(target, variant, budgets, seed):
        raise ZeroDivisionError
        yield

    (gap, _) = run_parts(target, parts([attack("one", refuses)])).gaps
    assert gap.kind == "failed" and "fewer shots" in gap.why
    with pytest.raises(ZeroDivisionError):
        run_parts(target, parts([attack("two", bug)]))


def test_another_subject_does_not_go_on_in_the_folder(target):
    run_parts(target, parts([attack("one")]), about={"subject": "a"})
    with pytest.raises(UsageError, match="subject 'a'"):
        run_parts(target, parts([attack("one")]), about={"subject": "b"})
