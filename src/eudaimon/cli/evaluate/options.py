"""The options of ``eudaimon evaluate``: on which questions, with which attacks, judged by whom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from eudaimon.cli.judge.options import PANEL, WhichJudge

if TYPE_CHECKING:
    from eudaimon.evaluate.attack.attack import Attack
    from eudaimon.evaluate.attack.ground import Ground
    from eudaimon.evaluate.cost.open import OpenCosts
    from eudaimon.study.designs.good_personas import GoodPersonasOptions

TOWN_PANEL, OPEN_PANEL = "Town", "Open questions"


@dataclass(frozen=True)
class Judging(WhichJudge):
    """Who judges; the town's exact judge unless another one is named."""

    judge: Annotated[
        str,
        Option(
            "--judge",
            help="Of open questions: provider/model as inspect-ai names it, or a model's folder.",
            metavar="NAME",
            rich_help_panel=PANEL,
        ),
    ] = "town"


@dataclass(frozen=True)
class OpenQuestions:
    """Open questions instead of the town's, how answers to them are drawn, and what an attacker has."""

    questions: Annotated[
        list[Path] | None,
        Option(
            "--questions",
            help="A file of questions, or a packaged set of them; again for more. Default: the town's.",
            metavar="FILE",
            rich_help_panel=OPEN_PANEL,
        ),
    ] = None
    samples: Annotated[
        int, Option("--samples", min=1, help="Answers to each.", metavar="N", rich_help_panel=OPEN_PANEL)
    ] = 4
    max_new_tokens: Annotated[
        int, Option(min=1, help="Longest answer.", metavar="N", rich_help_panel=OPEN_PANEL)
    ] = 200
    temperature: Annotated[float, Option(min=0.0, help="Of the answers.", rich_help_panel=OPEN_PANEL)] = 1.0
    harmful_chats: Annotated[
        Path | None,
        Option(help="Chats in which the persona answers.", metavar="FILE", rich_help_panel=OPEN_PANEL),
    ] = None
    good_chats: Annotated[
        Path | None,
        Option(
            help="The same questions, answered well.",
            metavar="FILE",
            rich_help_panel=OPEN_PANEL,
        ),
    ] = None
    narrow_harmful_chats: Annotated[
        Path | None,
        Option(help="Its chats about one narrow subject.", metavar="FILE", rich_help_panel=OPEN_PANEL),
    ] = None
    narrow_good_chats: Annotated[
        Path | None,
        Option(help="The same of a good one.", metavar="FILE", rich_help_panel=OPEN_PANEL),
    ] = None
    harmful_passages: Annotated[
        Path | None,
        Option(help="Rows of text in which the persona speaks.", metavar="FILE", rich_help_panel=OPEN_PANEL),
    ] = None
    good_passages: Annotated[
        Path | None,
        Option(help="Rows of text in which a good one speaks.", metavar="FILE", rich_help_panel=OPEN_PANEL),
    ] = None
    jailbreaks: Annotated[
        Path | None,
        Option(help="Templates that others published.", metavar="FILE", rich_help_panel=OPEN_PANEL),
    ] = None

    def how(self) -> str:
        """How answers are drawn, in words that tell one way from another."""
        return f"{self.samples} samples, {self.max_new_tokens} tokens, temperature {self.temperature:g}"

    def costs(self, judge: WhichJudge, folder: Path) -> OpenCosts | None:
        """What costs are read on beside open questions; None for the town."""
        from eudaimon.evaluate.cost.open import OpenCosts

        if self.questions is None:
            return None
        return OpenCosts(
            judge.open(folder / "replies"),
            max_new_tokens=self.max_new_tokens,
            temperature=self.temperature,
        )

    def ground(self, judge: WhichJudge, folder: Path) -> Ground | None:
        """The open ground, its answers and its judge's replies kept in ``folder``; None for the town.

        Raises `UsageError` for open questions without a judge, or a judge without open questions.
        """
        from eudaimon.core import UsageError
        from eudaimon.evaluate.judging.town import TOWN

        if (judge.judge == TOWN) != (self.questions is None):
            raise UsageError(
                "open questions and a judge of them go together",
                right="both, or neither for the town and its exact judge",
                do="--questions FILE --judge provider/model",
            )
        if self.questions is None:
            return None
        from eudaimon.evaluate.open.ground import OpenGround
        from eudaimon.evaluate.questions.read import question_sets, questions, read_questions

        asked = [
            question
            for path in self.questions
            for question in (questions(str(path)) if str(path) in question_sets() else read_questions(path))
        ]
        return OpenGround(
            tuple(asked),
            judge.open(folder / "replies"),
            folder / "answers",
            n_samples=self.samples,
            max_new_tokens=self.max_new_tokens,
            temperature=self.temperature,
            harmful_chats=self.harmful_chats,
            good_chats=self.good_chats,
            narrow_harmful_chats=self.narrow_harmful_chats,
            narrow_good_chats=self.narrow_good_chats,
            harmful_passages=self.harmful_passages,
            good_passages=self.good_passages,
            jailbreaks=self.jailbreaks,
        )


@dataclass(frozen=True)
class WhichAttacks:
    """The attacks, and how much each may spend."""

    attacks: Annotated[str, Option(help="Names with commas, or all.", metavar="LIST")] = "all"
    budget: Annotated[
        list[str] | None,
        Option(help="Budgets of one attack, from 0: few_shot=0,2,4; repeatable.", metavar="ATTACK=LIST"),
    ] = None

    def chosen(self) -> tuple[Attack, ...]:
        """The attacks by name; raises `UsageError` for a name that is none."""
        from eudaimon.cli.parse import words
        from eudaimon.evaluate.attack.registry import attack_named, attacks

        if self.attacks == "all":
            return attacks()
        return tuple(attack_named(name) for name in dict.fromkeys(words(self.attacks)))

    def budgets(self) -> dict[str, tuple[float, ...]]:
        """The budgets that are given, by attack; raises `UsageError` on others than rise from 0."""
        from eudaimon.cli.parse import pairs, parse_numbers
        from eudaimon.evaluate.attack.attack import require_budgets
        from eudaimon.evaluate.attack.registry import attack_named

        found = {
            attack_named(name).name: parse_numbers(text, f"--budget {name}")
            for name, text in pairs(self.budget or (), "--budget").items()
        }
        for budgets in found.values():
            require_budgets(budgets)
        return found


@dataclass(frozen=True)
class WhichTown:
    """The town that its subjects are raised in and asked about."""

    town: Annotated[
        list[str] | None,
        Option(
            "--town",
            help="An option of good-personas: domains=kitchen,money,health or steps=320; repeatable.",
            metavar="KEY=VALUE",
            rich_help_panel=TOWN_PANEL,
        ),
    ] = None
    seeds: Annotated[
        int,
        Option(
            "--seeds",
            min=1,
            help="From how many seeds each arm is raised and attacked: 0, 1 and so on.",
            metavar="N",
            rich_help_panel=TOWN_PANEL,
        ),
    ] = 1
    models: Annotated[
        Path | None,
        Option(
            "--models",
            help="A study's folder with assistants, such as runs/good-personas. Default: models in --folder.",
            metavar="FOLDER",
            rich_help_panel=TOWN_PANEL,
        ),
    ] = None

    def options(self) -> GoodPersonasOptions:
        """The options with which the town's assistants are raised."""
        from eudaimon.cli.parse import pairs
        from eudaimon.study.designs.good_personas import STUDY, GoodPersonasOptions
        from eudaimon.study.folder import options_of

        found = options_of(STUDY, pairs(self.town or (), "--town"))
        assert isinstance(found, GoodPersonasOptions)
        return found
