"""A subject that the user brings: a checkpoint with adapters and interventions, known by what it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from eudaimon.core.errors import UsageError
from eudaimon.core.files import write_json
from eudaimon.study.step import Cost, Step
from eudaimon.study.steps.model import GIVEN, ModelStep

if TYPE_CHECKING:
    from eudaimon.models.adapters.adapter import AdapterStack
    from eudaimon.models.adapters.subject import Subject
    from eudaimon.models.model import Model


class GivenSubject(ModelStep):
    """A subject that was there before the study, used where it lies and never copied.

    What it is follows from ``subject_hash``, that of `Subject`: fingerprints of the checkpoint and of each
    adapter, weights and interventions. Where they lie (``source``: a folder, a hub id or the JSON file of a
    subject; ``adapters``: words ``NAME=FOLDER`` or ``NAME=FOLDER*WEIGHT``) may change between runs. See
    `given_subject`.
    """

    execution: ClassVar[frozenset[str]] = Step.execution | {"source", "adapters", "n_bytes"}

    source: str
    adapters: tuple[str, ...] = ()
    n_bytes: int = 0
    """Of the checkpoint's weights, which are read whenever it is opened."""
    subject_hash: str

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Read the files once more; raises `UsageError` when they are not those of the plan."""
        self.subject(out)
        write_json(out / GIVEN, {"subject": self.subject_hash})

    def subject(self, folder: Path, more: AdapterStack = ()) -> Subject:
        """The subject as its files are now, with ``more`` adapters on top.

        Raises `UsageError` when it is not the one that the step was made from.
        """
        from eudaimon.evaluate.provider.opening import subject_of_words
        from eudaimon.models.adapters.subject import Subject

        found = subject_of_words(self.source, self.adapters)
        if found.hash != self.subject_hash:
            raise UsageError(
                f"the subject {self.source} has changed: its hash is {found.hash}",
                right=self.subject_hash,
                do="the same command: what it is now is another subject",
            )
        if not more:
            return found
        stack, changes = (*found.adapters, *more), found.interventions
        return Subject(found.checkpoint, stack, changes, found.fingerprint, found.tokenizer)

    def opened(self, folder: Path) -> Model:
        """The subject in memory, its adapters proven to act."""
        from eudaimon.models.adapters.opening import open_subject

        return open_subject(self.subject(folder))

    def checkpoint(self, folder: Path) -> str:
        """Its checkpoint alone, at its own place."""
        return self.subject(folder).checkpoint

    def cost(self) -> Cost:
        """Its files are read once."""
        return Cost(seconds=1 + self.n_bytes / 1e9)


def given_subject(source: str, adapters: Sequence[str] = ()) -> GivenSubject:
    """The step of a checkpoint (a folder, a hub id, a subject's JSON file) and its adapters, in order.

    Raises `UsageError` on words that name no adapter, `ModelUnavailable` when there is no such checkpoint.
    """
    from eudaimon.evaluate.provider.opening import subject_of_words
    from eudaimon.models.folder import find_folder, weight_files

    subject = subject_of_words(source, adapters)
    weights = weight_files(find_folder(subject.checkpoint)[0])
    return GivenSubject(
        source=str(Path(source).resolve()) if Path(source).exists() else source,
        adapters=tuple(map(_resolved, adapters)),
        n_bytes=sum(path.stat().st_size for path in weights),
        subject_hash=subject.hash,
    )


def _resolved(word: str) -> str:
    """The same adapter by its full path: steps run in folders of their own."""
    name, _, place = word.partition("=")
    folder, star, weight = place.rpartition("*")
    whole = Path(folder if star else place).resolve()
    return f"{name}={whole}{star}{weight if star else ''}"
