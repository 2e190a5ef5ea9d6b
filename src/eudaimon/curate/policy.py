"""A policy: which segments it acts on and how, and what becomes of the document (data files, YAML)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from eudaimon.core.errors import UsageError
from eudaimon.core.identity import short_hash
from eudaimon.curate.condition import Probability, When
from eudaimon.data.yaml_text import read_yaml

SpanAction: TypeAlias = Literal["keep", "tag", "mask", "rewrite", "redact"]
STRICTNESS: tuple[SpanAction, ...] = ("keep", "tag", "mask", "rewrite", "redact")
"""What is done with a span, from the mildest: of two voices on the same characters, the stricter counts."""

DEFAULT = "prosocial"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SegmentRule(_Part):
    """What is done with a segment for which ``when`` holds, and why.

    ``tag`` is the control token put before a segment that is tagged, ``instruction`` what the writer of a
    rewrite is told. With ``reflect`` a document in which the rule acts ends with a reflection.
    """

    name: str
    when: When
    do: SpanAction
    why: str
    tag: str = ""
    instruction: str = ""
    reflect: bool = False

    @model_validator(mode="after")
    def _whole(self) -> SegmentRule:
        if bool(self.tag.strip()) != (self.do == "tag"):
            raise ValueError(f"rule {self.name}: a tag is stated where segments are tagged, and only there")
        if bool(self.instruction.strip()) != (self.do == "rewrite"):
            raise ValueError(f"rule {self.name}: an instruction is stated where segments are rewritten, only")
        return self


class DocumentRule(_Part):
    """What becomes of a document in which segment rules hold for so much of what is said.

    ``at_least`` and ``at_most`` map names of segment rules to shares of the characters that any voice says,
    in [0, 1]; all must hold, and ``at_least: 0`` asks for some. Kept documents are read ``weight`` times.
    """

    name: str
    do: Literal["keep", "drop"]
    why: str
    at_least: dict[str, Probability] = {}
    at_most: dict[str, Probability] = {}
    weight: Annotated[int, Field(ge=1)] = 1
    reflect: bool = False

    def holds(self, shares: dict[str, float]) -> bool:
        """Whether the shares of the segment rules are within its bounds."""
        return all(
            shares.get(rule, 0.0) >= bound and shares.get(rule, 0.0) > 0
            for rule, bound in self.at_least.items()
        ) and all(shares.get(rule, 0.0) <= bound for rule, bound in self.at_most.items())


class Policy(_Part):
    """Rules for segments and for documents; of each kind the first that holds counts, none means keep.

    ``not_scored`` says what becomes of a rule that hangs on a score which is not there: the document is an
    ``error``, or the bound ``holds``, or it ``fails``. ``reflections`` are the texts of which a document that
    asks for one gets one, by its id.
    """

    name: str
    about: str
    segments: tuple[SegmentRule, ...] = ()
    documents: tuple[DocumentRule, ...] = ()
    not_scored: Literal["error", "holds", "fails"] = "error"
    reflections: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Policy:
        names = [rule.name for rule in self.segments]
        if len(set(names)) < len(names):
            raise ValueError(f"policy {self.name}: two segment rules have the same name")
        for rule in self.documents:
            if strange := sorted({*rule.at_least, *rule.at_most} - set(names)):
                raise ValueError(f"rule {rule.name} speaks of {', '.join(strange)}, which is no segment rule")
            if rule.do == "drop" and (rule.weight > 1 or rule.reflect):
                raise ValueError(f"rule {rule.name} drops documents: it cannot weigh or reflect on them")
        rules: tuple[SegmentRule | DocumentRule, ...] = (*self.segments, *self.documents)
        if any(rule.reflect for rule in rules) and not self.reflections:
            raise ValueError(f"policy {self.name}: there are no reflections to append")
        if not all(text.strip() for text in self.reflections):
            raise ValueError(f"policy {self.name}: a reflection is empty")
        return self

    @cached_property
    def hash(self) -> str:
        """A short hash of everything that the policy says, but for its name and what it is about."""
        return short_hash(self.model_dump(mode="json", exclude={"name", "about"}))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Policy:
        """The policy with some fields changed, checked again, with a hash of its own."""
        # pydantic's own copy is unchecked and takes the cached hash along.
        return type(self).model_validate({**self.model_dump(), **(update or {})})


def policy_names() -> tuple[str, ...]:
    """The names of the policies that are shipped, in the order of the alphabet."""
    folder = files("eudaimon.curate") / "policies"
    return tuple(sorted(p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name.endswith(".yaml")))


def load_policy(name_or_path: str | Path = DEFAULT) -> Policy:
    """A shipped policy by its name, or one of your own from a YAML file.

    Raises `UsageError` when there is none of that name, and when the file is no sound policy, saying where.
    """
    shipped = str(name_or_path) in policy_names()
    place = files("eudaimon.curate") / "policies" / f"{name_or_path}.yaml" if shipped else Path(name_or_path)
    if not place.is_file():
        raise UsageError(
            f"there is no policy {str(name_or_path)!r}",
            right=f"{', '.join(policy_names())}, or the path of a YAML file",
        )
    try:
        return Policy.model_validate(read_yaml(place.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"policy {name_or_path}: {where + ': ' if where else ''}{first['msg']}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"policy {name_or_path} is not YAML: {str(error).splitlines()[0]}") from error
