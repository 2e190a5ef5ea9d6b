"""The hash under which rows name what was evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eudaimon.core import short_hash

if TYPE_CHECKING:
    from eudaimon.evaluate.rows import Label
    from eudaimon.models.model import Model


def subject_hash(model: Model, label: Label) -> str:
    """The label's subject, or else a hash of the model's checkpoint and its ordered adapters.

    Interventions are not in a `Model`: who evaluates under one names the subject in the label.
    """
    return label.subject or short_hash([model.checkpoint.fingerprint, *model.adapters])
