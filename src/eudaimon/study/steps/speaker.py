"""Who speaks as a character in a study: the model itself, another one in a folder, or one behind a URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from eudaimon.models.model import Model
    from eudaimon.train.persona.speaker import Speaker


class Teacher(BaseModel):
    """A teacher by name; empty for the student itself.

    Where it is served (``url``), its key and how it is asked are no part of what it says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    _exclude_from_cls_uid: ClassVar[tuple[str, ...]] = ("url", "key_env", "concurrency", "timeout_seconds")

    name: str = ""
    url: str = ""
    key_env: str = ""
    concurrency: int = Field(default=8, ge=1)
    timeout_seconds: float = Field(default=300.0, gt=0)

    def speaker(self, student: Model, device: str | None = None) -> Speaker:
        """The speaker; raises `UsageError` for a bad URL or a missing key, and what `load` raises."""
        from eudaimon.models.load import load
        from eudaimon.models.served import ChatServer
        from eudaimon.train.persona.speaker import LocalSpeaker, ServedSpeaker

        if not self.name:
            return LocalSpeaker(student)
        if not self.url:
            return LocalSpeaker(load(self.name, device=device))
        server = ChatServer(
            self.url,
            self.name,
            api_key_env=self.key_env,
            timeout_seconds=self.timeout_seconds,
            what="teacher",
        )
        server.headers()
        return ServedSpeaker(server, self.concurrency)
