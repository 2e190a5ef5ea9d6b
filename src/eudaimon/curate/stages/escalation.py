"""Which segments a dearer stage is asked about: by what the cheaper one said, and by lot."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from pydantic import TypeAdapter, ValidationError

from eudaimon.core.errors import UsageError
from eudaimon.core.files import read_json, write_json
from eudaimon.core.identity import short_hash
from eudaimon.curate.score_table import HARM
from eudaimon.curate.stages.answers import DOUBT, highest_harm
from eudaimon.curate.stages.batch import Batch
from eudaimon.curate.stages.escalated import voices
from eudaimon.curate.stages.targets import HARMFUL

ESCALATION_FILE = "escalation.json"


@dataclass(frozen=True)
class Escalation:
    """When a segment goes on to the encoder, and when from there to the judge.

    To the encoder go segments whose suspicion reaches ``bound``, which was set so that a share ``budget`` of
    a calibration corpus does; of the rest a share ``random``; and a share ``near_rate`` of those that come
    within the factor ``near`` of the bound. To the judge go segments that are in ``doubt`` or more after the
    encoder (`eudaimon.curate.stages.answers.doubt`), and the random share again, whatever they scored: that
    is the audit sample. All shares are drawn by a hash of text and place, so that they do not depend on the
    order of reading, nor on how a corpus is cut; ``seed`` draws others.
    """

    bound: float = 0.5
    budget: float = 0.1
    random: float = 0.001
    near: float = 0.5
    near_rate: float = 0.02
    doubt: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("budget", "random", "near", "near_rate", "doubt"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} is {getattr(self, name)}", right="a share from 0 to 1")

    def to_encoder(self, batch: Batch) -> Bool[np.ndarray, " rows"]:
        """The rows of voices that go on to the encoder."""
        suspicion = suspicions(batch)
        chosen = (suspicion >= self.bound) | self.audited(batch)
        close = (suspicion >= self.near * self.bound) & (lots(batch, self.seed, 1) < self.near_rate)
        return np.asarray((chosen | close) & voices(batch))

    def audited(self, batch: Batch) -> Bool[np.ndarray, " rows"]:
        """The rows of the random share, whatever they score."""
        return np.asarray((lots(batch, self.seed, 0) < self.random) & voices(batch))

    def to_judge(self, batch: Batch) -> Bool[np.ndarray, " rows"]:
        """The rows that go on to the judge, of a batch that the encoder has scored."""
        return np.asarray(self.audited(batch) | (self._doubtful(batch) & self._seen(batch)))

    def chances(self, batch: Batch, before: Batch) -> Float[np.ndarray, " rows"]:
        """The probability with which each row goes to the judge, from ``random`` to 1.

        ``before`` is the batch as stage 1 left it. One over this is what a judged row stands for.
        """
        suspicion = suspicions(before)
        reached = np.where(
            suspicion >= self.bound,
            1.0,
            np.where(
                suspicion >= self.near * self.bound,
                1 - (1 - self.random) * (1 - self.near_rate),
                self.random,
            ),
        )
        return np.where(self._doubtful(batch), np.maximum(reached, self.random), self.random)

    def _doubtful(self, batch: Batch) -> Bool[np.ndarray, " rows"]:
        return np.asarray(doubts(batch) >= self.doubt)

    def _seen(self, batch: Batch) -> Bool[np.ndarray, " rows"]:
        """The rows that the encoder has read; without an encoder, those that it would have."""
        read = batch.columns.get(DOUBT)
        return self.to_encoder(batch) if read is None else np.asarray(~np.isnan(read))


def bound_for(suspicion: Float[np.ndarray, " n"], budget: float) -> float:
    """The lowest bound that at most a share ``budget`` of these suspicions, in [0, 1], reaches.

    Ties at the bound are left out as a whole, but not those at 1: what could not be more suspicious goes on,
    whatever its share, unless the budget is 0. Raises `UsageError` for no suspicions.
    """
    if not len(suspicion):
        raise UsageError("a bound needs suspicions to be set by", right="the scores of a calibration corpus")
    if not budget:
        return float(np.nextafter(1.0, np.inf))
    ranked = np.sort(suspicion)[::-1]
    allowed = int(budget * len(ranked))
    if allowed >= len(ranked):
        return float(ranked[-1])
    above = ranked[:allowed][ranked[:allowed] > ranked[allowed]]
    return float(above[-1]) if len(above) else min(1.0, float(np.nextafter(ranked[0], np.inf)))


def suspicions(batch: Batch) -> Float[np.ndarray, " rows"]:
    """How probable the first stages find harm of any category, in [0, 1]; 0 where nothing is scored.

    Categories count as if they were independent, so that a little of several adds up, as it does in text of a
    kind that nobody taught: at a tenth of neutral text this found .81 of the bad scenes of ours in forms that
    were not learnt from, where the likeliest category together with the acting stance found .53. What a voice
    does with harm is for the encoder to say. Where one category alone is as probable as not it is 1: nothing
    is to be removed by the first stages' word while there is somebody to ask.
    """
    harms = [values for name, values in batch.columns.items() if name.startswith(HARM)]
    if not harms:
        return np.zeros(len(batch.spans))
    shares = np.nan_to_num(np.stack(harms))
    return np.where(shares.max(axis=0) >= HARMFUL, 1.0, 1 - np.prod(1 - shares, axis=0))


def doubts(batch: Batch) -> Float[np.ndarray, " rows"]:
    """How unsure the latest scores are, in [0, 1]: as the encoder says, else how near harm is to one half."""
    if DOUBT in batch.columns:
        return np.asarray(np.nan_to_num(batch.columns[DOUBT]))
    highest = highest_harm(batch.columns)
    return np.asarray(
        1 - np.abs(2 * (np.zeros(len(batch.spans)) if highest is None else np.nan_to_num(highest)) - 1)
    )


def lots(batch: Batch, seed: int, stream: int) -> Float[np.ndarray, " rows"]:
    """A number in [0, 1) for each row, which depends on the text, the row's place in it, seed and stream."""
    spans = batch.spans
    texts = np.array([int(short_hash(text), 16) for text in spans.texts], dtype=np.uint64)
    with np.errstate(over="ignore"):
        salt = np.uint64(int(short_hash([seed, stream]), 16))
        place = _mixed(spans.start.astype(np.uint64) * np.uint64(1 << 32) + spans.end.astype(np.uint64))
        mixed = _mixed(_mixed(texts ^ salt)[spans.document] ^ place)
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def save_escalation(escalation: Escalation, folder: str | Path) -> Path:
    """Write ``escalation.json`` into a folder, atomically."""
    return write_json(Path(folder) / ESCALATION_FILE, asdict(escalation))


def open_escalation(folder: str | Path) -> Escalation:
    """The escalation of a folder; raises `UsageError` when there is none, or a field is unknown or wrong."""
    path = Path(folder) / ESCALATION_FILE
    if not path.is_file():
        raise UsageError(
            f"{folder} has no {ESCALATION_FILE}", right="a folder that `eudaimon curate fit` wrote"
        )
    try:
        value = read_json(path)
        unknown = set(value) - set(Escalation.__dataclass_fields__)
        if unknown:
            raise UsageError(f"{path} has the unknown field {min(unknown)}")
        return TypeAdapter(Escalation).validate_python(value)
    except (ValidationError, TypeError) as error:
        raise UsageError(f"{path} is no escalation: {str(error).splitlines()[0]}") from error


def _mixed(x: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014), on 64-bit unsigned integers."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))
