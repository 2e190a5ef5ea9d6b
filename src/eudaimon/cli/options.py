"""The options that commands share: which model, which data, which monitor, which form of output."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

if TYPE_CHECKING:
    from eudaimon.core import Binding
    from eudaimon.data.selection import Selection
    from eudaimon.models.adapters.adapter import AdapterStack
    from eudaimon.models.model import Model
    from eudaimon.monitor.monitor import Monitor

MONITOR_FILE = Path("monitor.safetensors")
MODEL_HELP = "minilm (packaged), a local folder, or a hub id."

Json = Annotated[bool, Option("--json", help="Print JSON on standard output.")]
Seed = Annotated[int, Option("--seed", min=0, help="Seed of everything that is random.")]
Resamples = Annotated[
    int, Option("--resamples", min=10, help="Bootstrap resamples of intervals.", metavar="N")
]
Force = Annotated[bool, Option("--force", help="Use on another model than it was made on; recorded.")]
System = Annotated[str | None, Option("--system", help="System prompt.", metavar="TEXT")]
OneSite = Annotated[str | None, Option("--site", help="A layer, such as 4 or 4.mlp.", metavar="SITE")]
OnePooling = Annotated[str, Option("--pooling", help="mean, last, max or softmax.", metavar="NAME")]
Paired = Annotated[bool, Option("--paired", help="Use the matched pairs among the train rows.")]


Revision = Annotated[
    str | None, Option("--revision", help="Revision of a hub id.", metavar="NAME", rich_help_panel="Model")
]
Device = Annotated[
    str | None,
    Option(
        "--device",
        help="cpu, cuda, cuda:1, mps; auto: divided over all GPUs.",
        metavar="NAME",
        rich_help_panel="Model",
    ),
]
Dtype = Annotated[
    str | None,
    Option("--dtype", help="float32, bfloat16, float16.", metavar="NAME", rich_help_panel="Model"),
]


Adapters = Annotated[
    str | None,
    Option(
        "--adapters",
        help="Adapters that act on it, in order: persona=FOLDER,em=FOLDER, or folders alone.",
        metavar="LIST",
        rich_help_panel="Model",
    ),
]


@dataclass(frozen=True)
class WhichModel:
    """The model to load."""

    model: Annotated[str, Option("--model", help=MODEL_HELP, metavar="NAME", rich_help_panel="Model")] = (
        "minilm"
    )
    revision: Revision = None
    device: Device = None
    dtype: Dtype = None

    def load(self) -> Model:
        """The loaded model."""
        return load_model(self.model, self.revision, self.device, self.dtype)


@dataclass(frozen=True)
class WhichSubject(WhichModel):
    """The model to load, and the stack of adapters that acts on it."""

    adapters: Adapters = None

    def load(self) -> Model:
        """The loaded model, on whose forward the stack is proven to act."""
        from eudaimon.cli.parse import parse_adapters

        return load_model(self.model, self.revision, self.device, self.dtype, parse_adapters(self.adapters))


@dataclass(frozen=True)
class OnModel:
    """The model to use a direction on: the one it was made on when none is named."""

    model: Annotated[
        str | None,
        Option(
            "--model",
            help=f"{MODEL_HELP} Default: the one that the direction was made on.",
            metavar="NAME",
            rich_help_panel="Model",
        ),
    ] = None
    revision: Revision = None
    device: Device = None
    dtype: Dtype = None

    def load(self, binding: Binding) -> Model:
        """The loaded model; raises `UsageError` when neither the option nor the file names one."""
        from eudaimon.core import UsageError

        if not self.model and binding.checkpoint == "unknown":
            raise UsageError("the file does not say on which model it was made", do="--model NAME --force")
        return load_model(self.model or binding.name, self.revision, self.device, self.dtype)


@dataclass(frozen=True)
class WhichMonitor:
    """The monitor to load, and the model to put it on: the one it was made on when none is named."""

    monitor: Annotated[
        Path,
        Option("--monitor", help="File that `monitor fit` wrote.", metavar="FILE", rich_help_panel="Model"),
    ] = MONITOR_FILE
    model: Annotated[
        str | None,
        Option(
            "--model",
            help=f"{MODEL_HELP} Default: the one that the monitor was fitted on.",
            metavar="NAME",
            rich_help_panel="Model",
        ),
    ] = None
    revision: Revision = None
    device: Device = None
    dtype: Dtype = None
    force: Annotated[
        bool,
        Option(
            "--force",
            help="Use it on another model than it was fitted on; the difference is recorded.",
            rich_help_panel="Model",
        ),
    ] = False
    adapters: Adapters = None

    def load(self) -> Monitor:
        """The loaded monitor on its model, with the stack that it was fitted on."""
        from eudaimon.cli.parse import parse_adapters
        from eudaimon.monitor.opening import open_monitor

        return open_monitor(
            self.monitor,
            self.model,
            parse_adapters(self.adapters),
            revision=self.revision,
            device=self.device,
            dtype=self.dtype,
            force=self.force,
        )


@dataclass(frozen=True)
class WhichData:
    """Labelled queries and their splits."""

    data: Annotated[
        list[str] | None,
        Option(
            "--data",
            help="JSONL, CSV or Parquet (.gz, .zst), or hf://datasets/...; several times for several files. "
            "Default: the packaged sets.",
            metavar="FILE",
            rich_help_panel="Data",
        ),
    ] = None
    text_column: Annotated[str, Option("--text-column", rich_help_panel="Data", metavar="NAME")] = "text"
    label_column: Annotated[str, Option("--label-column", rich_help_panel="Data", metavar="NAME")] = "label"
    source_column: Annotated[str, Option("--source-column", rich_help_panel="Data", metavar="NAME")] = (
        "source"
    )
    category_column: Annotated[str, Option("--category-column", rich_help_panel="Data", metavar="NAME")] = (
        "category"
    )
    harmful_value: Annotated[
        list[str] | None,
        Option(
            "--harmful-value",
            help="A label that means harmful; several times for several. Default: harmful, unsafe, 1, true.",
            metavar="LABEL",
            rich_help_panel="Data",
        ),
    ] = None
    skip_bad: Annotated[
        int,
        Option(
            "--skip-bad",
            min=0,
            help="How many bad rows to leave out of each file.",
            metavar="N",
            rich_help_panel="Data",
        ),
    ] = 0
    plan: Annotated[
        Path | None,
        Option(
            "--plan",
            help="YAML with the sources of train, calibration and test. Default: the packaged plan.",
            metavar="FILE",
            rich_help_panel="Data",
        ),
    ] = None
    train_source: Annotated[
        list[str] | None,
        Option(
            "--train-source", help="A source to train on; repeatable.", metavar="NAME", rich_help_panel="Data"
        ),
    ] = None
    calibration_source: Annotated[
        list[str] | None,
        Option(
            "--calibration-source",
            help="A source to calibrate on; repeatable.",
            metavar="NAME",
            rich_help_panel="Data",
        ),
    ] = None
    test_source: Annotated[
        list[str] | None,
        Option(
            "--test-source", help="A source to test on; repeatable.", metavar="NAME", rich_help_panel="Data"
        ),
    ] = None

    def selection(self) -> Selection:
        """The selection that these options mean."""
        from eudaimon.data.selection import Selection

        chosen: dict[str, Any] = {"harmful_values": tuple(self.harmful_value)} if self.harmful_value else {}
        return Selection(
            files=tuple(self.data or ()),
            text_column=self.text_column,
            label_column=self.label_column,
            source_column=self.source_column,
            category_column=self.category_column,
            skip_bad=self.skip_bad,
            plan=self.plan,
            train=tuple(self.train_source or ()),
            calibration=tuple(self.calibration_source or ()),
            test=tuple(self.test_source or ()),
            **chosen,
        )


def load_model(
    name: str,
    revision: str | None,
    device: str | None,
    dtype: str | None,
    stack: AdapterStack = (),
) -> Model:
    """The model that the options name; raises what `open_stack` does."""
    from eudaimon.models.adapters.opening import open_stack

    return open_stack(name, stack, revision=revision, device=device, dtype=dtype)


def command_line() -> str:
    """The command as it was typed, for records."""
    import shlex
    import sys

    return shlex.join(["eudaimon", *sys.argv[1:]])
