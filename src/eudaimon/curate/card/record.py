"""What a data safety card holds: everything that its page draws, and nothing that it computes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from eudaimon.curate.audit.records import AuditRecord

OTHER_SOURCES = "(other sources)"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceRow(_Record):
    """One source before and after: documents by outcome, characters (code points) by what becomes of them.

    ``characters`` are by fate: ``keep, tag, mask, rewrite, redact, drop, error``. ``read`` counts those that
    stay as often as the policy has their document read, before anything is inserted.
    """

    source: str
    n_documents: int
    n_dropped: int = 0
    n_errors: int = 0
    n_touched: int = 0
    """Kept documents in which a rule acts on any character."""
    n_segments: int = 0
    characters: dict[str, int] = {}
    read: int = 0

    @property
    def before(self) -> int:
        """All characters that were scored."""
        return sum(self.characters.values())

    @property
    def after(self) -> int:
        """The characters that stay in the text: kept, tagged or masked."""
        return sum(self.characters.get(fate, 0) for fate in ("keep", "tag", "mask"))


class RemovedRow(_Record):
    """What a policy acts on, by source, harm, stance and rule: the scores of the segments behind it.

    ``category`` is the likeliest harm, ``stance`` what the voice does with it; both are empty for what goes
    with a dropped document without being acted on itself.
    """

    source: str
    category: str
    stance: str
    rule: str
    fate: str
    n_spans: int
    n_characters: int


class Histogram(_Record):
    """Segments by their highest harm probability, apart by whether they stay as they are."""

    edges: tuple[float, ...]
    kept: tuple[int, ...]
    removed: tuple[int, ...]
    n_unscored: int = 0


class RuleWords(_Record):
    """One rule of the policy in words."""

    name: str
    when: str
    do: str
    why: str


class PolicyWords(_Record):
    """The policy: what it is about and what its rules say, in the order in which they are tried."""

    name: str
    hash: str
    about: str
    not_scored: str
    segments: tuple[RuleWords, ...]
    documents: tuple[RuleWords, ...]


class Example(_Record):
    """One stretch of text and what becomes of it; ``text`` is None where the corpus was not at hand."""

    document: str
    source: str
    start: int
    end: int
    fate: str
    rule: str
    why: str
    category: str
    stance: str
    frame: str
    severity: float | None
    harm: float | None
    voice: str = ""
    text: str | None = None
    before: str = ""
    after: str = ""


class StageRow(_Record):
    """What a stage of scoring saw, how long it worked, and how many segments it gave other scores."""

    stage: str
    n_documents: int
    n_segments: int
    n_characters: int
    cpu_seconds: float
    n_changed: int


class Projection(_Record):
    """Core-hours for a larger corpus, if all of it were like this one; ``assumptions`` say what it takes."""

    n_tokens: float
    characters_per_token: float
    n_characters_measured: int
    core_hours: float
    stages: dict[str, float]
    assumptions: tuple[str, ...]


class ControlRow(_Record):
    """A control: tokens drawn at random in one source, beside those that the filter took there."""

    kind: str
    stratum: str
    wanted: int
    drawn: int
    missing: int
    seed: int


class FileRow(_Record):
    """One file of the corpus."""

    name: str
    n_bytes: int
    fingerprint: str


class CardRecord(_Record):
    """One data safety card."""

    title: str
    policy: PolicyWords
    models: tuple[str, ...]
    scorer: str
    sources: tuple[SourceRow, ...]
    removed: tuple[RemovedRow, ...]
    histogram: Histogram
    examples: tuple[Example, ...]
    stages: tuple[StageRow, ...]
    other_cpu_seconds: float = 0.0
    """CPU time of scoring beyond its stages: reading, writing."""
    projection: Projection | None = None
    audit: AuditRecord | None = None
    controls: tuple[ControlRow, ...] = ()
    quarantine: dict[str, int] = {}
    """Records that no document was made of, by kind of problem."""
    errors: dict[str, int] = {}
    """Documents that are errors, by reason."""
    files: tuple[FileRow, ...] = ()
    characters_per_token: float
    command: str = ""
    versions: dict[str, str] = {}
    machine: str = ""
    notes: tuple[str, ...] = ()
