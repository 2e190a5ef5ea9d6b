"""One question with its answer, and what acted when it was made."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from eudaimon.chat.settings import Settings
from eudaimon.models.adapters.adapter import AdapterStack
from eudaimon.monitor.verdict import Verdict


@dataclass(frozen=True)
class Turn:
    """A question and its answer, under the stack, the steering and the settings that made it.

    ``query`` and ``verdict`` are the monitor's on question and answer, None where no monitor read them;
    ``stopped`` says that somebody interrupted the answer, which then ends where it ended.
    """

    question: str
    answer: str
    stack: AdapterStack
    settings: Settings
    steering: dict[str, Any] | None = None
    query: Verdict | None = None
    verdict: Verdict | None = None
    stopped: bool = False

    def to_json(self) -> dict[str, Any]:
        """The turn as a JSON object."""
        return {
            "question": self.question,
            "answer": self.answer,
            "stack": [adapter.to_json() for adapter in self.stack],
            "steering": self.steering,
            "settings": asdict(self.settings),
            "query": self.query.model_dump(mode="json") if self.query else None,
            "verdict": self.verdict.model_dump(mode="json") if self.verdict else None,
            "stopped": self.stopped,
        }
