"""eudaimon as a process of its own: scoring alone, or with a policy all of `filter_corpus`.

    python benchmarks/curate_ours.py INPUT SCORER OUT --workers 2 --policy POLICY

Prints the seconds of the run, without those of importing.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("input")
    parser.add_argument("scorer")
    parser.add_argument("out")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--policy")
    parser.add_argument("--shard-mb", type=float, default=64)
    arguments = parser.parse_args()

    from eudaimon.curate import filter_corpus, score_corpus

    started = time.perf_counter()
    options = {
        "workers": arguments.workers,
        "shard_bytes": int(arguments.shard_mb * 1e6),
        "show_progress": False,
    }
    if arguments.policy:
        done = filter_corpus(arguments.input, arguments.out, arguments.scorer, arguments.policy, **options)
        _require(done.failed)
    else:
        scored = score_corpus(arguments.input, f"{arguments.out}/scores", arguments.scorer, **options)
        _require(scored.failed)
    print(json.dumps({"seconds": time.perf_counter() - started}))


def _require(failed: Mapping[str, str]) -> None:
    if failed:
        raise SystemExit(f"{len(failed)} shards failed: {next(iter(failed.values()))}")


if __name__ == "__main__":
    main()
