"""The attacks as a table in Markdown: what a page shows of them is what they say of themselves."""

from __future__ import annotations

from eudaimon.evaluate.attack.attack import Attack
from eudaimon.evaluate.attack.registry import attacks

HEAD = ("attack", "variants (controls in italics)", "what it models", "budget", "source")


def attack_table() -> str:
    """All attacks by name, a line each: variants, the attacker it stands for, budget axis and source."""
    lines = [HEAD, ("---",) * len(HEAD), *(_line(attack) for attack in attacks())]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _line(attack: Attack) -> tuple[str, ...]:
    variants = [f"*{one.name}*" if one.control else one.name for one in attack.variants]
    budgets = ", ".join(f"{budget:g}" for budget in attack.budgets)
    return (
        f"`{attack.name}`",
        ", ".join(variants),
        attack.models,
        f"{attack.unit}: {budgets}",
        attack.source,
    )
