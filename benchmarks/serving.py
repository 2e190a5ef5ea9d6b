"""Answers of a served model with its guard and without, for one client and for many at once.

python benchmarks/serving.py --quick     two rounds of few clients, on the terminal alone: does it run
python benchmarks/run.py --only serving  all of it, into docs
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import markdown
import monitor_cost
import serving_moderation
from rounds import one_thread, ratio, show, spread
from serving_load import SHAPE, Load, Run, load_round, served, share_stopped, talking

from eudaimon.models import Model
from eudaimon.serve.local import Guard

LOADS = (Load(1, 6), Load(8, 3), Load(32, 3))
QUICK = (Load(1, 1, 16), Load(4, 1, 16))
NEVER = 2.0
"""No score reaches it: what is measured is the watching, and not that answers end early."""
MONITORS = {"guarded": "linear", "guarded, kernel": "linear + kernel"}
LEAST_THROUGHPUT, MOST_SHARE, MOST_MS, LEAST_TOGETHER = 0.97, 0.03, 1.0, 5.0
"""The targets: of the plain throughput; more to a first piece and a token; of one request at a time."""


def run(rounds: int, log: Callable[[str], None], loads: Sequence[Load] = LOADS) -> dict[str, Any]:
    """Throughput, waiting and moderation on one thread, contenders in turn."""
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        model = talking(Path(folder) / SHAPE)
        return asyncio.run(measure(model, rounds, log, loads))


async def measure(
    model: Model, rounds: int, log: Callable[[str], None], loads: Sequence[Load]
) -> dict[str, Any]:
    """All figures of one model."""
    guards = {
        name: Guard(monitor_cost.monitor(model, kind), NEVER, NEVER, NEVER, hold_back=0)
        for name, kind in MONITORS.items()
    }
    servers = {"plain": served(model, None), **{name: served(model, guard) for name, guard in guards.items()}}
    alone = served(model, guards["guarded"], slots=1)
    rows, every = [], []
    for load in loads:
        found: dict[str, list[Run]] = {name: [] for name in servers}
        for number in range(rounds + 1):
            # Every second round backwards: who comes first changes.
            for name in list(servers)[:: 1 if number % 2 else -1]:
                done = await load_round(servers[name], load, number)
                if number:  # the first round is not counted
                    found[name].append(done)
        rows.append({"clients": load.clients} | _row(found))
        every += [done for runs in found.values() for done in runs]
        log(_line(rows[-1]))
    # What was measured last had most clients. One at a time takes long: fewer requests, and two rounds of it.
    fewer = replace(loads[-1], each=1)
    one = [await load_round(alone, fewer, number) for number in range(1, min(rounds, 2) + 1)]
    together = ratio([own.speed for own in found["guarded"][: len(one)]], [own.speed for own in one])
    log(f"{loads[-1].clients} clients together: {show(together)} times one at a time")
    moderation = await serving_moderation.measure(servers["guarded"], model, rounds)
    log(serving_moderation.line(moderation))
    for server in (*servers.values(), alone):
        await server.close(0)
    return {
        "shape": SHAPE, "most_tokens": loads[-1].most_tokens, "stopped": share_stopped(every), "rows": rows,
        "most_clients": loads[-1].clients, "together": together, "moderation": moderation,
    }  # fmt: skip


def _row(found: Mapping[str, Sequence[Run]]) -> dict[str, Any]:
    """What was measured at one number of clients: each server, and each guarded one against the plain one."""
    plain = found["plain"]
    row: dict[str, Any] = {"plain": _own(plain)}
    for name in MONITORS:
        runs = found[name]
        pairs = list(zip(runs, plain, strict=True))
        added = [own.middle("first") - other.middle("first") for own, other in pairs]
        # A token is read in the forward that takes it: the first piece is one forward late, whoever reads it.
        forward = [other.middle("between") for other in plain]
        row[name] = _own(runs) | {
            "throughput": ratio([own.speed for own in runs], [other.speed for other in plain]),
            "cpu": ratio([own.cost for own in runs], [other.cost for other in plain]),
            "first_added_ms": spread(added),
            "first_own_ms": spread([a - b for a, b in zip(added, forward, strict=True)]),
            "between_added_ms": spread(
                [own.middle("between") - other.middle("between") for own, other in pairs]
            ),
        }
    return row


def _own(runs: Sequence[Run]) -> dict[str, Any]:
    return {
        "tokens_per_second": spread([own.speed for own in runs]),
        "cpu_ms": spread([own.cost for own in runs]),
        "first_ms": spread([own.middle("first") for own in runs]),
        "between_ms": spread([own.middle("between") for own in runs]),
    }


def _line(row: dict[str, Any]) -> str:
    return "; ".join(
        f"{row['clients']} clients, {name}: {show(row[name]['throughput'], '{:.3f}')} of the plain "
        f"throughput, {show(row[name]['cpu'], '{:.3f}')} of its CPU seconds"
        for name in MONITORS
    )


def _met(reached: bool) -> str:
    return "met" if reached else "**missed**"


def _within(added: Mapping[str, float], whole: Mapping[str, float]) -> str:
    return _met(added["median"] <= max(MOST_SHARE * whole["median"], MOST_MS))


def table(found: dict[str, Any]) -> Iterable[str]:
    """Throughput, time to the first piece and per token, moderation, each with its target."""
    stopped, longest = f"{100 * found['stopped']:.0f} %", found["most_tokens"]
    yield (
        f"`{found['shape']}` with random weights on one thread, the engine without HTTP; answers end by "
        f"themselves ({stopped}) or after {longest} tokens. Median (minimum to maximum) over rounds in which "
        "the servers take turns; ratios and differences are those within a round. Guarded: three linear "
        "probes; kernel: with three of 512 landmarks besides, as `monitor fit` makes them. Nothing is held "
        "back but what was not read yet. CPU: milliseconds of all threads a token."
    )
    yield ""
    head = "| clients | server | tokens per second | CPU, ms | to the first piece, ms | per token, ms |"
    forms = {
        "tokens_per_second": "{:.0f}", "cpu_ms": "{:.2f}", "first_ms": "{:.1f}", "between_ms": "{:.2f}"
    }  # fmt: skip
    yield from markdown.table(
        head,
        (
            markdown.row(
                [str(row["clients"]), name, *(show(row[name][key], form) for key, form in forms.items())]
            )
            for row in found["rows"]
            for name in ("plain", *MONITORS)
        ),
    )
    yield ""
    yield (
        "What the guard adds. The first piece comes one forward later by construction, since a token is read "
        "in the forward that takes it; beyond the forward: what is left when the plain server's time per "
        f"token is taken off. Targets: throughput at least {LEAST_THROUGHPUT}, times at most "
        f"{100 * MOST_SHARE:.0f} % or {MOST_MS:.0f} ms more, whichever is larger, by the median."
    )
    yield ""
    columns = ("clients", "server", "throughput of plain", "CPU of plain", "first piece, ms more")
    head = markdown.row([*columns, "beyond the forward, ms", "per token, ms more"])
    yield from markdown.table(
        head, (markdown.row(_against(row, name)) for row in found["rows"] for name in MONITORS)
    )
    yield ""
    yield (
        f"Guarded, {found['most_clients']} clients together are {show(found['together'], '{:.1f}')} times as "
        f"fast as one request at a time; target {LEAST_TOGETHER:.0f}: "
        f"{_met(found['together']['median'] >= LEAST_TOGETHER)}."
    )
    yield serving_moderation.line(found["moderation"])


def _against(row: dict[str, Any], name: str) -> list[str]:
    own, plain = row[name], row["plain"]
    met = _met(own["throughput"]["median"] >= LEAST_THROUGHPUT)
    return [
        str(row["clients"]),
        name,
        f"{show(own['throughput'], '{:.3f}')} {met}",
        show(own["cpu"], "{:.3f}"),
        f"{show(own['first_added_ms'])} {_within(own['first_added_ms'], plain['first_ms'])}",
        f"{show(own['first_own_ms'])} {_within(own['first_own_ms'], plain['first_ms'])}",
        f"{show(own['between_added_ms'])} {_within(own['between_added_ms'], plain['between_ms'])}",
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--clients", type=int, nargs="+", help="these loads only, of 1, 8 and 32 clients")
    parser.add_argument("--quick", action="store_true", help="one round of few short answers")
    given = parser.parse_args()
    chosen = [load for load in LOADS if given.clients is None or load.clients in given.clients]
    if not chosen:
        parser.error("no load has so many clients; those that have: 1, 8, 32")
    found = run(
        1 if given.quick else given.rounds,
        lambda text: print(text, file=sys.stderr, flush=True),
        QUICK if given.quick else chosen,
    )
    print("\n".join(table(found)))
