"""Steps that are models: those raised here, and one that the user brings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from eudaimon.core.errors import UsageError
from eudaimon.core.files import write_json
from eudaimon.study.step import Cost, Step
from eudaimon.train.needs.machine import Machine, find_machine
from eudaimon.train.needs.needs import Needs
from eudaimon.train.needs.shape import ModelShape, shape_of

if TYPE_CHECKING:
    from eudaimon.models.adapters.adapter import AdapterStack
    from eudaimon.models.adapters.subject import Subject
    from eudaimon.models.model import Model

MODEL = "model"
GIVEN = "model.json"
MACHINE = "a100-80gb"
HOST_SHARE = 1.5
"""Of the weights' size: memory of the host while files become tensors."""
CPU_GB = 1.0
BYTES_A_PARAMETER = 4
FLOPS_A_SECOND = 36e9
"""What one thread of a CPU reached in pretraining: 42,000 tokens a second at 0.12 million parameters."""
TOKENS_A_SECOND, PACE_GB = 2000, 15.0
"""Of a model of that size in bfloat16 on one GPU: for a model whose shape `train.needs` does not know."""
Estimate: TypeAlias = Callable[[ModelShape, Machine], Needs]
"""What a piece of work takes of a model of some shape on some machine; a function of `train.needs`."""


class ModelStep(Step):
    """A step that gives a checkpoint: the folder ``model`` among its files, unless it says otherwise."""

    @property
    def put_on(self) -> str | None:
        """The device on which steps put it, if anybody said one."""
        return None

    def checkpoint(self, folder: Path) -> str:
        """What `load` takes for this model; ``folder`` is the step's finished folder."""
        return str(folder / MODEL)

    def subject(self, folder: Path, more: AdapterStack = ()) -> Subject:
        """What is opened of this model: the checkpoint, and ``more`` adapters on top of its own."""
        from eudaimon.models.adapters.subject import Subject

        return Subject(self.checkpoint(folder), more)

    def opened(self, folder: Path) -> Model:
        """This model in memory, with whatever acts on it."""
        from eudaimon.models.load import load

        return load(self.checkpoint(folder))

    def cost_of(self, needs: Estimate, n_tokens: int) -> Cost:
        """What a step takes whose work ``needs`` estimates; of the town's models by ``n_tokens`` alone."""
        return Cost(seconds=5 + n_tokens / TOKENS_A_SECOND, n_tokens=n_tokens, disk_mb=100)


class GivenModel(ModelStep):
    """A checkpoint that was there before the study, used where it lies and never copied.

    What it is follows from the fingerprints of weights and tokenizer; where it lies (``source``, a folder or
    a hub id) may change between runs. See `given_model`.
    """

    execution: ClassVar[frozenset[str]] = Step.execution | {"source", "n_bytes", "shape", "machine"}

    source: str
    n_bytes: int = 0
    """Of its weights, on which memory and hours depend."""
    shape: ModelShape | None = None
    """None for an architecture that `train.needs` does not know."""
    machine: str = MACHINE
    """The GPU that costs are estimated for, by its name in `train.needs`."""
    device: str | None = None
    """Where steps put it, as `load` takes it: ``auto`` divides it over all GPUs that a step sees."""
    fingerprint: str
    tokenizer: str

    def run(self, out: Path, inputs: Mapping[str, Path]) -> None:
        """Read the files once more; raises `UsageError` when they are not those of the plan."""
        found = given_model(self.source)
        if found != self:
            raise UsageError(
                f"{self.source} has changed: its fingerprint is {found.fingerprint}, tokenizer "
                f"{found.tokenizer}",
                right=f"{self.fingerprint}, tokenizer {self.tokenizer}",
                do="a new folder for the study of the new model",
            )
        write_json(out / GIVEN, {"fingerprint": self.fingerprint, "tokenizer": self.tokenizer})

    @property
    def put_on(self) -> str | None:
        """``device``."""
        return self.device

    def checkpoint(self, folder: Path) -> str:
        """Its own place."""
        return self.source

    def cost(self) -> Cost:
        """Its files are read once."""
        return Cost(seconds=2 + self.n_bytes / 1e9)

    def cost_of(self, needs: Estimate, n_tokens: int) -> Cost:
        """The estimate of `train.needs` for the model's shape on ``machine``, with time to load it.

        Memory is the host's, GPUs are as many as hold what the estimate says. A model that a CPU holds with
        ease is given none, and the pace of one thread, six operations a parameter and token. Of a shape that
        nobody knows the pace is that of a model of seven billion parameters, by its size.
        """
        size = self.n_bytes / 1e9
        seconds, gpus = 6 * self.n_bytes / BYTES_A_PARAMETER * n_tokens / FLOPS_A_SECOND, 0
        if size > CPU_GB and self.shape is not None:
            found = needs(self.shape, find_machine(self.machine))
            seconds, gpus = 3600 * found.hours, found.gpus
        elif size > CPU_GB:
            seconds = n_tokens / TOKENS_A_SECOND * size / PACE_GB
            gpus = math.ceil(HOST_SHARE * size / find_machine(self.machine).memory_gb)
        return Cost(
            seconds=5 + size + seconds,
            n_tokens=n_tokens,
            memory_gb=round(1 + HOST_SHARE * size, 1),
            disk_mb=2 + 20 * size,
            gpus=gpus,
        )


def placed(device: str | None, model: ModelStep, cost: Cost) -> str | None:
    """Where `load` puts the model of a step: on ``device``, else where the model is said to be put.

    Where neither says anything it is divided over several GPUs when the step's cost asks for them.
    """
    return device or model.put_on or ("auto" if cost.gpus > 1 else None)


def given_model(source: str, machine: str = MACHINE, *, device: str | None = None) -> GivenModel:
    """The step of a local folder or a hub id; raises `ModelUnavailable` when there is no such checkpoint.

    Costs are estimated for GPUs called ``machine``; raises `UsageError` when `train.needs` knows none such.
    ``device`` is where steps put it, as `load` takes it; None leaves it to them.
    """
    from eudaimon.models.adapters.subject import Subject
    from eudaimon.models.folder import find_folder, read_config, weight_files

    find_machine(machine)
    subject = Subject(source)
    place = str(Path(source).resolve()) if Path(source).is_dir() else source
    folder, _ = find_folder(source)
    try:
        shape = shape_of(read_config(folder, source), source)
    except UsageError:
        shape = None
    return GivenModel(
        source=place,
        fingerprint=subject.fingerprint,
        tokenizer=subject.tokenizer,
        n_bytes=sum(path.stat().st_size for path in weight_files(folder)),
        shape=shape,
        machine=machine,
        device=device,
    )
