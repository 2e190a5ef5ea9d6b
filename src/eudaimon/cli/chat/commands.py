"""The commands of a chat: what is typed behind a slash, and what it does."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eudaimon.cli.chat.screens import Screen
from eudaimon.cli.chat.state import held_back
from eudaimon.cli.parse import parse_site

if TYPE_CHECKING:
    from eudaimon.chat.chat import Chat

Do = Callable[["Chat", Screen, str], None]


@dataclass(frozen=True)
class Command:
    """A command: how it is typed, what it does in one line, and the function that does it."""

    usage: str
    summary: str
    do: Do


def on(chat: Chat, screen: Screen, rest: str) -> None:
    """Switch an adapter on, at a weight if one is given."""
    name, *weight = _words(rest, 1, 2, "/on NAME [WEIGHT]")
    chat.on(name, _number(weight[0], "/on NAME WEIGHT") if weight else None)
    _switched(chat, screen)


def off(chat: Chat, screen: Screen, rest: str) -> None:
    """Switch an adapter off."""
    (name,) = _words(rest, 1, 1, "/off NAME")
    chat.off(name)
    _switched(chat, screen)


def adapters(chat: Chat, screen: Screen, rest: str) -> None:
    """Show which adapters act."""
    _words(rest, 0, 0, "/adapters")
    screen.adapters(chat)


def steer(chat: Chat, screen: Screen, rest: str) -> None:
    """Steer the answers by a file of directions, or no more."""
    from eudaimon.chat.steering import read_steering
    from eudaimon.core import Site

    usage = "/steer FILE [STRENGTH | kl=NATS] [site=SITE] [force], or /steer off"
    file, *rest_words = _words(rest, 1, 4, usage)
    if file == "off" and not rest_words:
        chat.steer(None)
        screen.note("steering is off", steering=None)
        return
    strength: float | None = None
    budget: float | None = None
    site: Site | None = None
    force = False
    for word in rest_words:
        if word == "force":
            force = True
        elif word.startswith("kl="):
            budget = _number(word[3:], usage)
        elif word.startswith("site="):
            site = parse_site(word[5:])
        else:
            strength = _number(word, usage)
    with _offering(f"/steer {rest} force"):
        made = read_steering(file, chat.model, strength=strength, kl_budget=budget, site=site, force=force)
    chat.steer(made)
    direction = made.direction
    screen.note(
        f"steering {made.strength:+.3g} at {direction.site}, from {direction.classes[0]} to "
        f"{direction.classes[1]}",
        steering=made.to_json(chat.model),
    )


def monitor(chat: Chat, screen: Screen, rest: str) -> None:
    """Let a monitor read the conversation, or none."""
    file, *force = _words(rest, 1, 2, "/monitor FILE [force], or /monitor off")
    if file == "off" and not force:
        chat.monitor(None)
        screen.note("the monitor is off", monitor=None)
        return
    if force not in ([], ["force"]):
        raise _usage("/monitor FILE force")
    with _offering(f"/monitor {file} force"):
        chat.monitor(file, force=bool(force))
    if chat.watch and chat.watch.monitor:
        value = chat.watch.monitor.threshold.value
        screen.note(f"the monitor reads; threshold {value:.3f}", monitor=file, threshold=value)
    _tell_held(chat, screen)


def system(chat: Chat, screen: Screen, rest: str) -> None:
    """Set, show or take away the system prompt."""
    if rest:
        chat.change(system=None if rest == "off" else rest)
    now = chat.settings.system
    screen.note(f"system prompt: {now}" if now else "no system prompt", system=now)


def seed(chat: Chat, screen: Screen, rest: str) -> None:
    """Set the seed of the answers to come."""
    (word,) = _words(rest, 1, 1, "/seed N")
    if not word.isdecimal():
        raise _usage("/seed N")
    chat.change(seed=int(word))
    screen.note(f"seed {word}", seed=int(word))


def temperature(chat: Chat, screen: Screen, rest: str) -> None:
    """Set the temperature of the answers to come."""
    (word,) = _words(rest, 1, 1, "/temperature NUMBER")
    chat.change(temperature=_number(word, "/temperature NUMBER"))
    screen.note(f"temperature {chat.settings.temperature:g}", temperature=chat.settings.temperature)


def reset(chat: Chat, screen: Screen, rest: str) -> None:
    """Forget the turns."""
    _words(rest, 0, 0, "/reset")
    chat.reset()
    screen.note("the conversation starts anew", turns=0)


def save(chat: Chat, screen: Screen, rest: str) -> None:
    """Write the conversation to a new file."""
    from eudaimon.core import UsageError
    from eudaimon.core.files import write_json

    (file,) = _words(rest, 1, 1, "/save FILE")
    path = Path(file).expanduser()
    if path.exists():
        raise UsageError(f"{path} is there already", right="a new file", do="/save FILE")
    write_json(path, chat.to_json())
    screen.note(f"saved {len(chat.turns)} turns in {path}", saved=str(path), turns=len(chat.turns))


def again(chat: Chat, screen: Screen, rest: str) -> None:
    """Answer the last question once more."""
    _words(rest, 0, 0, "/again")
    screen.answered(chat.again(screen.hear), chat.watch.monitor if chat.watch else None)


def show_help(chat: Chat, screen: Screen, rest: str) -> None:
    """List the commands."""
    for command in COMMANDS.values():
        screen.note(f"{command.usage:52} {command.summary}")
    screen.note("A question that begins with a slash is typed with two.")


COMMANDS = {
    "on": Command("/on NAME [WEIGHT]", "switch an adapter on; 0.5 is half of its strength", on),
    "off": Command("/off NAME", "switch an adapter off", off),
    "adapters": Command("/adapters", "which adapters act, by their change of the logits", adapters),
    "steer": Command("/steer FILE [STRENGTH | kl=NATS] [site=SITE] [force]", "or /steer off", steer),
    "monitor": Command("/monitor FILE [force]", "scores beside each answer; or /monitor off", monitor),
    "system": Command("/system [TEXT | off]", "the system prompt", system),
    "temperature": Command("/temperature NUMBER", "0 takes the likeliest token", temperature),
    "seed": Command("/seed N", "of the answers to come", seed),
    "again": Command("/again", "the last question, under what acts now", again),
    "reset": Command("/reset", "forget the conversation", reset),
    "save": Command("/save FILE", "the conversation, with what acted at each answer", save),
    "help": Command("/help", "these lines", show_help),
    "quit": Command("/quit", "end; so does the end of the input", lambda chat, screen, rest: None),
}


def _switched(chat: Chat, screen: Screen) -> None:
    screen.adapters(chat)
    others = chat.n_under_other_stacks
    if others:
        screen.note(
            f"{others} of {len(chat.turns)} earlier answers were made under another stack and stay in the "
            "conversation; /reset forgets them, /again answers the last question anew",
            other_stacks=others,
        )
    _tell_held(chat, screen)


def _tell_held(chat: Chat, screen: Screen) -> None:
    for text in held_back(chat):
        screen.note(text, held_back=True)


@contextmanager
def _offering(do: str) -> Iterator[None]:
    """Within the block, a refusal to use something elsewhere says what to type here."""
    from eudaimon.core import BindingMismatch

    try:
        yield
    except BindingMismatch as error:
        raise BindingMismatch(
            error.what, right=error.right, do=f"{do} (the difference is then recorded)"
        ) from error


def _words(rest: str, least: int, most: int, usage: str) -> list[str]:
    try:
        found = shlex.split(rest)
    except ValueError as error:
        raise _usage(usage) from error
    if not least <= len(found) <= most:
        raise _usage(usage)
    return found


def _number(word: str, usage: str) -> float:
    try:
        return float(word)
    except ValueError as error:
        raise _usage(usage) from error


def _usage(usage: str) -> Exception:
    from eudaimon.core import UsageError

    return UsageError("this command is typed otherwise", do=usage)
