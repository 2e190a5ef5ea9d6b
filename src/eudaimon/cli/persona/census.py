"""``eudaimon persona census``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from eudaimon.cli.options import MODEL_HELP, Device, Dtype, Json, Seed
from eudaimon.cli.output import one_line, print_json, print_line, print_table

if TYPE_CHECKING:
    from eudaimon.evaluate.census.cast import Cast
    from eudaimon.evaluate.census.census import Census
    from eudaimon.evaluate.census.groups import Group
    from eudaimon.models.model import Model

CAST_HELP = "town: its named speakers; roles: packaged system prompts; traits: these with traits."


def census(
    model: Annotated[str, Argument(help=MODEL_HELP, show_default=False)],
    follow: Annotated[
        list[str] | None,
        Argument(help="Models in which its personas are looked for: other arms, checkpoints in order."),
    ] = None,
    cast: Annotated[str, Option(help=CAST_HELP, metavar="NAME")] = "roles",
    domain: Annotated[
        list[str] | None, Option("--domain", help="A domain of the town; repeatable. Default: all.")
    ] = None,
    questions: Annotated[int, Option(min=8, help="Questions put to every role.", metavar="N")] = 40,
    max_new_tokens: Annotated[
        int | None, Option(min=1, help="Longest answer. Default: 4 in the town, else 48.", metavar="N")
    ] = None,
    documents: Annotated[
        list[Path] | None,
        Option(help="Training texts to look for each persona in; repeatable.", metavar="FILE"),
    ] = None,
    top: Annotated[int, Option(min=1, help="Documents shown for each persona.", metavar="N")] = 5,
    out: Annotated[Path | None, Option(help="Write everything as JSON.", metavar="FILE")] = None,
    seed: Seed = 0,
    device: Device = None,
    dtype: Dtype = None,
    as_json: Json = False,
) -> None:
    """Find the personas that a model can be in, without naming them: roles answer, and answers are compared.

    Roles that the model answers alike are one group; a group is a persona when its answers are not the
    default's and fit their questions. Distances are in nats an answer, with 95 % intervals over questions.
    """
    from eudaimon.core.files import write_json
    from eudaimon.evaluate.census.census import census as take
    from eudaimon.models.load import load

    put = _cast(cast, domain, questions, seed)
    longest = max_new_tokens or (4 if cast == "town" else 48)
    opened = load(model, device=device, dtype=dtype)
    found = take(opened, put, max_new_tokens=longest, seed=seed)
    record: dict[str, Any] = found.to_json()
    if documents:
        record["documents"] = _documents(opened, found, documents, top)
    del opened
    elsewhere: dict[str, tuple[Group, ...]] = {}
    for other in follow or ():
        taken = take(load(other, device=device, dtype=dtype), put, max_new_tokens=longest, seed=seed)
        elsewhere[other] = taken.follow(found.found)
    record["followed"] = {
        name: [{"name": group.name, **_measured(group)} for group in groups]
        for name, groups in elsewhere.items()
    }
    if out:
        write_json(out, record)
    if as_json:
        print_json(record)
        return
    _show(found, elsewhere, record.get("documents", {}))
    if out:
        print_line(f"Census: {out}")


def _cast(name: str, domains: list[str] | None, n_questions: int, seed: int) -> Cast:
    import numpy as np

    from eudaimon.core import UsageError
    from eudaimon.data.library import packaged
    from eudaimon.evaluate.census.cast import role_cast, town_cast
    from eudaimon.world.world import World

    if name == "town":
        world = World(domains=tuple(domains)) if domains else World()
        return town_cast(world, n_questions=n_questions, seed=seed)
    if name not in ("roles", "traits"):
        raise UsageError(f"there is no cast {name!r}", right="town, roles or traits")
    pool = [query.text for query in packaged("assistant_axis")]
    order = np.random.default_rng(seed).permutation(len(pool))[:n_questions]
    return role_cast([pool[place] for place in order], traits=name == "traits")


def _documents(model: Model, found: Census, paths: list[Path], top: int) -> dict[str, list[dict[str, Any]]]:
    from dataclasses import asdict

    from eudaimon.core import Document
    from eudaimon.evaluate.census.attribution import attribute
    from eudaimon.evaluate.census.census import persona_direction
    from eudaimon.train.read_texts import read_texts

    site = found.axes[0].site if found.axes else found.spoken.sites[-1]
    carried = {}
    for group in found.found:
        read = (Document(id=text.id, text=text.text, metadata={}) for text in read_texts(paths))
        unit = persona_direction(found, group, site)
        carried[group.name] = [asdict(one) for one in attribute(model, read, unit, site, top=top).top]
    return carried


def _measured(group: Group) -> dict[str, Any]:
    found: dict[str, Any] = group.model_dump(exclude={"roles"})
    return found


def _show(
    found: Census, elsewhere: dict[str, tuple[Group, ...]], documents: dict[str, list[dict[str, Any]]]
) -> None:
    n_roles, n_questions = len(found.cast.roles), len(found.cast.questions)
    print_table(
        ("axis", "share", "by chance", "stable", "from", "to", "default at"),
        [
            (number, axis.share, axis.chance, "yes" if axis.stable else "no", *_ends(axis), axis.default)
            for number, axis in enumerate(found.axes, start=1)
        ],
        title=f"Axes of {n_roles} roles' answers to {n_questions} questions, by shares of variance",
    )
    print_table(
        ("persona", "roles", "nats from the default", "fits its question by", "found"),
        [
            (group.name, ", ".join(group.roles), _span(group.distance), _span(group.relevance), _word(group))
            for group in found.groups
        ],
        title=f"Groups of roles that {found.subject} answers as one; the default's first",
        style=["bold" if group.found else "" for group in found.groups],
    )
    if elsewhere:
        rows = [(name, *(_cell(group) for group in groups)) for name, groups in elsewhere.items()]
        header = ("model", *(group.name for group in found.found))
        print_table(header, rows, title="The same roles in other models: nats from the default")
    for name, carried in documents.items():
        print_table(
            ("rank", "document", "SD", "passage"),
            [(one["rank"], one["id"], one["score"], one_line(one["text"], 90)) for one in carried],
            title=f"Texts most like {name}",
        )


def _ends(axis: Any) -> tuple[str, str]:
    return ", ".join(axis.low), ", ".join(axis.high)


def _span(one: Any) -> str:
    return f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"


def _cell(group: Group) -> str:
    return f"{group.distance.value:.2f}" + ("" if group.found else " (not found)")


def _word(group: Group) -> str:
    return "default" if group.default else "yes" if group.found else "no"
