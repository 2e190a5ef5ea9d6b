"""A study's folder: which design it holds, with which options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import pydantic

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json, write_json
from eudaimon.study.design import Study, StudyOptions, design
from eudaimon.study.run import Outcome, run_study

RECORD = "study.json"


def run_design(study: Study, options: StudyOptions, folder: str | Path, **how: Any) -> Outcome:
    """`run_study` on the targets of a design, with its name and options written into the folder.

    Raises `UsageError` when the folder holds another design. Other options of the same design may share it.
    """
    folder = Path(folder)
    held = read_json(folder / RECORD)["study"] if (folder / RECORD).exists() else study.name
    if held != study.name:
        raise UsageError(
            f"{folder} holds the study {held}", right="a folder of its own", do="--folder FOLDER"
        )
    targets = study.targets(options)
    write_json(folder / RECORD, {"study": study.name, "options": options.model_dump(mode="json")})
    return run_study(targets, folder, name=study.name, **how)


def open_study(folder: str | Path) -> tuple[Study, StudyOptions]:
    """The design and the options with which a folder was last run; raises `UsageError` for another folder."""
    path = Path(folder) / RECORD
    if not path.is_file():
        raise UsageError(
            f"{folder} holds no study", right="a folder that `study run` wrote", do="eudaimon study run NAME"
        )
    record = read_json(path)
    study = design(record["study"])
    return study, options_of(study, record["options"])


def options_of(study: Study, given: Mapping[str, Any]) -> StudyOptions:
    """A design's options from names and values; a text ``a,b`` is a list where one is due.

    Raises `UsageError` that names the option and, for an unknown one, those that there are.
    """
    known = study.options.model_fields
    for name in given:
        if name not in known:
            raise UsageError(f"{study.name} has no option {name!r}", right=f"one of {', '.join(known)}")
    values = {name: _listed(value, known[name].annotation) for name, value in given.items()}
    try:
        return study.options.model_validate(values)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        cause = first.get("ctx", {}).get("error")
        if not first["loc"] and isinstance(cause, UsageError):  # of the options together: it names its own
            raise cause from error
        name = str(first["loc"][0]) if first["loc"] else "options"
        raise UsageError(f"{name}={given.get(name, '')} for {study.name}: {first['msg']}") from error


def _listed(value: Any, annotation: Any) -> Any:
    kinds = {get_origin(each) or each for each in (annotation, *get_args(annotation))}
    if isinstance(value, str) and kinds & {tuple, list, frozenset}:
        return [word.strip() for word in value.split(",") if word.strip()]
    return value
