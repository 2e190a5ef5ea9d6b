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
    "Form",
    "detect_form",
    "segments",
    "sentence_spans",
    "with_voices",
]
