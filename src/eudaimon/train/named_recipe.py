"""Recipes by name: packaged ones in one YAML file, or a user's own."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from eudaimon.core import UsageError
from eudaimon.data.yaml_text import read_yaml

Kind = TypeVar("Kind", bound=BaseModel)


def packaged_recipes(package: str, file: str, kind: type[Kind]) -> Mapping[str, Kind]:
    """The recipes of a packaged YAML file by their names, read-only."""
    text = (files(package) / file).read_text(encoding="utf-8")
    return MappingProxyType({name: kind.model_validate(fields) for name, fields in read_yaml(text).items()})


def named_recipe(name: str | Path, known: Mapping[str, Kind], kind: type[Kind]) -> Kind:
    """A packaged recipe by name, or the one in a YAML file; raises `UsageError` when it is neither."""
    if str(name) in known:
        return known[str(name)]
    path = Path(name)
    if not path.is_file():
        raise UsageError(f"there is no recipe {name}", right=f"a YAML file, or one of {', '.join(known)}")
    try:
        return kind.model_validate(read_yaml(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no recipe: {' '.join(str(error).split())}") from error
