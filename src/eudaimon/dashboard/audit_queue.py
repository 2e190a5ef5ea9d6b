"""An audit's queue in the browser: the same session as at the terminal, one person and one process at a time.

Every answer that ends an item is on disk, as ``eudaimon curate audit`` writes and reads it, before the page
shows the next one. Nothing of what a scorer or a policy said of an item is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eudaimon.core.errors import UsageError
from eudaimon.curate.audit.draw import Sample
from eudaimon.curate.audit.folder import RATINGS, read_sample
from eudaimon.curate.audit.ratings import read_ratings
from eudaimon.curate.audit.session import RatingSession, Told
from eudaimon.curate.policy import Policy
from eudaimon.dashboard.store import Found
from eudaimon.jobs.lock import locked

LOCK = ".ratings.lock"
LONGEST_NAME = 80


@dataclass(frozen=True)
class Queue:
    """An audit that somebody can rate: its sample, its policy, and its file of ratings."""

    sample: Sample
    policy: Policy
    path: Path

    def session(self, rater: str) -> RatingSession:
        """Where a rater stands, from what is on disk; raises `UsageError` for an empty or endless name."""
        shown = rater.strip()
        if not shown or len(shown) > LONGEST_NAME or not shown.isprintable():
            raise UsageError(
                f"{rater[:LONGEST_NAME]!r} is no name for a rater",
                right=f"1 to {LONGEST_NAME} characters that can be printed",
            )
        return RatingSession(self.sample.items, self.policy, shown, self.path)

    def press(self, session: RatingSession, key: str) -> Told:
        """What a key does, as `RatingSession.press`; nobody else writes into the file meanwhile.

        Raises `OSError` when the disk does not take it: the item is then not rated and is asked again.
        """
        with _alone(self.path):
            return session.press(key)

    def raters(self) -> dict[str, int]:
        """How many items each rater has rated or skipped."""
        known = {item.key for item in self.sample.items}
        found: dict[str, int] = {}
        for rating in read_ratings(self.path):
            if rating.key in known:
                found[rating.rater] = found.get(rating.rater, 0) + 1
        return found


def open_queue(audit: Found, policies: Mapping[str, Policy] | Iterable[Policy]) -> Queue:
    """The queue of an audit, under the policy that its sample was drawn for.

    Which questions are asked follows from the policy: raises `UsageError` when none of ``policies`` is that
    one, and `BadRows` when the sample is broken.
    """
    sample = read_sample(audit.path)
    listed = policies.values() if isinstance(policies, Mapping) else policies
    policy = next((one for one in listed if one.hash == sample.plan.policy_hash), None)
    if policy is None:
        raise UsageError(
            f"the sample is of policy {sample.plan.policy} {sample.plan.policy_hash}, which is not here",
            right="a shipped policy, or one by which a corpus in the folder was decided",
            do=f"eudaimon curate audit SCORES --out {audit.name} --policy FILE --rater NAME",
        )
    return Queue(sample, policy, audit.path / RATINGS)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with locked(path.with_name(LOCK), wait=True):
        yield
