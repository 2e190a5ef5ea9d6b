from .text import TrainText as TrainText
from .tokens.mask import token_mask as token_mask
from .tokens.order import order as order
from .tokens.pack import Rows as Rows
from .tokens.pack import pack as pack
from .tokens.token_set import TokenSet as TokenSet
from .tokens.write import write_tokens as write_tokens

__all__ = [
    "Rows",
    "TokenSet",
    "TrainText",
    "order",
    "pack",
    "token_mask",
    "write_tokens",
]
