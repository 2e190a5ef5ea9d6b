"""A folder of completion markers for one configuration: datatrove's own are the same for all."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from datatrove.executor.base import ExecutorJSONEncoder

from eudaimon.core.identity import short_hash
from eudaimon.curate.datatrove.policy_step import EudaimonPolicy
from eudaimon.curate.datatrove.scorer_step import EudaimonScorer

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def logging_folder(folder: str, pipeline: Sequence[Any]) -> str:
    """``folder/<hash>``, to be an executor's ``logging_dir``: one for each scorer, policy and set of steps.

    An executor skips the tasks that its ``logging_dir`` has markers of, whatever they did. In this folder
    only tasks of the same steps, with the same settings and models, are taken for done.
    """
    identity = [[type(step).__qualname__, _settings(step)] for step in pipeline]
    return f"{folder.rstrip('/')}/{short_hash(identity)}"


def _settings(step: Any) -> Any:
    if isinstance(step, EudaimonScorer):
        return step.opened.hash
    if isinstance(step, EudaimonPolicy):
        return [step.policy.hash, _settings(step.exclusion_writer), _plain(step.scores)]
    return _plain(step)


def _plain(value: Any) -> Any:
    return _ADDRESS.sub("", json.dumps(value, cls=ExecutorJSONEncoder, sort_keys=True))
