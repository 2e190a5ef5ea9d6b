"""Verdicts without an answer, through HTTP and without, against the bare forward; what early exit saves."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import httpx
from rounds import ratio, seconds, show, spread
from serving_load import prompt

from eudaimon.models import Model, capture
from eudaimon.serve.http import make_app
from eudaimon.serve.local import LocalAnswerer

TEXTS = 50
"""So many texts a round."""


async def measure(server: LocalAnswerer, model: Model, rounds: int) -> dict[str, Any]:
    """Milliseconds of one text through ``/v1/moderations``, through the engine, and through the bare model.

    The application is called in this process, without a socket.
    """
    import torch

    moderators = server._engine.moderators
    assert moderators is not None
    sites = moderators.asked.monitor.sites
    times: dict[str, list[float]] = {name: [] for name in ("http", "engine", "full", "early", "forward")}
    transport = httpx.ASGITransport(make_app(server))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for number in range(TEXTS * rounds):
            # Each way another text of the same kind: what was read once is remembered.
            asked = [prompt(1000 + number, way, 0) for way in range(2)]
            began = time.perf_counter()
            answer = await client.post("/v1/moderations", json={"input": asked[0]})
            times["http"].append(1000 * (time.perf_counter() - began))
            assert answer.status_code == 200, answer.text
            began = time.perf_counter()
            await server.moderate([asked[1]])
            times["engine"].append(1000 * (time.perf_counter() - began))
            text = asked[0]
            ids = torch.tensor([model.tokenizer(text)["input_ids"]])

            def forward(ids: Any = ids) -> None:
                with torch.inference_mode():
                    model.trunk(input_ids=ids, use_cache=False)

            times["forward"].append(1000 * seconds(forward))
            for name, own in (("early", sites), ("full", [model.n_layers])):

                def read(own: Any = own, text: str = text) -> None:
                    capture(model, [text], own, show_progress=False)

                times[name].append(1000 * seconds(read))
    return {
        "n": len(times["http"]),
        "last_site": str(sites[-1]),
        "layers": model.n_layers,
        **{name: _quantiles(values) for name, values in times.items()},
        "added": spread([a - b for a, b in zip(times["engine"], times["forward"], strict=True)]),
        "early_ratio": ratio(times["early"], times["full"]),
    }


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        f"p{share}": ordered[min(int(share / 100 * len(ordered)), len(ordered) - 1)] for share in (50, 99)
    }


def line(found: dict[str, Any]) -> str:
    """All figures in one paragraph."""

    def both(name: str) -> str:
        return f"{found[name]['p50']:.2f} and {found[name]['p99']:.2f} ms"

    return (
        f"Moderation of one text ({found['n']} texts, p50 and p99): `/v1/moderations` {both('http')} (in "
        f"this process, without a socket), the engine alone {both('engine')}, the bare forward of all "
        f"layers {both('forward')}. The engine less the bare forward of its text: {show(found['added'])} "
        f"ms. A reading that ends after the last monitored layer ({found['last_site']} of "
        f"{found['layers']}) takes {show(found['early_ratio'])} of one through all layers."
    )
