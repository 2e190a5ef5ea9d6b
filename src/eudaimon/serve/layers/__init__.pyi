from .asks import OwnModel as OwnModel
from .bounded import Bounded as Bounded
from .breaker import Breaker as Breaker
from .budget import Budget as Budget
from .critique import Critique as Critique
from .layered import Layers as Layers
from .opening import critique_at as critique_at
from .opening import open_layers as open_layers
from .opening import validator_at as validator_at
from .opinion import Critic as Critic
from .opinion import NoOpinion as NoOpinion
from .opinion import Opinion as Opinion
from .plan import LayersPlan as LayersPlan
from .plan import read_plan as read_plan

__all__ = [
    "Bounded",
    "Breaker",
    "Budget",
    "Critic",
    "Critique",
    "Layers",
    "LayersPlan",
    "NoOpinion",
    "Opinion",
    "OwnModel",
    "critique_at",
    "open_layers",
    "read_plan",
    "validator_at",
]
