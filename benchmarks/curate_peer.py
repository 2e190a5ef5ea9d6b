"""datatrove as a process of its own: its reader, its fastText filter by paragraph, its writer.

    python benchmarks/curate_peer.py INPUT MODEL OUT --tasks 2 --compression gzip

Prints the seconds of the run, without those of importing datatrove.
"""

from __future__ import annotations

import argparse
import json
import sys
import time


def main() -> None:
    """Run the pipeline once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("input")
    parser.add_argument("model")
    parser.add_argument("out")
    parser.add_argument("--tasks", type=int, default=2)
    parser.add_argument("--compression", default="gzip")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--isal", action="store_true", help="gzip by isal, which datatrove does not install")
    arguments = parser.parse_args()
    if not arguments.isal:
        # fsspec writes gzip by isal wherever it finds it, as in an environment with ours.
        sys.modules["isal"] = None  # type: ignore[assignment]

    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.filters import FastTextClassifierFilter
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter
    from datatrove.utils.logging import logger
    from datatrove.utils.text import SPLIT_TEXT_PARAGRAPHS

    logger.remove()
    started = time.perf_counter()
    LocalPipelineExecutor(
        pipeline=[
            JsonlReader(arguments.input),
            FastTextClassifierFilter(
                arguments.model,
                remove_labels=("bad", arguments.threshold),
                filter_mode=SPLIT_TEXT_PARAGRAPHS,
            ),
            JsonlWriter(f"{arguments.out}/kept", compression=arguments.compression),
        ],
        tasks=arguments.tasks,
        logging_dir=f"{arguments.out}/logs",
    ).run()
    print(json.dumps({"seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
