"""Answers of a served model with its guard and without, for one client and for many at once."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import markdown
import monitor_cost
import shapes
import texts
from rounds import one_thread, ratio, seconds, show, spread

from eudaimon.models import Model, capture, load
from eudaimon.serve import Asked, Ended
from eudaimon.serve.local import Guard, Limits, LocalAnswerer, Opened, Workshop

CLIENTS = (1, 8, 32)
SHAPE = "llama-30m"
EACH = 2
"""Requests that each client makes one after the other, a round."""
PROMPT_WORDS, TOKENS = 24, 32
NEVER = 2.0
"""No score reaches it: what is measured is the watching, and not that answers end early."""


@dataclass(frozen=True)
class Run:
    """One round of one server: seconds, by the CPU too; each request's to its first piece and per token."""

    seconds: float
    cpu: float
    n_tokens: int
    first: tuple[float, ...]
    between: tuple[float, ...]


def run(rounds: int, log: Callable[[str], None]) -> dict[str, Any]:
    """Throughput, waiting and moderation on one thread, contenders in turn."""
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        model = load(shapes.build(SHAPE, Path(folder) / SHAPE, texts.corpus()))
        return asyncio.run(measure(model, rounds, log))


async def measure(model: Model, rounds: int, log: Callable[[str], None]) -> dict[str, Any]:
    """All figures of one model."""
    monitor = monitor_cost.monitor(model, "linear")
    servers = {
        "plain": _serve(model, None, 32),
        "guarded": _serve(model, Guard(monitor, NEVER, NEVER, NEVER, hold_back=0), 32),
        "held back": _serve(model, Guard(monitor, NEVER, NEVER, NEVER), 32),
        "one at a time": _serve(model, Guard(monitor, NEVER, NEVER, NEVER, hold_back=0), 1),
    }
    rows = []
    for clients in CLIENTS:
        contenders = {name: own for name, own in servers.items() if name != "one at a time" or clients == 32}
        found: dict[str, list[Run]] = {name: [] for name in contenders}
        for number in range(rounds + 1):
            for name, server in contenders.items():
                done = await _round(server, clients, number)
                if number:  # the first round is not counted
                    found[name].append(done)
        rows.append({"clients": clients} | _row(found))
        log(_line(rows[-1]))
    moderation = await _moderation(servers["guarded"], model, rounds)
    log(f"moderation: {show(moderation['added'])} ms more than the bare forward")
    for server in servers.values():
        await server.close(0)
    return {"shape": SHAPE, "tokens": TOKENS, "rows": rows, "moderation": moderation}


def _serve(model: Model, guard: Guard | None, slots: int) -> LocalAnswerer:
    return LocalAnswerer(Workshop(lambda: Opened(model, guard), Limits(slots=slots, waiting=1000)))


def _prompt(number: int, client: int, place: int) -> str:
    """Other words for every request: nothing that was read before is asked again."""
    words = texts.corpus()[(number * 97 + client * 13 + place) % 200].split()[:PROMPT_WORDS]
    return f"{number} {client} {place} {' '.join(words)}"


async def _round(server: LocalAnswerer, clients: int, number: int) -> Run:
    first: list[float] = []
    between: list[float] = []
    n_tokens = 0

    async def one(client: int) -> None:
        nonlocal n_tokens
        for place in range(EACH):
            began = time.perf_counter()
            n = 0
            async for event in server.ask(
                Asked(_prompt(number, client, place), max_new_tokens=TOKENS, temperature=0.0)
            ).events():
                if isinstance(event, Ended):
                    assert event.finish in ("stop", "length"), event
                    n_tokens += event.n_output
                    if event.n_output > 1 and n:
                        between.append((time.perf_counter() - began) / event.n_output)
                else:
                    n += 1
                    if n == 1:
                        first.append(time.perf_counter() - began)

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one(client) for client in range(clients)))
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    return Run(took, cpu, n_tokens, tuple(first), tuple(between))


def _row(found: dict[str, list[Run]]) -> dict[str, Any]:
    def speeds(name: str) -> list[float]:
        return [run.n_tokens / run.seconds for run in found[name]]

    def middle(name: str, of: str) -> list[float]:
        # Random weights may say nothing that is text.
        some = [values for run in found[name] if (values := getattr(run, of))]
        if not some:
            raise SystemExit("no answer of a round has any text: more clients or rounds are needed")
        return [1000 * statistics.median(values) for values in some]

    row: dict[str, Any] = {
        name: {
            "tokens_per_second": spread(speeds(name)),
            "first_ms": spread(middle(name, "first")),
            "between_ms": spread(middle(name, "between")),
        }
        for name in found
    }
    row["throughput"] = ratio(speeds("guarded"), speeds("plain"))
    each = {name: [run.cpu / run.n_tokens for run in runs] for name, runs in found.items()}
    row["cpu"] = ratio(each["guarded"], each["plain"])
    if "one at a time" in found:
        row["batched"] = ratio(speeds("guarded"), speeds("one at a time"))
    return row


async def _moderation(server: LocalAnswerer, model: Model, rounds: int) -> dict[str, Any]:
    """Milliseconds of one text through `moderate`, of the bare full forward, and of one to the last site."""
    import torch

    guarded, bare, early = [], [], []
    monitor = server._engine.moderator.monitor  # type: ignore[union-attr]
    for number in range(40 * rounds):
        text = _prompt(1000 + number, 0, 0)
        began = time.perf_counter()
        await server.moderate([text])
        guarded.append(1000 * (time.perf_counter() - began))
        ids = torch.tensor([model.tokenizer(text)["input_ids"]])

        def forward(ids: Any = ids) -> None:
            with torch.inference_mode():
                model.trunk(input_ids=ids, use_cache=False)

        bare.append(1000 * seconds(forward))
        early.append(
            1000 * seconds(lambda text=text: capture(model, [text], monitor.sites, show_progress=False))  # type: ignore[misc]
        )
    return {
        "n": len(guarded),
        "moderate": _quantiles(guarded),
        "forward": _quantiles(bare),
        "early": _quantiles(early),
        "added": spread([a - b for a, b in zip(guarded, bare, strict=True)]),
        "early_ratio": ratio(early, bare),
        "last_site": str(monitor.sites[-1]),
    }


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        f"p{share}": ordered[min(int(share / 100 * len(ordered)), len(ordered) - 1)] for share in (50, 99)
    }


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['clients']} clients: guarded {show(row['throughput'])} of the plain throughput at "
        f"{show(row['cpu'])} of its CPU seconds, first piece "
        f"{show(row['guarded']['first_ms'])} against {show(row['plain']['first_ms'])} ms"
    )


def table(found: dict[str, Any]) -> Iterable[str]:
    """Throughput, time to the first piece and per token, moderation."""
    yield (
        f"`{found['shape']}` with random weights on one thread, three linear probes, {found['tokens']} "
        "tokens an answer, the engine without HTTP; medians (and extremes) over rounds. Guarded: nothing is "
        "held back but what was not read yet; held back: the default, so that the first piece comes some "
        "tokens later. A first piece waits until its token was read, which is in the next token's forward. "
        "Per token: the seconds of a request by its tokens. CPU: its seconds a token, guarded by plain."
    )
    yield ""
    head = "| clients | server | tokens per second | of plain | CPU | first piece, ms | per token, ms |"
    rows = []
    for row in found["rows"]:
        for name in ("plain", "guarded", "held back", "one at a time"):
            if name in row:
                own = row[name]
                both = (row["throughput"], row["cpu"]) if name == "guarded" else ()
                shares = [show(one, "{:.3f}") for one in both] or ["", ""]
                rows.append(
                    markdown.row(
                        (
                            str(row["clients"]),
                            name,
                            show(own["tokens_per_second"], "{:.0f}"),
                            *shares,
                            show(own["first_ms"], "{:.1f}"),
                            show(own["between_ms"], "{:.1f}"),
                        )
                    )
                )
    yield from markdown.table(head, rows)
    yield ""
    batched = next((row["batched"] for row in found["rows"] if "batched" in row), None)
    if batched is not None:
        yield f"Together against one request at a time, guarded: {show(batched)} times the tokens per second."
    own = found["moderation"]
    yield (
        f"Moderation of one text ({own['n']} texts, monitor to layer {own['last_site']}): p50 "
        f"{own['moderate']['p50']:.2f} ms and p99 {own['moderate']['p99']:.2f} ms, the bare full forward "
        f"{own['forward']['p50']:.2f} and {own['forward']['p99']:.2f} ms; a forward that ends after the last "
        f"monitored layer takes {show(own['early_ratio'])} of the full one."
    )
