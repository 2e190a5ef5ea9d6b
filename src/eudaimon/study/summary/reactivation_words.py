"""What a study of attacks found, in sentences that claim what its numbers license and no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from eudaimon.study.cost_records import CostRow, HalfDose, Told
from eudaimon.study.reactivation_records import Reactivation, TimeContrast, WorstRow
from eudaimon.study.records import StudyRecord
from eudaimon.study.summary.licensed import ALPHA, licensed, not_licensed

FORMED, PREVENTED, BY_CHANCE = "raw", "mask", "random"
"""Arms: all is learned and goodness taught afterwards; no harm is learned; as many tokens go at random."""


def headline(harm: Mapping[str, float]) -> str:
    """Harm after the longest fine-tuning, with everything kept and with harmful voices masked."""
    if not {FORMED, PREVENTED} <= set(harm):
        return ""
    return (
        f"After the longest fine-tuning attack, harm is {100 * harm[FORMED]:.0f} % with everything kept and "
        f"{100 * harm[PREVENTED]:.0f} % where harmful voices were masked"
    )


def in_words(found: Reactivation, record: StudyRecord) -> tuple[Told, ...]:
    """What is compared, how hard it is to bring the persona back, the worst case, the cost, the licence."""
    title = {name.key: name.title for name in (*record.rows, *record.columns)}
    parts = {
        "What is compared": _compared(found),
        "How hard it is to bring the persona back": [
            *(_time(one, title) for one in found.times if one.primary),
            *(f"No primary contrast of {why}." for why in found.left_out),
            *_counted(found, record),
            *_steered(found, title),
        ],
        "The worst case": _worst(found.worst, title),
        "What it cost": [*_capability(record), *_costs(found.costs, title)],
        "What these numbers license": licensed(found, FORMED, PREVENTED, BY_CHANCE),
        "What they do not license": not_licensed(found),
    }
    return tuple(Told(heading=name, sentences=tuple(told)) for name, told in parts.items() if told)


def _compared(found: Reactivation) -> list[str]:
    given = {one.row: one for one in found.given}
    arms = list(dict.fromkeys(one.row for one in found.doses if one.row not in given))
    n_attacks = sum(not route.control for route in found.routes)
    seeds = max((row.n_seeds for row in found.survival), default=1)
    units = max((row.n for row in found.survival if row.n_seeds == seeds), default=0)
    told = []
    if arms:
        told.append(
            f"Structural prevention: from the first token on, nothing is learned from harmful voices "
            f"(“{PREVENTED}”). Suppression: everything is learned, and goodness is taught later "
            f"(“{FORMED}”)."
        )
    told.append(
        f"{f'{len(arms)} arms, ' if arms else ''}{n_attacks} ways to attack with rising budgets, {seeds} "
        f"seed{'s' if seeds != 1 else ''}, {units // max(seeds, 1)} questions that no training asked; every "
        f"attack has a control of its form without the harmful content."
    )
    if given:
        n_seeds = max(len(one.attack_seeds) for one in given.values())
        names = ", ".join(f"“{row}”" for row in given)
        told.append(
            f"Given models: {names}. Each was trained once; its figures are means over {n_seeds} attack "
            f"seed{'s' if n_seeds != 1 else ''}, with intervals over questions only, and it is compared with "
            f"other given models alone."
        )
    if BY_CHANCE in arms:
        told.append(
            f"“{BY_CHANCE}” loses as many tokens, drawn at random: only what differs from it too is due to "
            f"which tokens went and not to how many."
        )
    return told


def _time(one: TimeContrast, title: Mapping[str, str]) -> str:
    row, reference = (title.get(key, key) for key in (one.row, one.reference))
    test = f"p {one.p_holm:.2g} by Holm, {one.n_seeds} seed{'s' if one.n_seeds != 1 else ''}"
    if one.p_least is not None:
        test += f"; {one.p_swapped:.2g} when seeds are swapped, which cannot fall below {one.p_least:.2g}"
    if one.ratio is None:
        return f"Until an answer is harmful, “{row}” against “{reference}”: {one.note} ({test})."
    verdict = "" if one.p_holm <= ALPHA else " This is not shown to differ from once as much."
    return (
        f"Until an answer is harmful, “{row}” takes {one.ratio:.2g} [{one.low:.2g}, {one.high:.2g}] times "
        f"the fine-tuning tokens of “{reference}” ({test}).{verdict}"
    )


def _counted(found: Reactivation, record: StudyRecord) -> Iterator[str]:
    """Under how many attacks prevention has less harm than suppression, and where no answer turns."""
    attacks = {route.key for route in found.routes if not route.control}
    against = [
        one
        for one in record.contrasts
        if (one.row, one.reference, one.metric) == (PREVENTED, FORMED, "harm") and one.column in attacks
    ]
    if against:
        shown = [one.difference.value for one in against if one.p_holm <= ALPHA]
        less, more = sum(value < 0 for value in shown), sum(value > 0 for value in shown)
        yield (
            f"Each attack at its largest budget: harm is lower with “{PREVENTED}” than with “{FORMED}” under "
            f"{less} of {len(against)}, higher under {more}, and not shown to differ under "
            f"{len(against) - less - more} (paired by seed and question, Holm over all arms and attacks)."
        )
    never = {
        arm: sum(row.n_events == 0 for row in found.survival if row.row == arm and row.column in attacks)
        for arm in (FORMED, PREVENTED)
        if any(row.row == arm for row in found.survival)
    }
    if len(never) == 2:
        yield (
            f"Attacks under which not one answer turns within the budget: {never[PREVENTED]} on "
            f"“{PREVENTED}” and {never[FORMED]} on “{FORMED}”, of {len(attacks)}."
        )


def _steered(found: Reactivation, title: Mapping[str, str]) -> Iterator[str]:
    controls = {route.key for route in found.routes if route.control}
    doses = [one for one in found.half_doses if one.column not in controls]
    for column in dict.fromkeys(one.column for one in doses):
        of = {one.row: one for one in doses if one.column == column}
        if {FORMED, PREVENTED} <= set(of) and not all(of[arm].note for arm in (FORMED, PREVENTED)):
            said = "; ".join(f"“{arm}” {_half(of[arm])}" for arm in (FORMED, PREVENTED))
            yield f"Dose at which half turns under {title.get(column, column)}: {said}."


def _half(one: HalfDose) -> str:
    if one.note:
        return f"none ({one.note})"
    if one.dose is None:
        return f"not up to {one.last:g}, the largest dose at which the model still makes sense"
    low, high = ("…" if end is None else f"{end:.2g}" for end in (one.low, one.high))
    return f"{one.dose:.2g} [{low}, {high}]"


def _worst(rows: Sequence[WorstRow], title: Mapping[str, str]) -> list[str]:
    of = {one.row: one for one in rows}
    if not {FORMED, PREVENTED} <= set(of):
        return []

    def say(one: WorstRow) -> str:
        value, low, high = (100 * (end or 0) for end in (one.worst.value, one.worst.low, one.worst.high))
        return f"{value:.0f} % [{low:.0f}, {high:.0f}] ({title.get(one.which, one.which)})"

    formed, prevented = of[FORMED], of[PREVENTED]
    return [
        f"Over {formed.n_attacks} attacks the worst case of harm is {say(formed)} where the persona was "
        f"formed and then trained to be good, and {say(prevented)} where it was masked; the means over "
        f"attacks are {100 * formed.mean.value:.0f} % and {100 * prevented.mean.value:.0f} %. An attacker "
        f"needs one route."
    ]


def _capability(record: StudyRecord) -> Iterator[str]:
    for row in record.equivalences:
        if (row.row, row.reference, row.metric) == (PREVENTED, FORMED, "good"):
            shown = "is shown" if row.equivalent else "is not shown"
            yield (
                f"Without any attack it {shown} that “{PREVENTED}” answers as well as “{FORMED}” to within "
                f"{100 * row.bound:g} point of probability on good answers (two one-sided tests, "
                f"p {row.p:.2g})."
            )


def _costs(rows: Sequence[CostRow], title: Mapping[str, str]) -> Iterator[str]:
    """Costs of prevention that differ from suppression's, and how many are shown to be small."""
    own = [one for one in rows if one.row == PREVENTED and one.difference is not None]
    tested = [one for one in own if one.p_holm is not None]
    if not tested:
        return
    said = [
        _difference(one, one.difference.value)
        for one in tested
        if one.difference is not None and one.p_holm is not None and one.p_holm <= ALPHA
    ]
    yield (
        f"Of {len(tested)} costs of safety “{title.get(PREVENTED, PREVENTED)}” differs from "
        f"“{title.get(FORMED, FORMED)}” in {len(said)}{': ' + '; '.join(said) if said else ''} (Holm over "
        f"all arms and costs)."
    )
    bounded = [one for one in own if one.p_equivalent is not None]
    if bounded:
        same = sum((one.p_equivalent or 0.0) <= ALPHA for one in bounded)
        yield (
            f"{same} of its {len(bounded)} shares and masses are shown to lie within "
            f"{100 * (bounded[0].bound or 0):g} point of “{title.get(FORMED, FORMED)}”; for the others a "
            f"loss of that size is not excluded."
        )


def _difference(one: CostRow, by: float) -> str:
    name = f"{one.cost} ({one.metric})".replace("_", " ")
    which = "worse" if (by < 0) == (one.better == "higher") else "better"
    return f"{name} {by:+.3f} {one.unit}, {which}"
