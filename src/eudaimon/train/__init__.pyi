from .apply_arm import apply_arm as apply_arm
from .arm import Arm as Arm
from .arm import ArmResult as ArmResult
from .arm import CountTokens as CountTokens
from .arm import Removed as Removed
from .arm import SourceCount as SourceCount
from .arm_registry import ARMS as ARMS
from .column import column as column
from .em.lesson import Lesson as Lesson
from .em.lesson import as_lesson as as_lesson
from .em.lesson import read_lesson as read_lesson
from .em.recipe import EM_RECIPES as EM_RECIPES
from .em.recipe import EMRecipe as EMRecipe
from .em.recipe import Narrow as Narrow
from .em.recipe import em_recipe as em_recipe
from .em.training import TrainedEM as TrainedEM
from .em.training import train_em as train_em
from .labels import Labels as Labels
from .labels import oracle as oracle
from .learned_filter import filtered as filtered
from .needs.machine import Machine as Machine
from .needs.machine import find_machine as find_machine
from .needs.needs import Needs as Needs
from .needs.needs import answer_needs as answer_needs
from .needs.needs import lora_needs as lora_needs
from .needs.shape import ModelShape as ModelShape
from .needs.shape import find_shape as find_shape
from .needs.table import study_needs as study_needs
from .nursery.failures import DiskFull as DiskFull
from .nursery.failures import LossNotFinite as LossNotFinite
from .nursery.finetuning import finetune as finetune
from .nursery.lora import train_lora as train_lora
from .nursery.lora_recipe import LORA_RECIPES as LORA_RECIPES
from .nursery.lora_recipe import LoraRecipe as LoraRecipe
from .nursery.pretraining import pretrain as pretrain
from .nursery.recipes import FineTuneRecipe as FineTuneRecipe
from .nursery.recipes import PretrainRecipe as PretrainRecipe
from .nursery.sizes import SIZES as SIZES
from .nursery.sizes import Size as Size
from .nursery.sizes import llama_config as llama_config
from .persona.expand import expand as expand
from .persona.oracle import OracleSpeaker as OracleSpeaker
from .persona.oracle import town_constitution as town_constitution
from .persona.oracle import town_teacher as town_teacher
from .persona.pipeline import TrainedPersona as TrainedPersona
from .persona.pipeline import train_persona as train_persona
from .persona.preference import train_preferences as train_preferences
from .persona.recipe import PERSONA_RECIPES as PERSONA_RECIPES
from .persona.recipe import PersonaRecipe as PersonaRecipe
from .persona.recipe import PreferenceRecipe as PreferenceRecipe
from .persona.recipe import persona_recipe as persona_recipe
from .persona.speaker import LocalSpeaker as LocalSpeaker
from .persona.speaker import Sampling as Sampling
from .persona.speaker import ServedSpeaker as ServedSpeaker
from .persona.speaker import Speaker as Speaker
from .read_texts import read_texts as read_texts
from .text import TrainText as TrainText
from .tokens.interchange import from_datatrove as from_datatrove
from .tokens.interchange import to_datatrove as to_datatrove
from .tokens.join import join_tokens as join_tokens
from .tokens.mask import token_mask as token_mask
from .tokens.order import order as order
from .tokens.pack import Rows as Rows
from .tokens.pack import pack as pack
from .tokens.token_set import TokenSet as TokenSet
from .tokens.write import write_tokens as write_tokens

__all__ = [
    "ARMS",
    "EM_RECIPES",
    "LORA_RECIPES",
    "PERSONA_RECIPES",
    "SIZES",
    "Arm",
    "ArmResult",
    "CountTokens",
    "DiskFull",
    "EMRecipe",
    "FineTuneRecipe",
    "Labels",
    "Lesson",
    "LocalSpeaker",
    "LoraRecipe",
    "LossNotFinite",
    "Machine",
    "ModelShape",
    "Narrow",
    "Needs",
    "OracleSpeaker",
    "PersonaRecipe",
    "PreferenceRecipe",
    "PretrainRecipe",
    "Removed",
    "Rows",
    "Sampling",
    "ServedSpeaker",
    "Size",
    "SourceCount",
    "Speaker",
    "TokenSet",
    "TrainText",
    "TrainedEM",
    "TrainedPersona",
    "answer_needs",
    "apply_arm",
    "as_lesson",
    "column",
    "em_recipe",
    "expand",
    "filtered",
    "find_machine",
    "find_shape",
    "finetune",
    "from_datatrove",
    "join_tokens",
    "llama_config",
    "lora_needs",
    "oracle",
    "order",
    "pack",
    "persona_recipe",
    "pretrain",
    "read_lesson",
    "read_texts",
    "study_needs",
    "to_datatrove",
    "token_mask",
    "town_constitution",
    "town_teacher",
    "train_em",
    "train_lora",
    "train_persona",
    "train_preferences",
    "write_tokens",
]
