"""What a fit starts from: its options, and the activations of train and calibration rows with their roles.

The roles of calibration rows must not mix. A third of the benign ones (and all harmful ones) choose layers,
poolings, regularisation and the probes' scale; the other benign rows set the threshold and are used for
nothing else, since a threshold set on rows that also chose the monitor promises too much.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from eudaimon.core import Pooling, Site, UsageError
from eudaimon.data.query import Query
from eudaimon.models.activations import Activations
from eudaimon.models.capture import capture_prompts
from eudaimon.models.model import Model
from eudaimon.models.prompts import Prompt
from eudaimon.models.prompts import prepare as make_prompts
from eudaimon.monitor.augmentation import augment
from eudaimon.monitor.monitor import Consensus
from eudaimon.monitor.reading import Part, Reads, ends_in_answer, grown, prompts_of

CHOOSING_COINS = 85
"""Of 256 values of a hash byte: a third of the benign calibration rows choose."""


@dataclass(frozen=True)
class FitOptions:
    """What to try and the rates to promise; the defaults are those of the quickstart.

    ``target_fpr`` is the false-positive rate on benign text; ``worst_source`` makes it hold on each benign
    calibration source that is large enough rather than on their mixture. The best ``n_layers`` layers each
    give a logistic probe and a kernel probe, joined by ``consensus``. ``strengths`` and ``kernel_strengths``
    are the inverse regularisations that are tried; an empty tuple leaves that kind of probe out.
    ``poolings`` are mean and max on encoders, mean and last on causal models unless given. ``augment`` adds
    wrapped and misspelt copies of training rows. ``sweep_methods`` are shown in the layer sweep beside the
    logistic one, which chooses the layers. A monitor that ``reads`` the answer is fitted on conversations
    that end with one, on the answer in its context as it grows; ``augment`` does nothing there.
    """

    target_fpr: float = 0.01
    worst_source: bool = False
    sweep_methods: tuple[str, ...] = ("mean_difference",)
    poolings: tuple[Pooling, ...] | None = None
    sites: tuple[Site, ...] | None = None
    strengths: tuple[float, ...] = (0.01, 0.03, 0.1)
    kernel_strengths: tuple[float, ...] = (1.0, 3.0, 10.0)
    n_layers: int = 2
    consensus: Consensus = "stack"
    augment: bool = True
    keep_examples: bool = True
    seed: int = 0
    reads: Reads = "text"

    def poolings_on(self, model: Model) -> tuple[Pooling, ...]:
        """The poolings that are tried on a model."""
        return self.poolings or (("mean", "last") if model.is_causal else ("mean", "max"))


@dataclass(frozen=True, eq=False)
class Prepared:
    """Captured activations of train and calibration rows, with the roles of the calibration rows."""

    train: tuple[Query, ...]
    calibration: tuple[Query, ...]
    train_activations: Activations
    calibration_activations: Activations
    chooses: Bool[np.ndarray, "m"]
    """Which calibration rows choose; the other ones are benign and set thresholds."""
    n_altered: int = 0
    """How many of the training rows, the last ones, are altered copies."""
    looks: tuple[int, ...] = ()
    """How often each training row stands in ``train``: an answer is looked at as it grows. Empty: once."""

    @property
    def own(self) -> Int[np.ndarray, "k"]:
        """Where in ``train`` the rows stand that were given, without altered copies, answers at their end."""
        return np.cumsum(self.looks) - 1 if self.looks else np.arange(len(self.train) - self.n_altered)

    @property
    def own_train(self) -> tuple[Query, ...]:
        """The training rows as they were given."""
        return tuple(self.train[place] for place in self.own)

    @property
    def train_y(self) -> Bool[np.ndarray, "n"]:
        """Labels of the training rows."""
        return np.array([query.harmful for query in self.train])

    @property
    def calibration_y(self) -> Bool[np.ndarray, "m"]:
        """Labels of the calibration rows."""
        return np.array([query.harmful for query in self.calibration])


def prepare(
    model: Model, train: Sequence[Query], calibration: Sequence[Query], options: FitOptions
) -> Prepared:
    """The activations that fitting needs, read in one pass over each split.

    Raises `UsageError` for a row of which the model reads no token, or whose answer it does not read whole.
    """
    sites = options.sites or model.sites
    poolings = options.poolings_on(model)

    def read(rows: Sequence[Query], prompts: Sequence[Prompt]) -> Activations:
        activations = capture_prompts(model, prompts, sites, pooling=poolings)
        if not activations.n_tokens.all():
            unread = rows[int(activations.n_tokens.argmin())]
            raise UsageError(
                f"the model reads no token of row {unread.id} of {unread.source}",
                right="rows with a text" if options.reads == "text" else "answers that fit into the context",
                do="leave the row out",
            )
        return activations

    rows = training_rows(train, options)
    first, second = _prompts(model, rows, options.reads), _prompts(model, calibration, options.reads)
    n_altered, n_looks = len(rows) - len(train), tuple[int, ...]()
    if options.reads == "answer":
        looks = [grown(prompt) if prompt.last >= 0 else [prompt] for prompt in first]
        rows = tuple(query for query, own in zip(rows, looks, strict=True) for _ in own)
        first, n_looks = [look for own in looks for look in own], tuple(map(len, looks))
    return Prepared(
        rows,
        tuple(calibration),
        read(rows, first),
        read(calibration, second),
        ~sets_threshold(calibration),
        n_altered,
        n_looks,
    )


def _prompts(model: Model, rows: Sequence[Query], reads: Reads) -> list[Prompt]:
    if reads == "text":
        return make_prompts(model, [query.text for query in rows])
    if not model.is_causal:
        raise UsageError(
            f"{model.checkpoint.name} is an encoder: no answer grows in it",
            right="a causal model, or a monitor that reads texts",
            do="--reads text",
        )
    for query in rows:
        if not ends_in_answer(query.text):
            raise UsageError(
                f"row {query.id} of {query.source} does not end with an answer",
                right='rows {"messages": [...], "label": ...} whose last turn is the assistant\'s',
                do="leave the row out, or --reads text",
            )
    return prompts_of(
        model,
        [Part(0, query.text, answer=(0, len(query.text[-1].content))) for query in rows],  # type: ignore[union-attr]
    )


def training_rows(train: Sequence[Query], options: FitOptions) -> tuple[Query, ...]:
    """The rows that probes are fitted on: the training rows and, with ``augment``, their altered copies."""
    if options.reads == "answer" or not options.augment:
        return tuple(train)
    return (*train, *augment(train, options.seed))


def sets_threshold(calibration: Sequence[Query]) -> Bool[np.ndarray, "m"]:
    """Which calibration rows set thresholds: two thirds of the benign ones, by a hash of the text.

    A row keeps its role whatever other rows there are.
    """
    coins = [
        hashlib.sha256(query.plain.encode("utf-8", "surrogatepass")).digest()[0] for query in calibration
    ]
    return np.array(
        [coin >= CHOOSING_COINS and not query.harmful for coin, query in zip(coins, calibration, strict=True)]
    )
