"""Two forms of what happens: lines for people as it happens, or one JSON object an event."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from eudaimon.cli.chat.lines import next_line, typing
from eudaimon.cli.chat.state import adapter_rows, prompt_line
from eudaimon.cli.failures import say_error
from eudaimon.cli.output import print_json, print_line

if TYPE_CHECKING:
    from eudaimon.chat.chat import Chat
    from eudaimon.chat.turn import Turn
    from eudaimon.monitor.monitor import Monitor
    from eudaimon.monitor.verdict import Verdict


class Screen(ABC):
    """Where a chat shows what happens, and where its lines come from."""

    @abstractmethod
    def line(self, chat: Chat) -> str | None:
        """The next line of the input; None at its end."""

    @abstractmethod
    def hear(self, piece: str) -> None:
        """A piece of the answer that is being made."""

    @abstractmethod
    def answered(self, turn: Turn, monitor: Monitor | None) -> None:
        """The answer is complete, or was stopped."""

    @abstractmethod
    def adapters(self, chat: Chat) -> None:
        """Which adapters act, as the proof shows."""

    @abstractmethod
    def note(self, text: str, **values: Any) -> None:
        """Something that happened, in words and as values."""

    @abstractmethod
    def mistake(self, message: str) -> None:
        """A line that could not be followed."""


class Terminal(Screen):
    """Lines for people; characters that would steer a terminal are escaped."""

    def line(self, chat: Chat) -> str | None:
        """The next line, asked for by a prompt that says what acts."""
        return next_line(f"{prompt_line(chat)}> ")

    def hear(self, piece: str) -> None:
        """Printed at once."""
        sys.stdout.write(safe(piece))
        sys.stdout.flush()

    def answered(self, turn: Turn, monitor: Monitor | None) -> None:
        """The end of the line, and the monitor's scores."""
        sys.stdout.write("\n")
        sys.stdout.flush()
        if turn.stopped:
            print_line("(stopped)", "dim")
        if monitor is not None:
            threshold = f"threshold {monitor.threshold.value:.3f}"
            scores = [
                f"{what} {_verdict(verdict)}"
                for what, verdict in (("question", turn.query), ("answer", turn.verdict))
            ]
            bad = any(each is not None and not each.safe for each in (turn.query, turn.verdict))
            print_line(f"  monitor: {', '.join(scores)}; {threshold}", "red" if bad else "green")

    def adapters(self, chat: Chat) -> None:
        """One line an adapter."""
        for row in adapter_rows(chat):
            if row["on"]:
                shown = f"on, weight {row['weight']:g}, changes a logit by up to {row['change']:.3g}"
            else:
                shown = "off, changes no logit"
            print_line(f"  {row['name']}: {shown} ({row['fingerprint']})", "dim")
        if not chat.adapters:
            print_line("  no adapters", "dim")

    def note(self, text: str, **values: Any) -> None:
        """The words."""
        print_line(safe(text), "dim")

    def mistake(self, message: str) -> None:
        """One line on standard error."""
        say_error(message)


class JsonLines(Screen):
    """One object a line, each with its ``event``; answers come whole."""

    def line(self, chat: Chat) -> str | None:
        """The next line, without a prompt."""
        return next_line("") if not typing() else next_line("> ")

    def hear(self, piece: str) -> None:
        """Nothing: the answer comes whole."""

    def answered(self, turn: Turn, monitor: Monitor | None) -> None:
        """The turn, and the monitor's threshold."""
        threshold = monitor.threshold.value if monitor is not None else None
        print_json({"event": "answer", **turn.to_json(), "threshold": threshold})

    def adapters(self, chat: Chat) -> None:
        """The rows and the proof."""
        proof = chat.proof.to_json() if chat.proof else None
        print_json({"event": "adapters", "adapters": adapter_rows(chat), "proof": proof})

    def note(self, text: str, **values: Any) -> None:
        """Words and values."""
        print_json({"event": "note", "text": text, **values})

    def mistake(self, message: str) -> None:
        """An object among the others, so that a script sees where it happened."""
        print_json({"event": "error", "message": message})


def safe(text: str) -> str:
    """The text with everything but line ends and tabs escaped that is no printable character."""
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else sign.encode("unicode_escape").decode()
        for sign in text
    )


def _verdict(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not read"
    word = "refused" if verdict.stage == "refused" else "safe" if verdict.safe else "flagged"
    return f"{verdict.score:.3f} {word}"
