from .adapter import Adapter as Adapter
from .adapter import AdapterStack as AdapterStack
from .errors import AdapterError as AdapterError
from .errors import IdenticalAdapters as IdenticalAdapters
from .errors import InactiveAdapter as InactiveAdapter
from .errors import MergedAdapter as MergedAdapter
from .errors import StackOrderChanged as StackOrderChanged
from .errors import UnexpectedAdapter as UnexpectedAdapter
from .errors import UnfrozenAdapter as UnfrozenAdapter
from .errors import WrongBase as WrongBase
from .grid import StackGrid as StackGrid
from .grid import open_grid as open_grid
from .joined import joined_adapter as joined_adapter
from .ledger import Ledger as Ledger
from .merged import Merged as Merged
from .merged import merged_checkpoint as merged_checkpoint
from .merged import read_merged as read_merged
from .merged import require_unmerged as require_unmerged
from .opening import SubjectModel as SubjectModel
from .opening import as_model as as_model
from .opening import attach as attach
from .opening import open_subject as open_subject
from .opening import switch as switch
from .opening import with_stack as with_stack
from .origin import Origin as Origin
from .origin import read_origin as read_origin
from .proof import Proof as Proof
from .random_lora import random_adapter as random_adapter
from .records import require_same_stack as require_same_stack
from .subject import Subject as Subject
from .track import b_track as b_track
from .track import middle_module as middle_module
from .track import saved_steps as saved_steps
from .track import whole_track as whole_track
from .updates import AdapterSummary as AdapterSummary
from .updates import ModuleUpdate as ModuleUpdate
from .updates import summary as summary

__all__ = [
    "Adapter",
    "AdapterError",
    "AdapterStack",
    "AdapterSummary",
    "IdenticalAdapters",
    "InactiveAdapter",
    "Ledger",
    "Merged",
    "MergedAdapter",
    "ModuleUpdate",
    "Origin",
    "Proof",
    "StackGrid",
    "StackOrderChanged",
    "Subject",
    "SubjectModel",
    "UnexpectedAdapter",
    "UnfrozenAdapter",
    "WrongBase",
    "as_model",
    "attach",
    "b_track",
    "joined_adapter",
    "merged_checkpoint",
    "middle_module",
    "open_grid",
    "open_subject",
    "random_adapter",
    "read_merged",
    "read_origin",
    "require_same_stack",
    "require_unmerged",
    "saved_steps",
    "summary",
    "switch",
    "whole_track",
    "with_stack",
]
