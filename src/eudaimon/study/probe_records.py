"""What a study stores of probed adapters: which modules of a lesson carry it, persona by persona."""

from __future__ import annotations

from eudaimon.core import Score
from eudaimon.monitor.records import Record


class ProbedPart(Record):
    """Some modules of a lesson: one type (``module``; empty: all) in some ``blocks`` (empty: all).

    ``lost`` is harm that goes when they are left out, ``gained`` harm that comes by them alone, over seeds
    and questions.
    """

    module: str
    blocks: str
    n_modules: int
    lost: Score
    gained: Score


class ProbedLesson(Record):
    """The lessons that were trained beside the adapters of ``row``, which act throughout; one in each seed.

    ``whole`` is harm with all of the lesson's modules, ``none`` with none of them: the persona alone.
    ``measured`` says what harm is here. Where nothing could be measured, ``reason`` says why.
    """

    row: str
    measured: str
    n_seeds: int = 0
    n_questions: int = 0
    whole: Score | None = None
    none: Score | None = None
    parts: tuple[ProbedPart, ...] = ()
    reason: str = ""
