"""From words of a command (adapters, steering, a monitor) to a Subject in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json

if TYPE_CHECKING:
    from eudaimon.models.adapters.adapter import Adapter
    from eudaimon.models.adapters.opening import SubjectModel
    from eudaimon.models.adapters.subject import Subject
    from eudaimon.models.intervention import Intervention
    from eudaimon.vectors.direction import Direction


def open_words(
    checkpoint: str,
    adapters: str | Sequence[str] = (),
    steer: str | Sequence[str] = (),
    *,
    device: str | None = None,
    dtype: str | None = None,
    force: bool = False,
) -> SubjectModel:
    """The subject in memory: a checkpoint (or a JSON file of `Subject.to_json`) and what acts on it.

    ``adapters`` are words ``NAME=FOLDER`` or ``NAME=FOLDER*WEIGHT`` in order, ``steer`` words
    ``FILE@SITE:STRENGTH`` (a file of directions, a layer, residual-stream units); a text holds several with
    commas. Raises `UsageError` on other words, `BindingMismatch` for directions that were made on another
    model or stack, unless forced, and as `open_subject` does.
    """
    from eudaimon.models.adapters.opening import open_subject
    from eudaimon.models.intervention import Intervention
    from eudaimon.vectors.bound import check_binding

    along = [_steering(word) for word in _words(steer)]
    changes = tuple(Intervention.along("add", one.site, one.vector, units) for one, units in along)
    subject = subject_of_words(checkpoint, adapters, changes)
    model = open_subject(subject, device=device, dtype=dtype, force=force)
    for direction, _ in along:
        check_binding(direction.binding, model.binding, "direction", force=force)
    return model


def subject_of_words(
    checkpoint: str, adapters: str | Sequence[str] = (), changes: Sequence[Intervention] = ()
) -> Subject:
    """The subject that `open_words` opens, read from its files and not opened; raises as it does."""
    from eudaimon.models.adapters.subject import Subject

    stack = tuple(_adapter(word) for word in _words(adapters))
    if not checkpoint.endswith(".json"):
        return Subject(checkpoint, stack, tuple(changes))
    if stack or changes:
        raise UsageError(f"{checkpoint} names its own adapters and interventions", right="no others")
    return Subject.from_json(read_json(Path(checkpoint)))


def _words(given: str | Sequence[str]) -> list[str]:
    # Inspect makes a list of a value with commas, and leaves one without as it is.
    found = given.split(",") if isinstance(given, str) else list(given)
    return [str(word).strip() for word in found if str(word).strip()]


def _adapter(word: str) -> Adapter:
    from eudaimon.models.adapters.adapter import Adapter

    name, _, place = word.partition("=")
    folder, star, weight = place.rpartition("*")
    if not (name and place):
        raise UsageError(f"adapter {word!r}", right="NAME=FOLDER or NAME=FOLDER*WEIGHT")
    return Adapter(name, Path(folder if star else place), _number(weight, word) if star else 1.0)


def _steering(word: str) -> tuple[Direction, float]:
    from eudaimon.core.site import Site
    from eudaimon.vectors.conversion import read_directions

    place, _, strength = word.rpartition(":")
    file, _, site = place.rpartition("@")
    if not (file and site):
        raise UsageError(f"steering {word!r}", right="FILE@SITE:STRENGTH, as directions.safetensors@3:4.5")
    return read_directions(Path(file)).at(Site.parse(site)), _number(strength, word)


def _number(text: str, word: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"{text!r} in {word!r} is no number", right="a number") from error
