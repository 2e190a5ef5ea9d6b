"""Rebuild the packaged roles and traits from a copy of the Assistant Axis data.

Run as: python scripts/package_roles.py FOLDER  (the folder that holds roles/ and traits/)
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

OUT = Path(__file__).parents[1] / "src/eudaimon/data/packaged/assistant_axis_roles/roles.jsonl.gz"
LEFT_OUT = ("default",)


def main(folder: Path) -> None:
    """Write one line a role or trait: name, kind, text, instructions and, for a trait, their opposites."""
    lines = []
    for kind in ("role", "trait"):
        texts = json.loads((folder / f"{kind}s" / f"{kind}_list.json").read_text(encoding="utf-8"))
        for path in sorted((folder / f"{kind}s" / "instructions").glob("*.json")):
            if path.stem in LEFT_OUT:
                continue
            turns = json.loads(path.read_text(encoding="utf-8"))["instruction"]
            row = {
                "name": path.stem,
                "kind": kind,
                "text": texts[path.stem],
                "instructions": [turn["pos"] for turn in turns],
                "opposites": [turn["neg"] for turn in turns if turn.get("neg")],
            }
            lines.append(json.dumps(row, ensure_ascii=False, sort_keys=True))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode("utf-8"), mtime=0))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
