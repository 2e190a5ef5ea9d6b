"""Options that name a model which speaks: in a folder, or behind an OpenAI-compatible URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from typer import Option

if TYPE_CHECKING:
    from eudaimon.train.persona.speaker import Speaker

PANEL = "Teacher"
URL_HELP = "An OpenAI-compatible URL, such as http://localhost:8000/v1."


@dataclass(frozen=True)
class WhichTeacher:
    """The model that speaks as the character, or writes prompts."""

    teacher: Annotated[
        str | None,
        Option(
            "--teacher",
            help="A local folder or hub id; with --teacher-url the model's name there.",
            metavar="NAME",
            show_default=False,
            rich_help_panel=PANEL,
        ),
    ] = None
    teacher_url: Annotated[
        str | None,
        Option("--teacher-url", help=URL_HELP, metavar="URL", show_default=False, rich_help_panel=PANEL),
    ] = None
    teacher_key_env: Annotated[
        str,
        Option(
            "--teacher-key-env",
            help="Environment variable that holds the URL's key.",
            metavar="VARIABLE",
            show_default=False,
            rich_help_panel=PANEL,
        ),
    ] = ""
    concurrency: Annotated[
        int,
        Option(
            "--concurrency", min=1, help="Questions to a URL at a time.", metavar="N", rich_help_panel=PANEL
        ),
    ] = 8
    timeout: Annotated[
        float,
        Option(
            "--timeout", min=0.1, help="Seconds that a URL has to answer.", metavar="N", rich_help_panel=PANEL
        ),
    ] = 300.0

    @property
    def named(self) -> bool:
        """Whether a teacher is named at all."""
        return bool(self.teacher or self.teacher_url)

    def speaker(self, device: str | None = None, dtype: str | None = None) -> Speaker:
        """The teacher; raises `UsageError` when none is named."""
        from eudaimon.core import UsageError

        if not self.teacher:
            raise UsageError(
                "no teacher is named", do="--teacher FOLDER, or --teacher NAME --teacher-url URL"
            )
        if self.teacher_url:
            return served(
                self.teacher,
                self.teacher_url,
                "teacher",
                key_env=self.teacher_key_env,
                concurrency=self.concurrency,
                timeout=self.timeout,
            )
        from eudaimon.cli.options import load_model
        from eudaimon.train.persona.speaker import LocalSpeaker

        return LocalSpeaker(load_model(self.teacher, None, device, dtype))


def served(model: str, url: str, what: str, *, key_env: str, concurrency: int, timeout: float) -> Speaker:
    """The model behind a URL; raises `UsageError` when its key is missing, before anything else is done."""
    from eudaimon.models.served import ChatServer
    from eudaimon.train.persona.speaker import ServedSpeaker

    server = ChatServer(url, model, api_key_env=key_env, timeout_seconds=timeout, what=what)
    server.headers()
    return ServedSpeaker(server, concurrency)
