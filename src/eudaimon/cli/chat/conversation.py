"""The loop: one line after the other, until there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eudaimon.cli.chat.commands import COMMANDS
from eudaimon.cli.chat.lines import typing
from eudaimon.cli.chat.screens import Screen
from eudaimon.cli.chat.state import held_back

if TYPE_CHECKING:
    from eudaimon.chat.chat import Chat


def converse(chat: Chat, screen: Screen) -> bool:
    """Talk until the input ends or somebody quits; whether nobody has to correct anything.

    A mistake is told and the chat goes on. Somebody at a terminal has seen it; elsewhere it makes the result
    False.
    """
    from eudaimon.core import EudaimonError

    name = chat.model.checkpoint.name
    screen.note(f"{name}; /help lists the commands", model=name, max_tokens=chat.model.max_tokens)
    screen.adapters(chat)
    for text in held_back(chat):
        screen.note(text, held_back=True)
    well = True
    while (line := screen.line(chat)) is not None:
        try:
            if _follow(chat, screen, line.strip()):
                break
        except (EudaimonError, OSError) as error:
            screen.mistake(str(error))
            well = typing() and well
        except KeyboardInterrupt:
            screen.note("interrupted; what acted before acts")
    return well


def _follow(chat: Chat, screen: Screen, line: str) -> bool:
    """Do what the line says; whether it ends the chat."""
    from eudaimon.core import UsageError

    if not line:
        return False
    if not line.startswith("/") or line.startswith("//"):
        turn = chat.say(line.removeprefix("/"), screen.hear)
        screen.answered(turn, chat.watch.monitor if chat.watch else None)
        return False
    name, _, rest = line[1:].partition(" ")
    if name not in COMMANDS:
        raise UsageError(f"there is no command /{name}", right=", ".join(f"/{known}" for known in COMMANDS))
    COMMANDS[name].do(chat, screen, rest.strip())
    return name == "quit"
