"""Stage 0: what is known of a document's voices before a word is read, from where it comes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from eudaimon.core.document import Document
from eudaimon.core.errors import UsageError
from eudaimon.core.files import write_text
from eudaimon.core.identity import short_hash
from eudaimon.curate.scores import source_of
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.taxonomy import SUBJECTS, Subject
from eudaimon.curate.voices.turn import NARRATOR
from eudaimon.data.yaml_text import read_yaml

PRIOR = "prior"
"""The column of log-odds that are added to those of harm."""
_MOST = 10_000


class ProvenanceRule(BaseModel):
    """Patterns over ``source``, ``kind`` and ``url``, and what a document is taken to be where all are found.

    ``prior`` is in log-odds of harm, ``quoted`` what speaks in quotations (None: not known).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    means: str
    source: str = ""
    kind: str = ""
    url: str = ""
    prior: Annotated[float, Field(ge=-5, le=5)] = 0.0
    quoted: Subject | None = None

    @field_validator("source", "kind", "url")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        re.compile(pattern)
        return pattern

    def holds(self, source: str, kind: str, url: str) -> bool:
        """Whether every pattern that is given is found in its part, in lower case; no pattern never holds."""
        given = [(self.source, source), (self.kind, kind), (self.url, url)]
        given = [(pattern, value) for pattern, value in given if pattern]
        return bool(given) and all(re.search(pattern, value.lower()) for pattern, value in given)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    rules: tuple[ProvenanceRule, ...] = ()


@cache
def shipped_rules() -> tuple[ProvenanceRule, ...]:
    """The packaged rules."""
    text = (files("eudaimon.curate.stages") / "provenance.yaml").read_text(encoding="utf-8")
    return _rules(text, "provenance.yaml")


def read_rules(path: str | Path) -> tuple[ProvenanceRule, ...]:
    """The rules of a file of the form of ``provenance.yaml``; raises `UsageError` for any other."""
    try:
        return _rules(Path(path).read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", right="a file of rules") from error


def write_rules(path: str | Path, rules: Sequence[ProvenanceRule]) -> Path:
    """Write rules as `read_rules` reads them, atomically; the same rules give the same bytes."""
    content = {"rules": [rule.model_dump(mode="json", exclude_defaults=True) for rule in rules]}
    return write_text(path, yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110))


class ProvenanceStage:
    """The rules as a `Stage`: fill ``prior`` and ``subject``, and no score.

    The rule is looked up by the metadata's ``source`` (or ``kind``), ``kind`` and ``url``. A segment's
    subject is what its voice is known to be, else what the rule says of quotations, else human.
    """

    name = "provenance"
    number = 0

    def __init__(self, rules: Sequence[ProvenanceRule] | None = None) -> None:
        self.rules = shipped_rules() if rules is None else tuple(rules)
        self.hash = short_hash(["provenance", [rule.model_dump() for rule in self.rules]])
        self._known: dict[tuple[str, str], tuple[tuple[int, re.Pattern[str] | None], ...]] = {}

    def rule(self, document: Document) -> ProvenanceRule | None:
        """The first rule that holds for the document."""
        return (*self.rules, None)[self._number(document)]

    def _number(self, document: Document) -> int:
        """Which rule that is, -1 for none."""
        metadata = document.metadata
        key = source_of(document), str(metadata.get("kind") or "")
        if key not in self._known:
            if len(self._known) == _MOST:  # Memory must not grow with the corpus.
                self._known.clear()
            self._known[key] = tuple(self._left(*key))
        # Addresses are seldom seen twice.
        url = str(metadata.get("url") or "").lower()
        for number, pattern in self._known[key]:
            if pattern is None or pattern.search(url):
                return number
        return -1

    def _left(self, source: str, kind: str) -> Iterator[tuple[int, re.Pattern[str] | None]]:
        """The rules that may hold for documents of this source and kind, and what address they ask for."""
        for number, rule in enumerate(self.rules):
            if not rule.url and rule.holds(source, kind, ""):
                yield number, None
                return
            rest = rule.model_copy(update={"url": ""})
            if rule.url and (rest.holds(source, kind, "") or not (rule.source or rule.kind)):
                yield number, re.compile(rule.url)

    def run(self, batch: Batch) -> Batch:
        """The batch with priors and subjects."""
        spans = batch.spans
        numbers = np.array([self._number(document) for document in batch.documents], dtype=np.int64)
        # The last entry is that of no rule.
        prior = np.array([*(rule.prior for rule in self.rules), 0.0])[numbers]
        quoted = np.array([_code(rule.quoted or "human") for rule in self.rules] + [_code("human")])[numbers]
        own = np.array([_code(name) for name in spans.subject.values], dtype=np.int32)[spans.subject.codes]
        narrator = [code for code, name in enumerate(spans.voice.values) if name == NARRATOR]
        quotes = (spans.parent >= 0) & ~np.isin(spans.voice.codes, narrator)
        subject = np.where(quotes, quoted[spans.document], _code("human"))
        return batch.having(
            {
                PRIOR: prior[spans.document],
                "subject": np.where(own >= 0, own, subject).astype(np.int32),
            }
        )


def _code(subject: str) -> int:
    return next((code for code, known in enumerate(SUBJECTS) if known == subject), -1)


def _rules(text: str, name: str) -> tuple[ProvenanceRule, ...]:
    try:
        return _File.model_validate(read_yaml(text) or {}).rules
    except (yaml.YAMLError, ValidationError, re.error) as error:
        raise UsageError(
            f"{name} is no file of rules: {error}", right="rules: [{name, means, source, prior}]"
        ) from error
