"""The characters that come with the package, by name, checked against their hashes."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from eudaimon.core.errors import EudaimonError, UsageError
from eudaimon.data.cards import card, folder_of
from eudaimon.data.constitutions.constitution import Constitution
from eudaimon.data.constitutions.read import parse_constitution, read_constitution
from eudaimon.data.library import read_packaged

THEIRS, OURS = "open_character_training", "constitutions"
Part = Literal["persona", "control of style", "control of content", "further"]


class About(BaseModel):
    """What a packaged character is, its part in the study, and its held-out prompts, one a trait."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    description: str
    part: Part
    contrast: tuple[str, ...] = ()


@cache
def constitutions() -> dict[str, About]:
    """The packaged characters by name, those of the study first."""
    value = yaml.safe_load(_read(OURS, "about.yaml"))
    return {name: About.model_validate(fields) for name, fields in value.items()}


def constitution(name: str, *, expanded: bool = True) -> Constitution:
    """The packaged character ``name``, or the one in a file of that path.

    Those of OpenCharacterTraining come with the prompts that a model added to theirs; ``expanded`` false
    gives the hand-written ones alone. Raises `UsageError` for what is neither a name nor a file, and as
    `read_constitution`.
    """
    if name not in constitutions():
        if Path(name).is_file():
            return read_constitution(name)
        raise UsageError(
            f"there is no character {name!r}, and no file of that name",
            right=f"a constitution's path, or one of {', '.join(constitutions())}",
            do="eudaimon persona list",
        )
    return _packaged(name, expanded)


@cache
def _packaged(name: str, expanded: bool) -> Constitution:
    about = constitutions()[name]
    if f"{name}.yaml" in _hashes(OURS):
        return parse_constitution(_read(OURS, f"{name}.yaml"), name, name)
    file = f"few-shot/{name}.jsonl" if expanded else f"hand-written/{name}.txt"
    found = parse_constitution(_read(THEIRS, file), name, name)
    sheet = card(THEIRS)
    traits = tuple(
        trait.model_copy(update={"contrast_prompts": about.contrast[place : place + 1]})
        for place, trait in enumerate(found.traits)
    )
    own = {"description": about.description, "source": sheet.attribution, "licence": sheet.licence}
    return found.model_copy(update={**own, "traits": traits})


def _read(folder: str, file: str) -> str:
    data = folder_of(folder).joinpath(*file.split("/")).read_bytes()
    if hashlib.sha256(data).hexdigest() != _hashes(folder)[file]:
        raise EudaimonError(
            f"the packaged file {folder}/{file} was changed",
            right="the bytes that its SHA256SUMS names",
            do="pip install --force-reinstall eudaimon",
        )
    return data.decode("utf-8")


@cache
def _hashes(folder: str) -> dict[str, str]:
    """The hash of each file of a packaged folder; the card vouches for the list."""
    lines = read_packaged(folder).decode("ascii").splitlines()
    return {file: digest for digest, file in (line.split(maxsplit=1) for line in lines)}
