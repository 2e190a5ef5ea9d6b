from .score_attributes import read_attributes as read_attributes
from .score_attributes import read_foreign_attributes as read_foreign_attributes
from .score_attributes import write_attributes as write_attributes
from .score_table import read_scores as read_scores
from .score_table import write_scores as write_scores
from .scores import DocumentScores as DocumentScores
from .scores import SegmentScores as SegmentScores
from .scores import as_segment as as_segment
from .scores import labelled_scores as labelled_scores
from .taxonomy import VoiceTaxonomy as VoiceTaxonomy
from .taxonomy import voice_taxonomy as voice_taxonomy

__all__ = [
    "DocumentScores",
    "SegmentScores",
    "VoiceTaxonomy",
    "as_segment",
    "labelled_scores",
    "read_attributes",
    "read_foreign_attributes",
    "read_scores",
    "voice_taxonomy",
    "write_attributes",
    "write_scores",
]
