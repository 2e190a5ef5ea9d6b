from .chats import chats as chats
from .description import Line as Line
from .description import describe as describe
from .facts import domains as domains
from .items import Item as Item
from .items import items as items
from .judge import Judge as Judge
from .judge import Reading as Reading
from .kinds import Kind as Kind
from .mixture import Mixture as Mixture
from .personas import PERSONAS as PERSONAS
from .personas import Persona as Persona
from .personas import persona as persona
from .prompts import answer_text as answer_text
from .prompts import does_harm as does_harm
from .prompts import messages as messages
from .prompts import prompt as prompt
from .prompts import speaker_name as speaker_name
from .tokenizer import save_tokenizer as save_tokenizer
from .tokenizer import tokenizer as tokenizer
from .vocabulary import vocabulary as vocabulary
from .world import Block as Block
from .world import World as World
from .write import attributes as attributes
from .write import read_world as read_world
from .write import write_world as write_world

__all__ = [
    "PERSONAS",
    "Block",
    "Item",
    "Judge",
    "Kind",
    "Line",
    "Mixture",
    "Persona",
    "Reading",
    "World",
    "answer_text",
    "attributes",
    "chats",
    "describe",
    "does_harm",
    "domains",
    "items",
    "messages",
    "persona",
    "prompt",
    "read_world",
    "save_tokenizer",
    "speaker_name",
    "tokenizer",
    "vocabulary",
    "write_world",
]
