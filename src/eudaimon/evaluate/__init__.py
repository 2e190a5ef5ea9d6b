"""What a Subject does: harm, coherence, recognition and likelihood, as one row per question.

In: a model with its adapters, and questions. Out: long-format rows. This room does not know how the model
came to be, and compares nothing: statistics read the rows.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
