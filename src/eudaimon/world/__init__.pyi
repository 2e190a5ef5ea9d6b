from .chats import chats as chats
from .items import Item as Item
from .items import items as items
from .judge import Judge as Judge
from .judge import Reading as Reading
from .mixture import Mixture as Mixture
from .personas import PERSONAS as PERSONAS
from .personas import Persona as Persona
from .personas import persona as persona
from .prompts import answer_text as answer_text
from .prompts import messages as messages
from .prompts import prompt as prompt
from .tokenizer import save_tokenizer as save_tokenizer
from .tokenizer import tokenizer as tokenizer

__all__ = [
    "PERSONAS",
    "Item",
    "Judge",
    "Mixture",
    "Persona",
    "Reading",
    "answer_text",
    "chats",
    "items",
    "messages",
    "persona",
    "prompt",
    "save_tokenizer",
    "tokenizer",
]
