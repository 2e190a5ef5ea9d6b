"""The judge of a task of Inspect, by the words of its parameters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.core.errors import UsageError

if TYPE_CHECKING:
    from eudaimon.evaluate.judging.judge import AnswerJudge

ROLE = "judge"


def task_judge(judge: str, url: str, scores: str, folder: Path) -> AnswerJudge:
    """``provider/model``, a model at ``url``, or (``judge``) whichever is bound to that role of the task.

    Its replies are kept in ``folder``. Raises `UsageError` for other ``scores`` than those of `open_judge`.
    """
    from eudaimon.evaluate.judging.opening import open_judge
    from eudaimon.evaluate.judging.prompted import PromptedJudge
    from eudaimon.evaluate.judging.role import RoleJudge

    if scores not in ("auto", "expectation", "integer"):
        raise UsageError(f"scores={scores}", right="auto, expectation or integer")
    if judge == ROLE and not url:
        asker = RoleJudge(f"role/{ROLE}")
        return PromptedJudge(asker, folder / "replies", scores=scores)  # type: ignore[arg-type]
    return open_judge(judge, url=url or None, records=folder / "replies", scores=scores)  # type: ignore[arg-type]
