"""The nouns, errors, files and progress that every other room uses.

In: nothing. Out: values that name things (`Site`, `Checkpoint`, `Binding`, `Message`, `Score`), the error
tree, atomic files, one progress helper. This room does not know what a model, a tensor or a data set is:
it imports the standard library and pydantic only.
"""

from eudaimon.core.document import HARMFUL_STANCES, Document, Segment, Stance
from eudaimon.core.errors import (
    BadRows,
    BindingMismatch,
    DoesNotTransfer,
    EudaimonError,
    JudgeUnavailable,
    ModelUnavailable,
    NotEnoughCalibration,
    TextTooLong,
    UsageError,
)
from eudaimon.core.identity import Binding, Checkpoint, short_hash
from eudaimon.core.progress import progress
from eudaimon.core.score import Score
from eudaimon.core.site import Pooling, Site
from eudaimon.core.text import Conversation, Message, Text, as_conversation, plain_text

__all__ = [
    "HARMFUL_STANCES",
    "BadRows",
    "Binding",
    "BindingMismatch",
    "Checkpoint",
    "Conversation",
    "Document",
    "DoesNotTransfer",
    "EudaimonError",
    "JudgeUnavailable",
    "Message",
    "ModelUnavailable",
    "NotEnoughCalibration",
    "Pooling",
    "Score",
    "Segment",
    "Site",
    "Stance",
    "Text",
    "TextTooLong",
    "UsageError",
    "as_conversation",
    "plain_text",
    "progress",
    "short_hash",
]
