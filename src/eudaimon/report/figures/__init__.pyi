from .audit import dimensions as dimensions
from .audit import tone_audit as tone_audit
from .dots import Mark as Mark
from .dots import Row as Row
from .dots import dots as dots
from .drift import drift as drift
from .pairs import matched_pairs as matched_pairs
from .pareto import pareto_front as pareto_front
from .roc import roc as roc
from .rows import categories as categories
from .rows import sources as sources
from .rows import stress as stress
from .rows import tone_content as tone_content
from .scores import score_histogram as score_histogram
from .style import COLOURS as COLOURS
from .style import DARK as DARK
from .svg import darkened as darkened
from .svg import inline as inline
from .svg import svg as svg
from .sweep import layer_sweep as layer_sweep
from .token_map import TokenMap as TokenMap
from .token_map import token_map as token_map

__all__ = [
    "COLOURS",
    "DARK",
    "Mark",
    "Row",
    "TokenMap",
    "categories",
    "darkened",
    "dimensions",
    "dots",
    "drift",
    "inline",
    "layer_sweep",
    "matched_pairs",
    "pareto_front",
    "roc",
    "score_histogram",
    "sources",
    "stress",
    "svg",
    "token_map",
    "tone_audit",
    "tone_content",
]
