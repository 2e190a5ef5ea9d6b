"""Opening the package, a door or a help page loads nothing heavy."""

from __future__ import annotations

import json
import sys

import pytest

HEAVY = frozenset(
    [
        "accelerate",
        "datasets",
        "fastapi",
        "duckdb",
        "gguf",
        "huggingface_hub",
        "jaxtyping",
        "matplotlib",
        "numpy",
        "pandas",
        "peft",
        "prometheus_client",
        "plotly",
        "pyarrow",
        "scipy",
        "sentence_transformers",
        "sklearn",
        "streamlit",
        "tokenizers",
        "torch",
        "transformers",
        "uvicorn",
    ]
)
PAGES = [
    (),
    ("quickstart",),
    ("serve",),
    ("monitor",),
    ("monitor", "check"),
    ("vectors",),
    ("vectors", "sweep"),
    ("dashboard",),
]
HELP = """
import sys
from eudaimon.cli import main
sys.argv = ["eudaimon", *{words!r}, "--help"]
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
"""


def loaded(run, code: str) -> list[str]:
    """The heavy packages that a fresh interpreter has loaded after running ``code``."""
    report = (
        f"import json, sys\nprint()\nprint(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
    )
    result = run([sys.executable, "-c", f"{code}\n{report}"])
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_the_check_sees_a_heavy_import(run):
    assert loaded(run, "import numpy") == ["numpy"]


def test_the_package_is_light(run):
    assert loaded(run, "import eudaimon") == []


def test_a_door_is_light(run, room):
    assert loaded(run, f"import eudaimon.{room}\ndir(eudaimon.{room})") == []


@pytest.mark.parametrize("words", PAGES, ids=" ".join)
def test_help_is_light(run, words):
    assert loaded(run, HELP.format(words=words)) == []
