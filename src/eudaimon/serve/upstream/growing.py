"""An answer as it grows: what is to be read next, and what may go. No model and no network here."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from eudaimon.core import UsageError
from eudaimon.serve.asked import Piece
from eudaimon.serve.outbound import NoAnswer
from eudaimon.serve.upstream.chunks import Chunk, Token

_WORD = 48
"""Characters by which a window may begin earlier, so that it does not begin inside of a word."""


@dataclass(frozen=True)
class Window:
    """How an answer is read, in characters.

    It is read again when ``every`` more are there. What is read is what is new with so much before it that
    every stretch of ``size - every`` stands in one window. Of what has passed the last ``hold_back`` are kept
    until more of the answer has passed: harm that shows so late is held whole.
    """

    every: int = 64
    size: int = 512
    hold_back: int = 160

    def __post_init__(self) -> None:
        if self.every < 1 or self.hold_back < 0 or self.size < self.every + self.hold_back:
            raise UsageError(
                f"windows of {self.size} characters every {self.every} with {self.hold_back} held back",
                right="windows that hold what is new and what is held back: size >= every + hold_back",
            )


@dataclass(frozen=True)
class Look:
    """The text of a window that ends at ``end`` of the answer; empty where only spaces are new."""

    text: str
    end: int


class Growing:
    """The answer so far, ``text``, of which the first ``sent`` characters went.

    While ``patient`` the next look comes later, with half a window of new text: for an answer about which
    somebody dearer is asked each time. With ``whole_chunks`` what goes ends where a chunk ended, so that
    tokens go with their text. No character goes by `release` that does not stand before the end of a look
    that passed.
    """

    def __init__(self, window: Window, longest: int, *, whole_chunks: bool = False) -> None:
        self._window, self._longest, self._whole_chunks = window, longest, whole_chunks
        self.text, self.sent, self.passed = "", 0, 0
        self.patient = False
        self._half = ""
        self._marks: deque[tuple[int, tuple[Token, ...]]] = deque()

    def add(self, chunk: Chunk) -> None:
        """More of the answer; raises `NoAnswer` when it gets too long."""
        text, self._half = self._half + chunk.text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            # The first half of a character whose second half is on its way.
            text, self._half = text[:-1], text[-1]
        self._append(text, chunk.tokens)

    def end(self) -> None:
        """Nothing more will come."""
        self._append(self._half, ())
        self._half = ""

    def look(self, *, ended: bool = False) -> Look | None:
        """What is to be read now; None where too little is new."""
        new = len(self.text) - self.passed
        due = self._window.size // 2 if self.patient else self._window.every
        if not new or (not ended and new < max(due, self._window.every)):
            return None
        start = max(0, self.passed - (self._window.size - self._window.every))
        space = self.text.rfind(" ", max(0, start - _WORD), start)
        window = self.text[space + 1 if space >= 0 else start :]
        return Look(window if window.strip() else "", len(self.text))

    def release(self, look: Look, *, ended: bool = False) -> Piece | None:
        """What may go now that a look has passed; None where that is nothing."""
        self.passed = max(self.passed, look.end)
        end = self.passed if ended else self.passed - self._window.hold_back
        if self._whole_chunks and not ended:
            end = max((mark for mark, _ in self._marks if mark <= end), default=0)
        return self._until(end)

    def unheld(self) -> Piece | None:
        """Everything that is there, for who only wants to be told what the guard says of it."""
        return self._until(len(self.text))

    def _until(self, end: int) -> Piece | None:
        if end <= self.sent:
            return None
        tokens: list[Token] = []
        while self._marks and self._marks[0][0] <= end:
            tokens += self._marks.popleft()[1]
        piece = Piece(self.text[self.sent : end], tuple(tokens))
        self.sent = end
        return piece

    def _append(self, text: str, tokens: tuple[Token, ...]) -> None:
        if len(self.text) + len(text) > self._longest:
            raise NoAnswer(
                f"the upstream server answered more than {self._longest} characters",
                down=False,
                fault="nonsense",
            )
        # Pairs of halves become characters, halves alone a mark: neither may leave as it is.
        self.text += text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if self._whole_chunks and (text or tokens):
            self._marks.append((len(self.text), tokens))
