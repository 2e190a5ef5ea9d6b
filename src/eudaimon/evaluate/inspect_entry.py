"""What inspect-ai finds of this package by its entry point: the provider ``eudaimon`` and the tasks."""

from __future__ import annotations

from typing import Any

from inspect_ai.model import modelapi

from eudaimon.evaluate.tasks.costs import costs
from eudaimon.evaluate.tasks.open_questions import open_questions
from eudaimon.evaluate.tasks.over_refusal import over_refusal
from eudaimon.evaluate.tasks.reactivation import reactivation

__all__ = ["costs", "eudaimon", "open_questions", "over_refusal", "reactivation"]


@modelapi(name="eudaimon")
def eudaimon() -> Any:
    """The class of the provider; torch is imported only when a model is asked for."""
    from eudaimon.evaluate.provider.api import SubjectAPI

    return SubjectAPI
