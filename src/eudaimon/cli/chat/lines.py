"""The lines that somebody types or pipes in, one at a time."""

from __future__ import annotations

import contextlib
import sys


def typing() -> bool:
    """Whether somebody sits at a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def next_line(prompt: str) -> str | None:
    """The next line without its end, None when there is none; the prompt is shown to people only.

    On a terminal a line can be edited and earlier ones recalled; Ctrl-C there is an empty line.
    """
    if not typing():
        raw = sys.stdin.buffer.readline()
        return raw.decode("utf-8", "replace").rstrip("\r\n") if raw else None
    # Editing and recall come with the import, where Python was built with them.
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401
    try:
        return input(prompt)
    except EOFError:
        return None
    except KeyboardInterrupt:
        print()
        return ""
