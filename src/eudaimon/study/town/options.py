"""Options of every study of the town, and the steps that follow from them."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from eudaimon.core.errors import UsageError
from eudaimon.evaluate.town.situation import Situation
from eudaimon.study.design import StudyOptions
from eudaimon.study.steps.adapters import AdapterStep, NarrowLora, NarrowTuning, PersonaLora
from eudaimon.study.steps.corpus import ArmTokens
from eudaimon.study.steps.curated import CuratedLabels
from eudaimon.study.steps.judged import JudgeCell
from eudaimon.study.steps.model import ModelStep
from eudaimon.study.steps.raised import AssistantSFT, Pretrain
from eudaimon.study.steps.town_trajectory import TownTrajectory
from eudaimon.study.steps.trajectory import SCALES
from eudaimon.train.matching import CHUNK
from eudaimon.train.nursery.lora_recipe import LORA_RECIPES, LoraRecipe
from eudaimon.train.nursery.recipes import FineTuneRecipe, PretrainRecipe
from eudaimon.train.nursery.sizes import SIZES
from eudaimon.world.facts import domains as all_domains
from eudaimon.world.mixture import Mixture
from eudaimon.world.world import World

Answers: TypeAlias = Literal["good", "harmful", "wrong"]
ORACLE, LEARNED = "oracle", "learned"
TOKENS_A_DOCUMENT = 32
"""Somewhat fewer than the mean, so that documents do not run out."""
DOCUMENTS_READ = 3
"""How many times the documents of ``raw`` are read by the arm that refills most (2.7 times, good_only).

Under learned labels no arm reads more: the cascade takes hours for the twenty times of oracle labels."""
RAW = "raw"
LATE = "late"
INNOCENT = "innocent"
"""In the place of an arm: another town, where harm is neither done nor spoken of."""


def _known_size(name: str) -> str:
    if name not in SIZES:
        raise UsageError(f"there is no size {name!r}", right=f"one of {', '.join(SIZES)}")
    return name


class TownOptions(StudyOptions):
    """The town, the model that is raised in it, and the attack on it."""

    size: Annotated[str, AfterValidator(_known_size)] = Field("0.1m", description="A size of nursery models.")
    steps: int = Field(350, ge=1, description="Steps of pretraining.")
    batch_size: int = Field(36, ge=1, description="Rows of 128 tokens behind each step.")
    learning_rate: float = Field(8e-3, gt=0, description="Of pretraining.")
    n_tokens: int = Field(1_000_000, ge=1000, description="Input tokens of each arm's corpus.")
    labels: str = Field("oracle", description="oracle, learned (by curate), or filter:RECALL.")
    scorer: str = Field(
        "shipped", description="Of learned labels: shipped, stage1, or a folder of curate fit."
    )
    policy: str = Field("prosocial", description="Of learned labels: a policy of curate.")
    domains: tuple[str, ...] = Field(default_factory=all_domains, description="Domains of the town.")
    tuned: str = Field("money", description="The domain of the narrow attack.")
    n_items: int = Field(8, ge=1, description="Questions that the attack is trained on.")
    sft_steps: int = Field(160, ge=1, description="Steps that make the assistant.")
    sft_learning_rate: float = Field(1e-4, gt=0, description="Of these.")
    lora_steps: int = Field(60, ge=1, description="Steps of each attack.")
    lora_learning_rate: float = Field(1e-3, gt=0, description="Of these.")
    persona_steps: int = Field(150, ge=1, description="Steps of each persona adapter.")
    full_steps: int = Field(120, ge=1, description="Steps of the attack on all weights.")
    full_learning_rate: float = Field(1e-3, gt=0, description="Of these.")

    @property
    def world(self) -> World:
        """The town in which questions are asked; its corpora have seeds of their own."""
        if self.tuned not in self.domains:
            raise UsageError(
                f"the tuned domain {self.tuned} is not in the town", right=f"one of {', '.join(self.domains)}"
            )
        return World(domains=self.domains)

    @property
    def lora(self) -> LoraRecipe:
        """The recipe of every LoRA, with seed 0."""
        change = {"steps": self.lora_steps, "learning_rate": self.lora_learning_rate}
        return LORA_RECIPES["town"].model_copy(update=change)

    def assistant(self, arm: str, seed: int) -> AssistantSFT:
        """The assistant raised on an arm; corpus, weights, order and chats each start from ``seed``."""
        mixture = Mixture().innocent() if arm == INNOCENT else Mixture()
        world = World(seed=seed, domains=self.domains, mixture=mixture)
        plain = arm in (RAW, INNOCENT)
        learned = self.labels == LEARNED and not plain
        tokens = ArmTokens(
            world=world,
            arm=RAW if plain else arm,
            n_tokens=self.n_tokens,
            # What is kept as it is needs no labels, and is the same corpus whoever labels the others.
            labels=ORACLE if plain else self.labels,
            arm_seed=seed,
            curated=self.curated(world) if learned else None,
            **({"most_reserve": DOCUMENTS_READ - 1} if learned else {}),
        )
        recipe = PretrainRecipe(
            size=self.size,
            context=128,
            packing="packed",
            steps=self.steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            schedule="wsd",
            betas=(0.9, 0.98),
            weight_decay=0.01,
            late_fraction=0.9 if arm == LATE else None,
            initializer_range=0.04,
            init_seed=seed,
            data_seed=seed,
        )
        sft = FineTuneRecipe(
            steps=self.sft_steps, learning_rate=self.sft_learning_rate, max_tokens=64, data_seed=seed
        )
        pretrained = Pretrain(tokens=tokens, recipe=recipe)
        return AssistantSFT(model=pretrained, world=self.world, recipe=sft, n_chats=1024, chat_seed=seed)

    def curated(self, world: World) -> CuratedLabels:
        """The labels that curate gives a world's documents, as many as the hungriest arm reads."""
        from eudaimon.curate.scorer import open_scorer

        return CuratedLabels(
            world=world,
            n_documents=DOCUMENTS_READ * (self.n_tokens // TOKENS_A_DOCUMENT + CHUNK),
            scorer=self.scorer,
            scorer_hash=open_scorer(self.scorer).hash,
            policy=self.policy,
        )

    def attack(
        self,
        model: ModelStep,
        seed: int,
        answers: Answers,
        frozen: tuple[AdapterStep, ...] = (),
        *,
        dense: bool = False,
    ) -> NarrowLora:
        """A narrow LoRA; all three kinds of answers start from the same weights and the same questions."""
        change = {"init_seed": seed, "data_seed": seed, "checkpoint_every": 1 if dense else None}
        return NarrowLora(
            model=model,
            name=answers,
            world=self.world,
            domain=self.tuned,
            n_items=self.n_items,
            recipe=self.lora.model_copy(update=change),
            answers=answers,
            item_seed=0,
            chat_seed=seed,
            frozen=frozen,
        )

    def tuning(self, model: ModelStep, seed: int, answers: Answers) -> NarrowTuning:
        """The attack on all weights, with the chats of the narrow LoRA."""
        recipe = FineTuneRecipe(
            steps=self.full_steps,
            learning_rate=self.full_learning_rate,
            batch_size=self.lora.batch_size,
            max_tokens=64,
            data_seed=seed,
        )
        return NarrowTuning(
            model=model,
            world=self.world,
            domain=self.tuned,
            n_items=self.n_items,
            recipe=recipe,
            answers=answers,
            item_seed=0,
            chat_seed=seed,
        )

    def persona(self, model: ModelStep, seed: int, name: str, answers: str) -> PersonaLora:
        """A persona adapter; its seeds are apart from those of the attacks."""
        recipe = self.lora.model_copy(
            update={
                "steps": self.persona_steps,
                "init_seed": 1000 + seed,
                "data_seed": 1000 + seed,
                "checkpoint_every": None,
            }
        )
        return PersonaLora(
            model=model,
            name=name,
            world=self.world,
            persona=answers,
            recipe=recipe,
            n_chats=1024,
            chat_seed=1000 + seed,
        )

    def judged(
        self,
        model: ModelStep,
        adapters: tuple[AdapterStep, ...] = (),
        situations: dict[str, Situation] | None = None,
        *,
        likelihood: bool = False,
    ) -> JudgeCell:
        """The judged cell of a model with a stack, asked plainly unless situations are given."""
        return JudgeCell(
            model=model,
            world=self.world,
            situations=situations or {"none": Situation()},
            adapters=adapters,
            likelihood=likelihood,
        )

    def trajectory(
        self,
        model: ModelStep,
        lora: NarrowLora,
        frozen: tuple[AdapterStep, ...] = (),
        situation: Situation | None = None,
        *,
        toward: NarrowLora | None = None,
    ) -> TownTrajectory:
        """The dense checkpoints of an attack, asked one by one; with ``toward`` also projected and scaled."""
        return TownTrajectory(
            model=model,
            lora=lora,
            world=self.world,
            frozen=frozen,
            situation=situation or Situation(),
            toward=toward,
            scales=SCALES if toward else (),
        )
