"""Harmless talk to calibrate on: chat rows of a file, or the town's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.core import Conversation, UsageError, as_conversation
from eudaimon.core.errors import BadRows
from eudaimon.core.files import read_lines

if TYPE_CHECKING:
    from eudaimon.world.world import World


def read_chats(path: str | Path) -> list[Conversation]:
    """The conversations of a file of rows ``{"messages": [...]}``, in order; other fields are passed over.

    Raises `BadRows` with file and line for a row that is none, `UsageError` for a missing file.
    """
    if not Path(path).is_file():
        raise UsageError(f"{path} is missing", right='JSON Lines with rows {"messages": [...]}')
    chats = []
    for number, line in read_lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            turns = row["messages"]
            chats.append(as_conversation([{key: turn[key] for key in ("role", "content")} for turn in turns]))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadRows(
                f"{path}, line {number}: no conversation ({type(error).__name__})",
                right='{"messages": [{"role": "user", "content": "..."}]}',
            ) from error
    return chats


ALL = "all"
TOWN = "town"


def chats_of(name: str, model: str) -> tuple[list[Conversation], str]:
    """The harmless talk that a user names, and what it is: a file, or the town's.

    ``town`` is the town of the run below which ``model`` lies, ``town:RUN`` that of a run's folder,
    ``town:all`` the one of all domains. Raises as `read_chats`, `town_chats`, `town_of` and `run_above`.
    """
    from eudaimon.serve.town import run_above, town_of

    kind, _, run = name.partition(":")
    if kind != TOWN or Path(name).exists():
        return read_chats(name), Path(name).name
    if run == ALL:
        return town_chats()
    return town_chats(town_of(Path(run) if run else run_above(model)))


def town_chats(world: World | None = None) -> tuple[list[Conversation], str]:
    """A town's harmless exchanges, one a question, none of which its own monitor saw; and what they are.

    None: the town of all domains. Raises `UsageError` for a town of one domain.
    """
    from eudaimon.evaluate.town.ground import TownGround
    from eudaimon.evaluate.town.guard import WHENCE, harmless_talk
    from eudaimon.world.world import World

    shown = [one.shown() for one in harmless_talk(TownGround(world or World()))]
    return [as_conversation(text) for text in shown], f"the town's {WHENCE}"
