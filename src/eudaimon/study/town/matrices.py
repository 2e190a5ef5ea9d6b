"""Finished transfer matrices of a study, as its summary reads them."""

from __future__ import annotations

from collections.abc import Sequence

from eudaimon.core.files import read_json
from eudaimon.study.steps.given_transfers import PAIRS
from eudaimon.study.steps.tried_directions import COSINES, TRIALS, DirectionTrials
from eudaimon.study.store import StepStore
from eudaimon.study.summary.transfers import Transferred, TriedDirections


def tried_directions(store: StepStore, matrices: Sequence[tuple[int, DirectionTrials]]) -> TriedDirections:
    """The trials and cosines of the seeds that are finished and tried something; the others are left out.

    All seeds of a study take their pairs of answers from the same place: what the first finished one says of
    them holds for all.
    """
    from eudaimon.vectors.transfer_table import TransferTable

    done = [(seed, step, store.path(step)) for seed, step in matrices if store.done(step)]
    said = [read_json(path / PAIRS) for _, _, path in done if (path / PAIRS).is_file()]
    about = said[0] if said else {}
    return TriedDirections(
        seeds=tuple(
            Transferred(seed, TransferTable.load(path / TRIALS), read_json(path / COSINES))
            for seed, _, path in done
            if (path / TRIALS).is_file()
        ),
        kl_budget=matrices[0][1].kl_budget if matrices else 0.0,
        measured_by=" ".join(
            text for text in (matrices[0][1].measured_by if matrices else "", about.get("says", "")) if text
        ),
        why=about.get("why", ""),
    )
