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
from .text import TrainText as TrainText
from .tokens.mask import token_mask as token_mask
from .tokens.order import order as order
from .tokens.pack import Rows as Rows
from .tokens.pack import pack as pack
from .tokens.token_set import TokenSet as TokenSet
from .tokens.write import write_tokens as write_tokens

__all__ = [
    "LORA_RECIPES",
    "SIZES",
    "DiskFull",
    "FineTuneRecipe",
    "LoraRecipe",
    "LossNotFinite",
    "PretrainRecipe",
    "Rows",
    "Size",
    "TokenSet",
    "TrainText",
    "finetune",
    "llama_config",
    "order",
    "pack",
    "pretrain",
    "token_mask",
    "train_lora",
    "write_tokens",
]
