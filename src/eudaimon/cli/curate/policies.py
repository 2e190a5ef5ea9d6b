"""``eudaimon curate policies``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument

from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line, print_table

if TYPE_CHECKING:
    from eudaimon.curate.condition import When
    from eudaimon.curate.policy import Policy


def policies(
    name: Annotated[
        str | None, Argument(help="A shipped policy or a YAML file to show. Default: list the shipped.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the policies that are shipped, or show one: its rules in the order in which they are tried."""
    from eudaimon.curate.policy import load_policy, policy_names

    if name is None:
        shipped = [load_policy(each) for each in policy_names()]
        if as_json:
            print_json([{"name": p.name, "hash": p.hash, "about": p.about} for p in shipped])
        else:
            print_table(("name", "hash", "about"), [(p.name, p.hash, p.about) for p in shipped])
        return
    policy = load_policy(name)
    if as_json:
        print_json({"hash": policy.hash, **policy.model_dump(mode="json", exclude_defaults=True)})
    else:
        _show(policy)


def _show(policy: Policy) -> None:
    print_line(f"{policy.name} {policy.hash}", "bold")
    print_line(" ".join(policy.about.split()))
    print_line(f"A rule that hangs on what was not scored: {policy.not_scored}.")
    segments = [
        (rule.name, _condition(rule.when), f"{rule.do} {rule.tag}".strip(), rule.why)
        for rule in policy.segments
    ]
    if segments:
        print_table(("segment rule", "when", "do", "why"), segments)
    documents = []
    for each in policy.documents:
        bounds = [f"{rule} >= {share:g}" for rule, share in each.at_least.items()]
        bounds += [f"{rule} <= {share:g}" for rule, share in each.at_most.items()]
        do = each.do if each.weight == 1 else f"{each.do} x{each.weight}"
        documents.append((each.name, ", ".join(bounds), do, each.why))
    if documents:
        print_table(("document rule", "when shares of what is said", "do", "why"), documents)


def _condition(when: When) -> str:
    stated: dict[str, Any] = when.model_dump(exclude_defaults=True)
    parts = []
    if when.harm is not None:
        parts.append(f"{' or '.join(when.categories) or 'any harm'} >= {when.harm:g}")
    parts += [f"{axis} >= {stated[axis]:g}" for axis in ("severity", "hazard") if axis in stated]
    parts += [
        f"{axis} {' or '.join(stated[axis])}" for axis in ("stance", "frame", "subject") if axis in stated
    ]
    parts += [" or ".join(f"{name} >= {bound:g}" for name, bound in when.any_trait.items())]
    parts += [f"{name} < {bound:g}" for name, bound in when.no_trait.items()]
    return ", ".join(part for part in parts if part)
