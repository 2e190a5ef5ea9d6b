"""Two policies on one corpus: which documents they treat differently, and what is done with characters."""

from __future__ import annotations

from dataclasses import dataclass

from eudaimon.dashboard.decisions import Decided
from eudaimon.dashboard.tables import Row, ask, parquet

ACTIONS = ("tag", "mask", "rewrite", "redact")
PAGE = 25


@dataclass(frozen=True)
class PolicyDiff:
    """What changes from one policy to another.

    ``outcomes`` are numbers of documents by outcome before and after, ``actions`` characters of kept
    documents by what is done with them, ``sources`` documents that change and all, by source.
    ``n_listed`` are those that `changed_page` lists, where copies of one text under one id stand once.
    """

    n_documents: int
    n_changed: int
    n_listed: int
    outcomes: tuple[Row, ...]
    actions: tuple[Row, ...]
    sources: tuple[Row, ...]


def policy_diff(before: Decided, after: Decided) -> PolicyDiff:
    """The difference of two policies over all documents of a corpus.

    A document changes when its outcome, its weight, its reflection or what is done with any of its characters
    is another; by which rule that is done does not matter. Raises `BadRows` on files that are damaged.
    """
    query, files, values = _joined(before, after)
    outcomes = ask(
        f"""{query} select before, after, sum(n)::bigint as documents from joined
        group by 1, 2 order by 3 desc, 1, 2""",
        files, values,
    )  # fmt: skip
    by_source = ask(
        f"""{query} select source, coalesce(sum(n) filter (changed), 0)::bigint as changed,
            sum(n)::bigint as documents, count(*) filter (changed) as listed
        from joined group by source order by changed desc, source""",
        files, values,
    )  # fmt: skip
    sums = ", ".join(
        f"coalesce(sum(n * list_sum([s.size for s in {side} if s.action = '{action}'])), 0)::bigint "
        f"as {side}_{action}"
        for side in ("was", "becomes")
        for action in ACTIONS
    )
    (summed,) = ask(f"{query} select {sums} from joined", files, values)
    actions = [
        {"action": action, "before": summed[f"was_{action}"], "after": summed[f"becomes_{action}"]}
        for action in ACTIONS
    ]
    return PolicyDiff(
        n_documents=sum(row["documents"] for row in outcomes),
        n_changed=sum(row["changed"] for row in by_source),
        n_listed=sum(row.pop("listed") for row in by_source),
        outcomes=tuple(outcomes),
        actions=tuple(row for row in actions if row["before"] or row["after"]),
        sources=tuple(by_source),
    )


def changed_page(before: Decided, after: Decided, first: int, most: int = PAGE) -> list[Row]:
    """Some of the documents that change, with outcome, reason and characters acted on under each policy."""
    query, files, values = _joined(before, after)
    size = "coalesce(list_sum([s.size for s in {}]), 0)::bigint"
    return ask(
        f"""{query} select document, source, before, {size.format("was")} as characters_before, reason_before,
            after, {size.format("becomes")} as characters_after, reason_after
        from joined where changed order by document, text_hash limit ? offset ?""",
        files,
        [*values, most, first],
    )


def _joined(before: Decided, after: Decided) -> tuple[str, dict[str, str], list[list[str]]]:
    """The query's head, its tables, and its values: each document once, with both decisions on it.

    Decisions on one text of one id are the same however often it comes; ``n`` says how often.
    """
    query = f"""
        with one as ({_side("one")}), two as ({_side("two")}), joined as (
            select one.document, one.text_hash, one.source, one.n, one.outcome as before,
                two.outcome as after, one.reason as reason_before, two.reason as reason_after,
                one.treated as was, two.treated as becomes,
                (one.outcome, one.weight, one.reflection)
                    is distinct from (two.outcome, two.weight, two.reflection)
                    or one.treated is distinct from two.treated as changed
            from one join two using (document, text_hash)
        )
    """
    values = [*_rules(before), *_rules(after)]
    return query, {"one": parquet(before.files), "two": parquet(after.files)}, values


def _side(name: str) -> str:
    """The decisions of one policy; of a document that is not kept it does not matter what spans it has."""
    span = """{{'start': s.start, 'stop': s."end", 'size': s."end" - s.start, 'action': actions[s.rule]}}"""
    return f"""
        select document, text_hash, source, n, outcome, reason, weight, reflection,
            case when outcome = 'keep' then [{span} for s in spans if actions[s.rule] is not null]
                else [] end as treated
        from (
            select document, coalesce(text_hash, '') as text_hash, count(*) as n,
                any_value(coalesce(source, ''))::varchar as source, any_value(outcome)::varchar as outcome,
                any_value(coalesce(reason, ''))::varchar as reason, any_value(weight) as weight,
                any_value(coalesce(reflection, ''))::varchar as reflection,
                coalesce(any_value(spans), []) as spans, map(?::varchar[], ?::varchar[]) as actions
            from {{{name}}} group by 1, 2
        )
    """


def _rules(decided: Decided) -> list[list[str]]:
    """The segment rules of a policy that do anything, and what they do."""
    acting = [rule for rule in decided.policy.segments if rule.do != "keep"]
    return [[rule.name for rule in acting], [rule.do for rule in acting]]
