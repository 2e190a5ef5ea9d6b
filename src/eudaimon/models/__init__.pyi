from .activations import Activations as Activations
from .activations import TokenActivations as TokenActivations
from .capture import capture as capture
from .capture import capture_tokens as capture_tokens
from .continuations import Continuations as Continuations
from .continuations import continuations as continuations
from .edits import Edits as Edits
from .generate import generate as generate
from .generate import next_token_logits as next_token_logits
from .intervention import Intervention as Intervention
from .interventions import intervene as intervene
from .load import load as load
from .model import Model as Model
from .stream import stream as stream
from .tap import Decision as Decision
from .tap import Tap as Tap
from .tap import read_until as read_until
from .tap import tap as tap

__all__ = [
    "Activations",
    "Continuations",
    "Decision",
    "Edits",
    "Intervention",
    "Model",
    "Tap",
    "TokenActivations",
    "capture",
    "capture_tokens",
    "continuations",
    "generate",
    "intervene",
    "load",
    "next_token_logits",
    "read_until",
    "stream",
    "tap",
]
