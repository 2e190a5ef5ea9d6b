"""A server under many requests of every kind: what came back, what is left open, its memory along the way.

    python benchmarks/soak.py                                    # a pretended answerer: the HTTP side alone
    python benchmarks/soak.py -- town --monitor monitor.safetensors
    python benchmarks/soak.py --requests 10000 -- minilm-guard --upstream http://127.0.0.1:9000/v1

What stands after ``--`` are the words of ``eudaimon serve``. Exits 1 when something came back that should not
have, something stayed open, or memory grew by more than ``--most-growth`` MB in the second half: in the first
one what is bounded fills up (texts that were read, compiled products of each shape). All of it is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

CHAT = "/chat/completions"
KINDS = {"whole": 35, "stream": 25, "cancelled": 15, "slow": 5, "malformed": 10, "moderation": 10}
"""How many of a hundred: answered at once, as a stream, left in the middle, read slowly, no request."""
EXPECTED = {200, 400, 404, 413, 415, 429, "left"}
MEGABYTE = 1 << 20
MALFORMED = (
    b"", b"{", b"[" * 5000, b"null", b'{"messages": 5}', b'{"messages": [{"role": "user"}]}', b"\xff\xfe",
    b'{"messages": [{"role": "user", "content": "\\ud800"}]}', b'{"messages": [], "tools": [1]}',
    b" " * 1_100_000,
)  # fmt: skip
SENTENCE = "how do I store the milk in the garden without a goat or a letter from my neighbour"
PRETENDED = """
import sys
sys.path.append(sys.argv[1])
from pretended import Pretended
from eudaimon.serve.http import serve
from eudaimon.serve.http.logs import log_to
log_to(sys.stderr)
import json
told = lambda host, port: print(json.dumps({"url": f"http://{host}:{port}/v1"}), flush=True)
serve(Pretended(), port=0, listening=told)
"""


@contextmanager
def served(words: list[str]) -> Iterator[tuple[str, int]]:
    """A server in a process of its own: its address and the process's number."""
    if words:
        command = [sys.executable, "-m", "eudaimon", "serve", *words, "--port", "0", "--json"]
    else:
        fake = Path(__file__).parents[1] / "tests" / "serve" / "http"
        command = [sys.executable, "-c", PRETENDED, str(fake)]
    with tempfile.TemporaryFile() as log:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        assert process.stdout
        try:
            line = process.stdout.readline()
            if not line:
                log.seek(0)
                raise SystemExit(log.read().decode())
            yield json.loads(line)["url"], process.pid
        finally:
            process.terminate()
            process.wait(60)
            process.stdout.close()


async def one(client: httpx.AsyncClient, kind: str, rng: random.Random) -> Any:
    """One request of a kind: its status, or ``left`` for one that this side ended."""
    words = " ".join(rng.choices(SENTENCE.split(), k=rng.randint(1, 40)))
    body = {"messages": [{"role": "user", "content": words}], "max_tokens": rng.randint(1, 24)}
    if kind == "malformed":
        headers = {"Content-Type": rng.choice(["application/json", "application/json", "text/plain"])}
        return (await client.post(CHAT, content=rng.choice(MALFORMED), headers=headers)).status_code
    if kind == "moderation":
        return (await client.post("/moderations", json={"input": [words] * rng.randint(1, 4)})).status_code
    if kind == "whole":
        return (await client.post(CHAT, json=body)).status_code
    if kind == "cancelled" and rng.random() < 0.5:
        try:
            await client.post(CHAT, json=body, timeout=rng.uniform(0.001, 0.05))
        except httpx.TimeoutException:
            return "left"
        return 200
    async with client.stream("POST", CHAT, json=body | {"stream": True}) as response:
        async for _ in response.aiter_lines():
            if kind == "cancelled":
                return "left"
            if kind == "slow":
                await asyncio.sleep(0.01)
        return response.status_code


async def soak(
    url: str, pid: int, n: int, *, clients: int = 32, seed: int = 0, token: str = ""
) -> dict[str, Any]:
    """What came back by kind, resident memory in MB at each tenth, and what was still open at the end."""
    rng = random.Random(seed)
    kinds = rng.choices(list(KINDS), weights=list(KINDS.values()), k=n)
    found: dict[str, Counter[Any]] = {kind: Counter() for kind in KINDS}
    process = psutil.Process(pid)
    memory: list[float] = []
    work = iter(enumerate(kinds))
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def run(number: int) -> None:
        # A connection pool each: one that left in the middle takes no other's connection with it.
        async with httpx.AsyncClient(base_url=url, timeout=300, headers=headers) as client:
            for at, kind in work:
                if at % max(1, n // 10) == 0:
                    memory.append(process.memory_info().rss / MEGABYTE)
                try:
                    found[kind][await one(client, kind, random.Random(seed * n + at))] += 1
                except httpx.HTTPError as error:
                    found[kind][type(error).__name__] += 1

    begun = time.perf_counter()
    await asyncio.gather(*(run(number) for number in range(clients)))
    seconds = time.perf_counter() - begun
    root = url.removesuffix("/v1")
    async with httpx.AsyncClient(timeout=60, headers=headers) as client:
        left = await settled(client, root)
        after = (await client.get(f"{root}/readyz")).status_code
    memory.append(process.memory_info().rss / MEGABYTE)
    return {
        "n": n,
        "clients": clients,
        "seconds": round(seconds, 1),
        "came_back": {kind: {str(k): v for k, v in counts.items()} for kind, counts in found.items()},
        "unexpected": sum(v for counts in found.values() for k, v in counts.items() if k not in EXPECTED),
        "rss_mb": [round(value, 1) for value in memory],
        "growth_mb": round(memory[-1] - memory[len(memory) // 2], 1),
        "still_open": left,
        "ready_after": after,
    }


async def settled(client: httpx.AsyncClient, root: str, seconds: float = 60.0) -> dict[str, float]:
    """Requests that are open, running and waiting, once this one is alone, or after ``seconds``."""
    end = time.monotonic() + seconds
    while True:
        page = (await client.get(f"{root}/metrics")).text
        names = ("open_requests", "running", "waiting")
        rows = dict(line.rsplit(" ", 1) for line in page.splitlines() if line[:1] != "#")
        left = {name: float(rows[f"eudaimon_{name}"]) for name in names}
        if left == {"open_requests": 1.0, "running": 0.0, "waiting": 0.0} or time.monotonic() > end:
            return left
        await asyncio.sleep(0.1)


def sound(found: dict[str, Any], most_growth: float) -> bool:
    """Whether nothing unexpected came back, nothing stayed open, the server is ready, and memory is flat."""
    return (
        found["unexpected"] == 0
        and found["still_open"] == {"open_requests": 1.0, "running": 0.0, "waiting": 0.0}
        and found["ready_after"] == 200
        and found["growth_mb"] <= most_growth
    )


def main() -> None:
    """Run it, print what was found as JSON, and exit 1 when it is not sound."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most-growth", type=float, default=25.0, help="MB in the second half")
    parser.add_argument("--token-env", default="EUDAIMON_TOKENS", help="environment variable with a token")
    parser.add_argument("words", nargs="*", help="words of `eudaimon serve`; none: a pretended answerer")
    given = parser.parse_args()
    token = os.environ.get(given.token_env, "").partition(",")[0]
    with served(given.words) as (url, pid):
        how = {"clients": given.clients, "seed": given.seed, "token": token}
        found = asyncio.run(soak(url, pid, given.requests, **how))
    print(json.dumps({"serve": given.words or ["pretended"], **found}, indent=1))
    raise SystemExit(not sound(found, given.most_growth))


if __name__ == "__main__":
    main()
