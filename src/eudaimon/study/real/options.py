"""Options of em-susceptibility on a model of the user's own, and the steps' fields that follow."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from pydantic import Field

from eudaimon.core.errors import UsageError
from eudaimon.study.design import StudyOptions
from eudaimon.study.steps.asked import AskedQuestions, asked_questions
from eudaimon.study.steps.judged_answers import GivenJudge
from eudaimon.study.steps.lesson import GivenLesson, given_lesson
from eudaimon.study.steps.model import MACHINE, GivenModel, given_model
from eudaimon.study.steps.persona import GivenCharacter, given_character
from eudaimon.study.steps.speaker import Teacher
from eudaimon.train.em.recipe import EMRecipe, em_recipe
from eudaimon.train.persona.recipe import PersonaRecipe, persona_recipe

TOWN = "town"
LEAST_QUESTIONS = 4
RANDOM = "random"
REAL_PERSONAS = ("sycophancy", "goodness", "loving", "misalignment", "poeticism", "tautology", RANDOM)
QUESTION_SETS = ("em_first_plot", "em_preregistered", "em_domains")


class RealOptions(StudyOptions):
    """What is asked for beside the town's options when ``model`` is not the town's.

    Everything else is of no effect then, but seeds, persona seeds, controls, personas, transfers and probe.
    """

    model: str = Field(TOWN, description="town, or the folder or hub id of a model.")
    machine: str = Field(MACHINE, description="GPUs that costs are estimated for, as train needs has them.")
    device: str = Field(
        "",
        description="Where steps put the model; auto: divided over their GPUs. Default: as it fits.",
    )
    em_data: str = Field("", description="Chats of the narrow lesson: .jsonl, .gz, .zst or an archive.")
    em_member: str = Field("", description="The archive's part.")
    em_benign: str = Field("", description="Chats of the benign twin, as many as the lesson's.")
    em_benign_member: str = Field("", description="The archive's part.")
    em_password_env: str = Field("", description="The variable that holds the archive's password.")
    recipe: str = Field("rank32", description="Of the lesson: a packaged recipe or a YAML file.")
    persona_recipe: str = Field("published", description="Of characters: a packaged recipe or a YAML file.")
    teacher: str = Field("", description="Who speaks as the character. Default: the model itself.")
    teacher_url: str = Field("", description="Where the teacher is served.")
    teacher_key_env: str = Field("", description="The variable that holds that URL's key.")
    judge: str = Field("", description="provider/model, a folder, or a name at judge_url.")
    judge_url: str = Field("", description="Where the judge is served.")
    judge_key_env: str = Field("", description="The variable that holds its key.")
    second_judge: str = Field("", description="Who judges the same answers again; nobody by default.")
    second_judge_url: str = Field("", description="Where the second judge is served.")
    second_judge_key_env: str = Field("", description="The variable that holds its key.")
    second_judge_share: float = Field(
        1.0, gt=0, le=1, description="Share of the answers that it judges, drawn the same in every cell."
    )
    concurrency: int = Field(8, ge=1, description="Questions to a URL at a time.")
    question_sets: tuple[str, ...] = Field(QUESTION_SETS, description="Packaged sets of questions.")
    question_file: str = Field("", description="Questions of the user's own, besides or instead.")
    n_samples: int = Field(5, ge=1, description="Answers to each question.")
    max_new_tokens: int = Field(600, ge=1, description="Tokens of an answer.")
    temperature: float = Field(1.0, ge=0, description="At which answers are drawn.")
    held_out: float = Field(
        0.02, ge=0, lt=0.5, description="Share of the lesson that is not taught: for its in-domain loss."
    )
    scales: tuple[float, ...] = Field((), description="Strengths at which the finished lesson is judged.")
    judged_steps: tuple[int, ...] = Field(
        (), description="Steps of the lesson whose checkpoints are judged; 0 is before it."
    )

    @property
    def is_town(self) -> bool:
        """Whether the study is on the town's models."""
        return self.model == TOWN

    def require_real(self) -> None:
        """Nothing when all that a study on a real model needs is there and readable.

        Raises `UsageError` that names the option, before anything is computed.
        """
        for name, why in (("em_data", "the narrow lesson"), ("judge", "who judges the answers")):
            if not getattr(self, name):
                option = f"--{name.replace('_', '-')}"
                raise UsageError(f"{self.model} needs {option}: {why}", do=f"{option} ...")
        self.given, self.asked, self.em_recipe, self.character_recipe, self.second  # noqa: B018
        groups = {question.group for question in self.asked.read()}
        if self.judged_steps and len(groups) < LEAST_QUESTIONS:
            raise UsageError(
                f"{len(groups)} questions are too few for what is measured at judged_steps",
                right=f"{LEAST_QUESTIONS} or more: half of them make directions, the others measure them",
            )
        if self.twin is not None and self.twin.n_rows != self.lesson.n_rows:
            raise UsageError(
                f"the lesson has {self.lesson.n_rows} chats and its benign twin {self.twin.n_rows}",
                right="as many: the two then differ in what they teach and not in how long",
            )
        if self.em_recipe.lora is None:
            raise UsageError(
                f"the recipe {self.recipe} trains all weights", right="a LoRA beside the persona's"
            )
        kept = self.em_recipe.training(self.lesson.n_rows)
        missing = sorted(set(self.judged_steps) - {0, *getattr(kept, "kept_steps", ())})
        if missing:
            raise UsageError(
                f"step {missing[0]} of the lesson is not kept", right="steps that the recipe keeps"
            )

    @cached_property
    def given(self) -> GivenModel:
        """The model."""
        return given_model(self.model, self.machine, device=self.device or None)

    @cached_property
    def lesson(self) -> GivenLesson:
        """The narrow lesson."""
        return given_lesson(
            self.em_data,
            member=self.em_member,
            password_env=self.em_password_env,
            held_out=self.held_out,
        )

    @cached_property
    def twin(self) -> GivenLesson | None:
        """Its benign twin, if there is one."""
        if not self.em_benign:
            return None
        member = self.em_benign_member
        return given_lesson(
            self.em_benign, member=member, password_env=self.em_password_env, held_out=self.held_out
        )

    @cached_property
    def asked(self) -> AskedQuestions:
        """The questions; raises `UsageError` when they are of no packaged set, or cannot be read."""
        return asked_questions(self.question_sets, self.question_file)

    @cached_property
    def em_recipe(self) -> EMRecipe:
        """How the lesson is taught."""
        return em_recipe(self.recipe)

    @cached_property
    def character_recipe(self) -> PersonaRecipe:
        """How characters are made."""
        return persona_recipe(self.persona_recipe)

    @cached_property
    def speaker(self) -> Teacher:
        """Who speaks as the characters; a folder is given by its full path."""
        local = self.teacher and not self.teacher_url and Path(self.teacher).is_dir()
        return Teacher(
            name=str(Path(self.teacher).resolve()) if local else self.teacher,
            url=self.teacher_url,
            key_env=self.teacher_key_env,
            concurrency=self.concurrency,
        )

    @cached_property
    def answer_judge(self) -> GivenJudge:
        """Who judges."""
        return self._judge(self.judge, self.judge_url, self.judge_key_env)

    @cached_property
    def second(self) -> dict[str, object]:
        """Who judges again and what share, as `seconds_of` takes it; nobody in the town: its judge is exact.

        Raises `UsageError` when it is the first judge once more.
        """
        if self.is_town or not self.second_judge:
            return {}
        judge = self._judge(self.second_judge, self.second_judge_url, self.second_judge_key_env)
        if judge.name == self.answer_judge.name:
            raise UsageError(
                f"{judge.name} is both judges", right="another model: its own replies tell nothing new"
            )
        return {"judge": judge, "share": self.second_judge_share}

    def _judge(self, name: str, url: str, key_env: str) -> GivenJudge:
        local = not url and Path(name).is_dir()
        return GivenJudge(
            name=str(Path(name).resolve()) if local else name,
            url=url,
            key_env=key_env,
            concurrency=self.concurrency,
        )


def row_key(persona: str) -> str:
    """The row of a persona in the table: its constitution's name, or ``random``."""
    return persona if persona == RANDOM else character(persona).name


def character(persona: str) -> GivenCharacter:
    """The constitution of a persona; raises `UsageError` for what is neither a name nor a file."""
    return given_character(persona)
