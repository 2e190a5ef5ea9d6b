"""eudaimon as a process of its own: score, decide, apply, or some of these.

    python benchmarks/curate_ours.py INPUT SCORER OUT --workers 2 --policy POLICY

Prints the seconds of the run, without those of importing, and of its parts.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Mapping


def main() -> None:
    """Run the steps that are asked for, in order."""
    parser = argparse.ArgumentParser()
    parser.add_argument("input")
    parser.add_argument("scorer")
    parser.add_argument("out")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--policy")
    parser.add_argument("--shard-mb", type=float, default=64)
    arguments = parser.parse_args()

    from eudaimon.curate import apply_corpus, decide_corpus, score_corpus

    parts = {}
    started = time.perf_counter()
    scored = score_corpus(
        arguments.input,
        f"{arguments.out}/scores",
        arguments.scorer,
        workers=arguments.workers,
        shard_bytes=int(arguments.shard_mb * 1e6),
        show_progress=False,
    )
    _require(scored.failed)
    parts["score"] = _spent()
    if arguments.policy:
        before = time.process_time()
        decide_corpus(
            f"{arguments.out}/scores", arguments.policy, f"{arguments.out}/decisions", show_progress=False
        )
        parts["decide"] = time.process_time() - before
        applied = apply_corpus(
            f"{arguments.out}/decisions",
            f"{arguments.out}/applied",
            workers=arguments.workers,
            show_progress=False,
        )
        _require(applied.failed)
    print(json.dumps({"seconds": time.perf_counter() - started, "cpu": parts}))


def _require(failed: Mapping[str, str]) -> None:
    if failed:
        raise SystemExit(f"{len(failed)} shards failed: {next(iter(failed.values()))}")


def _spent() -> float:
    """CPU seconds of this process and of those that it waited for."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usage)


if __name__ == "__main__":
    main()
