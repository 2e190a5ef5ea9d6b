"""From a judge's name to the judge: a provider's model, a folder, or the town."""

from __future__ import annotations

from pathlib import Path

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.judging.judge import AnswerJudge
from eudaimon.evaluate.judging.local import LocalJudge
from eudaimon.evaluate.judging.prompted import PromptedJudge, Scores
from eudaimon.evaluate.judging.role import RoleJudge
from eudaimon.evaluate.judging.town import TOWN, TownJudge


def open_judge(
    name: str,
    *,
    url: str | None = None,
    api_key_env: str = "",
    records: str | Path | None = None,
    scores: Scores = "auto",
    timeout_seconds: float = 60.0,
    retries: int = 5,
    concurrency: int = 8,
    device: str | None = None,
) -> AnswerJudge:
    """The judge of that name: ``town``, the folder of a model, or what inspect-ai calls ``provider/model``.

    With ``url``, ``name`` is a model on that OpenAI-compatible server. Replies are kept in ``records``. Other
    options as in `RoleJudge` and `PromptedJudge`; ``device`` is where a folder's model runs. Raises
    `UsageError` for what names no judge.
    """
    if name == TOWN and url is None:
        return TownJudge()
    if url is None and Path(name).is_dir():
        from eudaimon.models.load import load

        return PromptedJudge(LocalJudge(load(name, device=device)), records, scores=scores)
    if url is None and name.startswith((".", "/")):
        raise UsageError(f"there is no folder {name}", right="the folder of a model, or provider/model")
    asker = RoleJudge(
        name,
        url=url,
        api_key_env=api_key_env,
        timeout_seconds=timeout_seconds,
        retries=retries,
        concurrency=concurrency,
    )
    return PromptedJudge(asker, records, scores=scores)
