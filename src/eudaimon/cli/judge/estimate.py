"""``eudaimon judge estimate``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from eudaimon.cli.judge.cost import cost_line
from eudaimon.cli.judge.options import Out, WhichAnswers, WhichJudge
from eudaimon.cli.options import Json
from eudaimon.cli.output import print_json, print_line


def estimate(
    which: WhichAnswers, judge: WhichJudge, out: Out = Path("judged"), as_json: Json = False
) -> None:
    """Say about what judging will cost, without asking anything: a token is taken for four characters."""
    from eudaimon.evaluate.judging.folder import REPLIES

    cost = judge.open(out / REPLIES).estimate(which.read(judge.judge), judge.price())
    if as_json:
        print_json(asdict(cost))
    else:
        print_line(f"About {cost_line(cost)}")
