"""What the ratings of a sample say of the whole corpus, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from eudaimon.core.errors import UsageError
from eudaimon.core.score import Score
from eudaimon.curate.audit.markers import Kind, markers
from eudaimon.curate.audit.ratings import Rating, verdict
from eudaimon.curate.audit.records import Agreement, AuditItem, AuditPlan, AuditRecord, GroupFinding
from eudaimon.curate.policy import Policy
from eudaimon.curate.taxonomy import STANCES
from eudaimon.measure.agreement import Level, krippendorff
from eudaimon.measure.stratified import Stratified, stratified_mean, stratified_ratio, stratified_share

KINDS: tuple[Kind, ...] = ("dialect", "identity")
LEAST_OF_GROUP = 5
"""Rated segments of a group below which no rate is stated."""


def estimate(
    plan: AuditPlan, items: Sequence[AuditItem], ratings: Iterable[Rating], policy: Policy
) -> AuditRecord:
    """Precision, recall, prevalence and over-removal in the corpus, by group too, and the raters' agreement.

    An item that several raters rated counts as bad to the share of them that call it so. Items that nobody
    rated, skipped ones and unclear ones are taken to be like the others of their stratum. Ratings of other
    items are passed over. Raises `UsageError` when nothing was rated, and when the sample was drawn under
    another policy.
    """
    if policy.hash != plan.policy_hash:
        raise UsageError(
            f"the sample was drawn under policy {plan.policy} {plan.policy_hash}, not {policy.hash}",
            right="the policy that decided what is removed",
            do="draw a new sample",
        )
    keys = {item.key for item in items}
    given = [rating for rating in ratings if rating.key in keys]
    rated = _Rated.of(plan, items, given, policy)
    if not len(rated.items):
        raise UsageError("no item of the sample has a rating that says enough", right="ratings of its items")
    return AuditRecord(
        plan=plan,
        raters=tuple(dict.fromkeys(rating.rater for rating in given)),
        rubrics=tuple(sorted({rating.rubric for rating in given if rating.rubric})),
        n_items=len(items),
        n_rated=len(rated.items),
        n_skipped=len({r.key for r in given if r.skipped} - {item.key for item in rated.items}),
        n_unclear=rated.n_unclear,
        precision=_or_none(rated.precision),
        recall=_or_none(lambda: stratified_ratio(rated.bad, rated.removed, rated.sample)),
        prevalence=_or_none(lambda: stratified_mean(rated.bad, rated.removed, rated.sample)),
        over_removal=_or_none(lambda: stratified_ratio(1 - rated.bad, rated.removed, rated.sample)),
        groups=tuple(_groups(plan, rated)),
        agreement=_agreement(items, given, policy),
        limits={kind: " ".join(markers(kind).limits.split()) for kind in KINDS},
        notes=_notes(rated),
    )


@dataclass(frozen=True, eq=False)
class _Rated:
    """Items with a verdict: how bad each is to its raters, and the sample that they are."""

    items: tuple[AuditItem, ...]
    bad: Float[np.ndarray, "n"]
    sample: Stratified
    removed: Bool[np.ndarray, "strata"]
    n_unclear: int

    @classmethod
    def of(
        cls, plan: AuditPlan, items: Sequence[AuditItem], ratings: Iterable[Rating], policy: Policy
    ) -> _Rated:
        said: dict[tuple[str, int], list[bool]] = {}
        unclear: set[tuple[str, int]] = set()
        for rating in ratings:
            found = None if rating.skipped else verdict(policy, rating.labels)
            if found is not None:
                said.setdefault(rating.key, []).append(found)
            elif not rating.skipped:
                unclear.add(rating.key)
        kept = tuple(item for item in items if item.key in said)
        sizes = {stratum.name: stratum.n_segments for stratum in plan.strata}
        return cls(
            items=kept,
            bad=np.array([np.mean(said[item.key]) for item in kept]),
            sample=Stratified.of([item.stratum for item in kept], sizes),
            removed=np.array([stratum.sort == "removed" for stratum in plan.strata]),
            n_unclear=len(unclear - set(said)),
        )

    def precision(self) -> Score:
        part, items = self.sample.within(self.removed)
        return stratified_share(self.bad[items], part)


def _groups(plan: AuditPlan, rated: _Rated) -> Iterable[GroupFinding]:
    """By source from the strata of that source alone; by marker from the whole sample."""
    sources = np.array([stratum.source for stratum in plan.strata])
    for name in dict.fromkeys(sources.tolist()):
        sample, items = rated.sample.within(sources == name)
        everyone = np.ones(int(items.sum()), dtype=bool)
        yield _finding("source", name, rated.bad[items], everyone, sample, rated.removed[sources == name])
    for kind in KINDS:
        found = [markers(kind).found(item.text or "") for item in rated.items]
        for name in markers(kind).groups:
            members = np.array([name in groups for groups in found], dtype=bool)
            if members.any():
                yield _finding(kind, name, rated.bad, members, rated.sample, rated.removed)


def _finding(
    kind: Literal["source", "dialect", "identity"],
    name: str,
    bad: Float[np.ndarray, "n"],
    members: Bool[np.ndarray, "n"],
    sample: Stratified,
    removed: Bool[np.ndarray, "strata"],
) -> GroupFinding:
    n = int(members.sum())
    taken, items = sample.within(removed)
    enough = n >= LEAST_OF_GROUP
    some = int(members[items].sum()) >= LEAST_OF_GROUP
    return GroupFinding(
        kind=kind,
        name=name,
        n_rated=n,
        over_removal=_or_none(lambda: stratified_ratio(1 - bad, removed, sample, members=members))
        if enough
        else None,
        wrong=_or_none(lambda: stratified_share(1 - bad[items], taken, members=members[items]))
        if some
        else None,
    )


def _agreement(
    items: Sequence[AuditItem], ratings: Sequence[Rating], policy: Policy
) -> tuple[Agreement, ...]:
    """Alpha of the verdict, of severity and of stance, over the items that two raters or more rated."""
    raters = {name: place for place, name in enumerate(dict.fromkeys(rating.rater for rating in ratings))}
    if len(raters) < 2:
        return ()
    rows = {item.key: row for row, item in enumerate(items)}
    tables = {name: np.full((len(items), len(raters)), np.nan) for name in ("verdict", "severity", "stance")}
    for rating in ratings:
        if rating.skipped:
            continue
        place = rows[rating.key], raters[rating.rater]
        found, labels = verdict(policy, rating.labels), rating.labels
        stance = labels.stance or ("none" if labels.severity == 0 else None)
        tables["verdict"][place] = np.nan if found is None else float(found)
        tables["severity"][place] = np.nan if labels.severity is None else labels.severity
        tables["stance"][place] = np.nan if stance is None else STANCES.index(stance)
    levels: dict[str, Level] = {"verdict": "nominal", "severity": "ordinal", "stance": "nominal"}
    return tuple(_alpha(name, tables[name], level) for name, level in levels.items())


def _alpha(question: str, table: Float[np.ndarray, "items raters"], level: Level) -> Agreement:
    try:
        return Agreement(question=question, level=level, alpha=krippendorff(table, level))
    except UsageError as error:
        return Agreement(question=question, level=level, why_not=error.what)


def _or_none(share: Callable[[], Score]) -> Score | None:
    try:
        return share()
    except UsageError:
        return None


def _notes(rated: _Rated) -> tuple[str, ...]:
    empty = int((rated.sample.drawn == 0).sum())
    notes = []
    if empty:
        share = rated.sample.sizes[rated.sample.drawn == 0].sum() / rated.sample.sizes.sum()
        notes.append(
            f"{empty} of {len(rated.sample.sizes)} strata, with {100 * share:.1f} % of the segments, "
            "have no rating; they are taken to be as the rest of what was removed, or kept."
        )
    notes.append("Alpha is of the sample, in which removed segments are many; it is not weighted.")
    return tuple(notes)
