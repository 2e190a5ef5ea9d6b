"""Who is asked where the monitor is unsure: what critique and validator have in common."""

from __future__ import annotations

from typing import Literal, Protocol

from eudaimon.core import Text
from eudaimon.monitor.band import Band
from eudaimon.serve.asked import Decided

Side = Literal["input", "output"]


class Second(Protocol):
    """A dearer opinion on texts whose score lies in ``band``: the layers behind the monitor, as one.

    An answerer asks on its event loop and never in the thread of a model, so that `decide` may wait for a
    server, and may ask the same answerer (with input and output ``off``): its batch goes on meanwhile. While
    it is asked nothing of that text is sent: an answer is made further but held, or has not begun. There is
    one question at a time for each side of a request, and for an answer that stays in the band another one
    whenever there is more of it than was read; what passes is what was read.
    """

    @property
    def band(self) -> Band:
        """The scores of the monitor for which it is asked: ``low <= score < high``."""

    def seen(self) -> None:
        """Count a text that the monitor has read: a query, an answer, or a text by itself; from any thread.

        An answer counts once, at its first look. Budgets are shares of these.
        """

    async def decide(self, text: Text, side: Side, first: Decided) -> Decided:
        """The decision that takes the place of ``first``, which is the monitor's.

        ``text`` is what the monitor read: the conversation, with the answer so far as the assistant's turn
        for ``output``. ``first.layer`` stays where nobody could add anything (budget spent); otherwise
        ``layer`` is who decided, ``flagged`` and ``score`` are theirs, ``threshold`` that of their score, and
        ``seconds`` holds those of ``first`` and of each layer that was asked. A failure is a decision of
        layer ``error``, flagged unless told to fail open; what is raised all the same counts as one. A
        cancelled request cancels the task that waits here.
        """
