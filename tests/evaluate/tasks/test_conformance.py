"""What every task keeps: its file has one task of its name, and Inspect finds it."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import pytest

pytest.importorskip("inspect_ai")

from eudaimon.evaluate import inspect_entry, tasks

NAMES = [name for _, name, _ in pkgutil.iter_modules(tasks.__path__) if not name.startswith("_")]


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_the_task_and_the_entry_point_has_it(name):
    from inspect_ai._util.registry import registry_info

    made = getattr(import_module(f"{tasks.__name__}.{name}"), name)
    assert getattr(inspect_entry, name) is made and name in inspect_entry.__all__
    assert registry_info(made).type == "task" and registry_info(made).name.split("/")[-1] == name
    assert made.__doc__


@pytest.mark.parametrize("name", NAMES)
def test_its_samples_have_ids_of_their_own_and_a_question_to_cluster_by(name):
    task = getattr(inspect_entry, name)()
    samples = list(task.dataset)
    assert samples and len({sample.id for sample in samples}) == len(samples)
    assert all(sample.metadata["question"] and sample.input for sample in samples)
