"""The options that commands of `eudaimon judge` share: which answers, which judge, at what price."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

if TYPE_CHECKING:
    from eudaimon.evaluate.judging.answers import Answer
    from eudaimon.evaluate.judging.cost import Price
    from eudaimon.evaluate.judging.judge import AnswerJudge

PANEL = "Judge"


@dataclass(frozen=True)
class WhichAnswers:
    """A file of answers, and where their questions are."""

    answers: Annotated[
        Path,
        Argument(help='JSON Lines: {"question": ID, "answer": TEXT, ...} each.', show_default=False),
    ]
    questions: Annotated[
        list[Path] | None,
        Option(
            "--questions",
            help="A file of questions, YAML or JSON Lines; again for more. Default: the packaged sets, or "
            "the town's for the town's judge.",
            metavar="FILE",
        ),
    ] = None

    def read(self, judge: str) -> tuple[Answer, ...]:
        """The answers, with their questions."""
        from eudaimon.evaluate.judging.answers import read_answers
        from eudaimon.evaluate.judging.town import TOWN, town_questions
        from eudaimon.evaluate.questions.read import questions, read_questions

        if self.questions:
            known = [question for path in self.questions for question in read_questions(path)]
        else:
            known = [*(town_questions() if judge == TOWN else questions())]
        return read_answers(self.answers, known)


@dataclass(frozen=True)
class WhichJudge:
    """Who judges."""

    judge: Annotated[
        str,
        Option(
            "--judge",
            help="provider/model as inspect-ai names it, a model's folder, or town.",
            metavar="NAME",
            rich_help_panel=PANEL,
            show_default=False,
        ),
    ]
    url: Annotated[
        str | None,
        Option(
            "--judge-url",
            help="OpenAI-compatible API where the judge is served, such as http://localhost:8000/v1.",
            metavar="URL",
            rich_help_panel=PANEL,
        ),
    ] = None
    key_env: Annotated[
        str,
        Option(
            "--judge-key-env",
            help="The environment variable that holds the key. Default: the provider's own.",
            metavar="VARIABLE",
            rich_help_panel=PANEL,
        ),
    ] = ""
    scores: Annotated[
        str,
        Option(
            "--scores",
            help="expectation over the judge's probabilities, the integer that it writes, or auto.",
            metavar="HOW",
            rich_help_panel=PANEL,
        ),
    ] = "auto"
    concurrency: Annotated[
        int,
        Option("--judge-concurrency", min=1, help="Requests at a time.", metavar="N", rich_help_panel=PANEL),
    ] = 8
    timeout: Annotated[
        float,
        Option("--judge-timeout", min=1, help="Seconds for one reply.", metavar="S", rich_help_panel=PANEL),
    ] = 60.0
    prices: Annotated[
        Path | None,
        Option(
            "--prices",
            help="YAML, MODEL: {input: USD, output: USD} for a million tokens; MODEL as --judge names it.",
            metavar="FILE",
            rich_help_panel=PANEL,
        ),
    ] = None

    def open(self, records: Path) -> AnswerJudge:
        """The judge, whose replies are kept in a folder."""
        from eudaimon.evaluate.judging.opening import open_judge

        return open_judge(
            self.judge,
            url=self.url,
            api_key_env=self.key_env,
            records=records,
            scores=self.scores,  # type: ignore[arg-type]
            timeout_seconds=self.timeout,
            concurrency=self.concurrency,
        )

    def price(self) -> Price | None:
        """The judge's price; raises `UsageError` when a table of prices does not have it."""
        from eudaimon.core import UsageError
        from eudaimon.evaluate.judging.cost import read_prices

        if self.prices is None:
            return None
        known = read_prices(self.prices)
        if self.judge not in known:
            raise UsageError(
                f"{self.prices} has no price of {self.judge}", right=f"it has {', '.join(known) or 'none'}"
            )
        return known[self.judge]


Out = Annotated[
    Path,
    Option("--out", help="Folder of rows, the judge's record and its replies.", metavar="FOLDER"),
]
