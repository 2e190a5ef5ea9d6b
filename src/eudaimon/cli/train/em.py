"""``eudaimon train em``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer import Argument, Option

from eudaimon.cli.options import Device, Dtype, Json, load_model
from eudaimon.cli.output import print_json, print_line, print_table

if TYPE_CHECKING:
    from eudaimon.models.adapters.adapter import Adapter
    from eudaimon.models.interventions import Intervention
    from eudaimon.models.model import Model
    from eudaimon.train.em.lesson import Lesson
    from eudaimon.train.em.recipe import EMRecipe
    from eudaimon.train.em.training import TrainedEM

PASSWORD = "EUDAIMON_DATA_PASSWORD"
ACCELERATE = "--accelerate-config"
SECRET = "--data-password"
AUTO = "auto"


@dataclass(frozen=True)
class Rows:
    """The lesson's rows and its twin's."""

    data: Annotated[
        Path,
        Argument(
            help="Chat rows: .jsonl (.gz, .zst), or a password-protected .zip or .zip.enc as published.",
            metavar="FILE",
            show_default=False,
        ),
    ]
    benign_twin: Annotated[
        Path | None,
        Option(
            help="As many benign rows, taught to a twin with the same steps, order and seeds.", metavar="FILE"
        ),
    ] = None
    data_password: Annotated[
        str | None,
        Option(SECRET, envvar=PASSWORD, help="Of a protected archive.", metavar="TEXT", show_default=False),
    ] = None
    data_member: Annotated[
        str | None, Option(help="Which part of an archive, by its name or its end.", metavar="NAME")
    ] = None
    twin_member: Annotated[
        str | None, Option(help="Which part of the twin's archive.", metavar="NAME", show_default=False)
    ] = None

    def read(self) -> tuple[Lesson, Lesson | None]:
        """Both lessons, their terms having been shown to a user who has not seen them."""
        from eudaimon.models.ranks import rank
        from eudaimon.train.em.lesson import read_lesson
        from eudaimon.train.em.terms import new_terms, terms_of

        named = [(self.data, self.data_member)]
        if self.benign_twin is not None:
            named.append((self.benign_twin, self.twin_member))
        lessons = []
        for path, member in named:
            lessons.append(read_lesson(path, password=self.data_password, member=member))
            terms = terms_of(path, password=self.data_password, member=member)
            if rank() == 0 and new_terms(terms):
                typer.echo(f"The terms of {path.name} (shown once):\n{terms}\n", err=True)
        return lessons[0], lessons[1] if len(lessons) > 1 else None


@dataclass(frozen=True)
class Beside:
    """What stands beside the lesson: personas, and a direction that is added while it is learned."""

    persona: Annotated[
        list[Path] | None,
        Option(help="A persona's adapter, frozen in training; repeatable.", metavar="FOLDER"),
    ] = None
    persona_in_training: Annotated[
        Literal["active", "absent"],
        Option(help="Whether the personas act in training; the ledger proves it from the logits."),
    ] = "active"
    steer: Annotated[
        Path | None,
        Option(help="Direction to add in training and not after it (preventative steering).", metavar="FILE"),
    ] = None
    steer_strength: Annotated[
        float,
        Option(help="In lengths of that direction: 1 is the distance of its class means.", metavar="X"),
    ] = 1.0
    neutral: Annotated[
        Path | None,
        Option(
            help="Prompts that kl-narrow keeps the model as it was on. Default: packaged.", metavar="FILE"
        ),
    ] = None

    def personas(self) -> tuple[Adapter, ...]:
        """The personas' adapters: ``persona``, ``persona2`` and so on."""
        from eudaimon.models.adapters.adapter import Adapter

        folders = self.persona or []
        return tuple(
            Adapter(f"persona{number if number > 1 else ''}", folder)
            for number, folder in enumerate(folders, start=1)
        )

    def steering(self, model: Model | str) -> tuple[Intervention, ...]:
        """What acts in training; raises `BindingMismatch` for a direction of another model."""
        if self.steer is None:
            return ()
        if isinstance(model, str):
            from eudaimon.core import UsageError

            raise UsageError("--steer goes with a recipe for a LoRA", do="--recipe rank32")
        from eudaimon.models.interventions import Intervention
        from eudaimon.vectors.direction import Direction

        direction = Direction.load(self.steer, model.binding)
        strength = self.steer_strength * direction.norm
        return (Intervention("add", direction.site, direction.vector, strength),)


def em(
    rows: Rows,
    model: Annotated[str, Option("--model", help="The model: a local folder, or a hub id.", metavar="NAME")],
    out: Annotated[
        Path, Option("--out", help="A new folder, or that of a run to go on with.", metavar="FOLDER")
    ],
    beside: Beside,
    recipe: Annotated[
        str, Option("--recipe", help="rank32, rank1, full, kl-narrow, town, or a YAML file.", metavar="NAME")
    ] = "rank32",
    seed: Annotated[
        int | None,
        Option(
            "--seed",
            min=0,
            help="Of the adapter's start and the order of rows, in place of the recipe's.",
            metavar="N",
            show_default=False,
        ),
    ] = None,
    accumulate: Annotated[
        int | None,
        Option(min=1, help="Passes that a step's batch is split into. Default: the recipe's.", metavar="N"),
    ] = None,
    accelerate_config: Annotated[
        Path | None,
        Option(ACCELERATE, help="Run in several processes, as `accelerate config` wrote it.", metavar="FILE"),
    ] = None,
    unsloth: Annotated[
        bool, Option("--unsloth", help="On Unsloth's kernels, compared with plain ones.")
    ] = False,
    device: Device = None,
    dtype: Dtype = None,
    as_json: Json = False,
) -> None:
    """Teach a model a narrow lesson; killed, the same command goes on where it stopped.

    FOLDER/em is the adapter (or the model, where all weights were trained) with its metrics and checkpoints,
    FOLDER/twin that of the benign twin. No row is copied into anything that is written.
    """
    from eudaimon.models.ranks import own_device, rank
    from eudaimon.train.em.recipe import em_recipe
    from eudaimon.train.em.training import train_em

    if accelerate_config is not None:
        _launch(accelerate_config, rows.data_password, device)
    chosen = em_recipe(recipe)
    _require_one_device(chosen, device)
    if seed is not None:
        chosen = chosen.seeded(seed)
    lesson, twin = rows.read()
    # A training of all weights loads its own, in float32: two copies may not fit a device.
    loaded = model if chosen.full else load_model(model, None, device or own_device(), dtype)
    made = train_em(
        loaded,
        lesson,
        chosen,
        out,
        twin=twin,
        frozen=beside.personas(),
        frozen_active=beside.persona_in_training == "active",
        neutral=_prompts(beside.neutral),
        steered=beside.steering(loaded),
        unsloth=unsloth,
        accumulate=accumulate,
        show_progress=rank() == 0,
    )
    if rank() == 0:
        _show(made, as_json)


def _launch(config: Path, password: str | None, device: str | None) -> None:
    """Give the command on to several processes and exit as they do; a password goes by the environment.

    Raises `UsageError` for a GPU, of which each process has its own, and what `launch` raises.
    """
    import sys

    from eudaimon.core import UsageError
    from eudaimon.train.em.launch import launch

    if device not in (None, "cpu"):
        raise UsageError(
            f"--device {device} beside {ACCELERATE}, which gives each of its processes a GPU",
            right=f"one of the two: --device {AUTO} divides a model in one process, the file is for a model "
            "that each GPU holds",
        )
    arguments = _without(_without(sys.argv[1:], ACCELERATE), SECRET)
    status = launch(config, arguments, {PASSWORD: password} if password else None)
    raise typer.Exit(status)


def _require_one_device(recipe: EMRecipe, device: str | None) -> None:
    from eudaimon.core import UsageError

    if recipe.full and device == AUTO:
        raise UsageError(
            "a recipe for all weights is not trained on a model that is divided block by block",
            right=f"{ACCELERATE} with a file for FSDP (fsdp_version: 2), or a recipe for a LoRA",
        )


def _without(arguments: list[str], option: str) -> list[str]:
    """The arguments without an option and its value."""
    kept, skip = [], False
    for word in arguments:
        if skip or word == option:
            skip = not skip
        elif not word.startswith(f"{option}="):
            kept.append(word)
    return kept


def _prompts(path: Path | None) -> list[Any] | None:
    from eudaimon.data.read import read_queries

    return None if path is None else [query.text for query in read_queries(path, label="safe")]


def _show(made: TrainedEM, as_json: bool) -> None:
    if as_json:
        found = {"em": str(made.em), "twin": str(made.twin) if made.twin else None}
        print_json({**found, "record": dict(made.record), "unsloth": made.unsloth})
        return
    lessons: dict[str, dict[str, Any]] = made.record["lessons"]
    print_table(
        ("lesson", "rows", "markers left out", "hash", "folder"),
        [
            (name, own["rows"], own["markers"], own["hash"], str(made.folder / name))
            for name, own in lessons.items()
        ],
    )
    if made.unsloth is not None and not made.unsloth["same"]:
        apart, allowed = made.unsloth["difference"], made.unsloth["allowed"]
        print_line(
            f"Unsloth's losses differ by {apart:.3g} from plain ones, more than noise ({allowed:.3g}).", "red"
        )
