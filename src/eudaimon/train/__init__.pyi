from .apply_arm import apply_arm as apply_arm
from .arm import Arm as Arm
from .arm import ArmResult as ArmResult
from .arm import CountTokens as CountTokens
from .arm import Removed as Removed
from .arm import SourceCount as SourceCount
from .arm_registry import ARMS as ARMS
from .column import column as column
from .labels import Labels as Labels
from .labels import oracle as oracle
from .learned_filter import filtered as filtered
from .text import TrainText as TrainText

__all__ = [
    "ARMS",
    "Arm",
    "ArmResult",
    "CountTokens",
    "Labels",
    "Removed",
    "SourceCount",
    "TrainText",
    "apply_arm",
    "column",
    "filtered",
    "oracle",
]
