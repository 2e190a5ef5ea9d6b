"""The hash under which rows name what was evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eudaimon.core import short_hash
from eudaimon.models.adapters.opening import SubjectModel
from eudaimon.models.adapters.subject import Subject, tokenizer_files_hash
from eudaimon.models.folder import find_folder

if TYPE_CHECKING:
    from eudaimon.evaluate.rows import Label
    from eudaimon.models.model import Model


def subject_hash(model: Model, label: Label) -> str:
    """The label's subject, or else `Subject.hash` of what acts: checkpoint, ordered adapters, interventions.

    An adapter under training is in no file: the hash is then one of the checkpoint and its name.
    """
    if label.subject:
        return label.subject
    checkpoint = model.checkpoint
    stack = model.stack if isinstance(model, SubjectModel) else ()
    if len(stack) < len(model.adapters):
        return short_hash([checkpoint.fingerprint, *model.adapters])
    folder = find_folder(checkpoint.name, checkpoint.revision or None)[0]
    return Subject(
        checkpoint=checkpoint.name,
        adapters=stack,
        interventions=model.interventions,
        fingerprint=checkpoint.fingerprint,
        tokenizer=tokenizer_files_hash(folder),
    ).hash
