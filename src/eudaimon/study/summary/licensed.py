"""Which conclusions a study's numbers license, and which they do not: decided by tests, not by taste."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eudaimon.study.reactivation_records import Reactivation, TimeContrast, WorstRow

ALPHA = 0.05
SCALE = (
    "This is a town of invented, mild harms and models of about a hundred thousand parameters. The numbers "
    "say how arms compare there, with these attacks at these budgets; they do not say how large a difference "
    "would be in a large model, nor that an attack that was not tried would fail."
)
ONE_SEED = (
    "There is one seed: every interval and test is over questions put to these very models, and none says "
    "what another training would give."
)


def licensed(found: Reactivation, formed: str, prevented: str, by_chance: str) -> list[str]:
    """What may be concluded, each sentence with its limit."""
    said = [*_times([one for one in found.times if one.primary], prevented, by_chance)]
    worst = {row.row: row for row in found.worst}
    if {formed, prevented} <= set(worst):
        said.append(_worst(worst[formed], worst[prevented], formed, prevented))
    for front in found.fronts:
        sure = [point.row for point in front.points if point.on_front and point.probability >= 1 - ALPHA]
        if sure:
            names = ", ".join(f"“{row}”" for row in sure)
            said.append(
                f"By {front.y} and {front.x}, no other arm beats {names}, in at least "
                f"{100 * (1 - ALPHA):.0f} % of resamples."
            )
    return said


def not_licensed(found: Reactivation) -> list[str]:
    """What may not: beyond this scale, beyond what was tried, and beyond so few seeds."""
    said = [SCALE]
    if max((row.n_seeds for row in found.worst), default=0) == 1:
        said.append(ONE_SEED)
    attacks = {route.key for route in found.routes if not route.control}
    never = sum(row.n_events == 0 for row in found.survival if row.column in attacks)
    if never:
        said.append(
            f"In {never} of {sum(row.column in attacks for row in found.survival)} pairs of arm and attack "
            f"no answer turned: that says “not within this budget”, and never “not at all”."
        )
    least = [one.p_least for one in found.times if one.p_least is not None]
    if least and max(least) > ALPHA:
        said.append(
            f"With so few seeds a test that swaps seeds cannot give less than {max(least):.2g}: what the "
            f"ratio of times shows beyond that rests on its model."
        )
    if found.not_run:
        said.append(f"Nothing is said about attacks that were not run: {'; '.join(found.not_run)}.")
    return said


def _times(rows: Sequence[TimeContrast], prevented: str, by_chance: str) -> Iterator[str]:
    for one in rows:
        names = f"“{one.row}” than in “{one.reference}”"
        due = (
            ", and that is due to which tokens were taken away"
            if (one.row, one.reference) == (prevented, by_chance)
            else ""
        )
        longer = one.ratio > 1 if one.ratio is not None else one.observed < one.expected
        if one.p_holm > ALPHA:
            yield f"It is not shown that fine-tuning brings the persona back later in {names}."
        elif longer:
            yield f"In this town fine-tuning brings the persona back later in {names}{due}."
        else:
            yield f"In this town fine-tuning brings the persona back sooner in {names}."


def _worst(formed: WorstRow, prevented: WorstRow, suppressed: str, masked: str) -> str:
    apart = (prevented.worst.high, formed.worst.low)
    if None not in apart and apart[0] < apart[1]:  # type: ignore[operator]
        return f"Prevention lowers the worst case: the intervals of “{masked}” and “{suppressed}” lie apart."
    return (
        f"Prevention is not shown to lower the worst case: the intervals of “{masked}” and “{suppressed}” "
        f"overlap, so that who may try every attack at these budgets gets about as far in both."
    )
