"""`raw`: the corpus as it is."""

from __future__ import annotations

from eudaimon.train.arm import Arm, Base, Plan, unchanged


def prepare(base: Base) -> Plan:
    """Every document unchanged."""
    return Plan(unchanged)


ARM = Arm("raw", prepare)
