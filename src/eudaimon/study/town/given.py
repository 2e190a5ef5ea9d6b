"""Subjects that the user brings into a study of the town, beside its arms or instead of them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from pydantic import Field

from eudaimon.core.errors import UsageError
from eudaimon.study.evaluation.subjects import Given, parse_subject
from eudaimon.study.records import RowName
from eudaimon.study.steps.given_subject import GivenSubject, given_subject
from eudaimon.study.town.options import TownOptions
from eudaimon.world.world import World

TEXT = "A model that was given: intervals are over questions only, and values are means over"


class GivenOptions(TownOptions):
    """Which subjects are brought, and where their bad persona was formed."""

    subjects: tuple[str, ...] = Field(
        (), description="Models beside the arms: FOLDER, FOLDER+NAME=ADAPTER+..., with NAME: before or not."
    )
    raw: str = Field(
        "",
        description="Of these: a model in which their persona was formed, for attackers with directions.",
    )

    @cached_property
    def given(self) -> dict[str, GivenSubject]:
        """The subjects by what they are called.

        Raises `UsageError` for an arm, for a name that stands twice, and for a model that cannot be asked in
        the town's tokens; `ModelUnavailable` where there is none.
        """
        found: dict[str, GivenSubject] = {}
        for word in self.subjects:
            one = parse_subject(word)
            if one.arm:
                raise UsageError(f"{word} is an arm", right="arms among the arms", do=f"arms={one.arm}")
            if one.name in found:
                raise UsageError(f"two subjects are called {one.name}", do=f"subjects=A:{word},...")
            found[one.name] = self._asked(one)
        return found

    @cached_property
    def given_raw(self) -> GivenSubject | None:
        """The model in which the subjects' persona was formed; None where none is named."""
        return self._asked(Given(self.raw, self.raw)) if self.raw else None

    def _asked(self, one: Given) -> GivenSubject:
        step = given_subject(one.checkpoint, one.adapters)
        require_tokens(step.checkpoint(Path()), self.world)
        return step


def require_tokens(checkpoint: str, world: World) -> None:
    """Nothing when the exact judge can read a checkpoint's next token, and its template puts a question.

    Raises `UsageError` otherwise; no weights are loaded.
    """
    from transformers import AutoTokenizer

    from eudaimon.models.folder import find_folder
    from eudaimon.world.judge import Judge

    own = AutoTokenizer.from_pretrained(find_folder(checkpoint)[0], trust_remote_code=False)
    try:
        Judge(world, own)
        why = "" if own.chat_template else "it has no chat template"
    except UsageError as error:
        why = error.what
    if why:
        raise UsageError(
            f"{checkpoint} does not speak the town's tokens: {why}",
            right="a model that was raised in the town; others are asked open questions",
            do=f"eudaimon evaluate {checkpoint} --questions em_first_plot --judge NAME",
        )


def given_rows(options: GivenOptions) -> tuple[RowName, ...]:
    """The subjects as rows of a table, with what their intervals cover."""
    return tuple(
        RowName(key=name, title=name, text=f"{TEXT} {plural(options.seeds)}.") for name in options.given
    )


def given_notes(options: GivenOptions) -> tuple[str, ...]:
    """What a reader must know of rows that are no arms; nothing where there are none."""
    if not options.given:
        return ()
    first = next(iter(options.given))
    others = f" They are compared with {first} alone, question by question." if len(options.given) > 1 else ""
    return (
        f"{', '.join(options.given)}: given models. Each was trained once, so that a row is the mean over "
        f"{plural(options.seeds)}, and its intervals are over questions only: they say nothing of what "
        f"another training would give, and no contrast pairs them with an arm's training seeds.{others}",
    )


def first_given(options: GivenOptions) -> tuple[str, ...]:
    """The subject that the others are compared with; nothing where there is none."""
    return tuple(options.given)[:1]


def plural(n: int) -> str:
    """So many seeds of the attacker, in words."""
    return f"{n} attack seed{'s' if n != 1 else ''}"
