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
from .voices.find import FORMS as FORMS
from .voices.find import Form as Form
from .voices.find import detect_form as detect_form
from .voices.find import segments as segments
from .voices.find import with_voices as with_voices
from .voices.sentences import sentence_spans as sentence_spans
from .voices.turn import MARKUP as MARKUP
from .voices.turn import NARRATOR as NARRATOR
from .voices.turn import QUOTED as QUOTED

__all__ = [
    "FORMS",
    "MARKUP",
    "NARRATOR",
    "QUOTED",
    "DocumentScores",
    "Form",
    "SegmentScores",
    "VoiceTaxonomy",
    "as_segment",
    "detect_form",
    "labelled_scores",
    "read_attributes",
    "read_foreign_attributes",
    "read_scores",
    "segments",
    "sentence_spans",
    "voice_taxonomy",
    "with_voices",
    "write_attributes",
    "write_scores",
]
