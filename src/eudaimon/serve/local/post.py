"""Events from the model's thread to the event loops of those who wait for them, together at each step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from eudaimon.serve.asked import Ended, Event


class Letterbox:
    """The events of one answer, as its event loop takes them; the last one is an `Ended`."""

    def __init__(self, cancel: Callable[[], None]) -> None:
        self.loop = asyncio.get_running_loop()
        self.ended = False
        self._cancel = cancel
        self._events: asyncio.Queue[Event] = asyncio.Queue()

    def deliver(self, event: Event) -> None:
        """One more event; in the loop only. Nothing comes after the end."""
        if not self.ended:
            self.ended = isinstance(event, Ended)
            self._events.put_nowait(event)

    async def events(self) -> AsyncIterator[Event]:
        """The events as they come; who stops listening cancels."""
        over = False
        try:
            while not over:
                event = await self._events.get()
                over = isinstance(event, Ended)
                yield event
        finally:
            if not over:
                self._cancel()

    def cancel(self) -> None:
        """Nobody listens any more."""
        self._cancel()


class Post:
    """Events are put in the model's thread and go out with `flush`, one call a loop."""

    def __init__(self) -> None:
        self._bags: dict[asyncio.AbstractEventLoop, list[tuple[Letterbox, Event]]] = {}

    def put(self, box: Letterbox, event: Event) -> None:
        """An event for somebody."""
        self._bags.setdefault(box.loop, []).append((box, event))

    def flush(self) -> None:
        """Send what was put; who has no loop any more is cancelled."""
        bags, self._bags = self._bags, {}
        for loop, bag in bags.items():
            try:
                loop.call_soon_threadsafe(_deliver, bag)
            except RuntimeError:  # the loop is closed
                for box, _ in bag:
                    box.cancel()


def _deliver(bag: list[tuple[Letterbox, Event]]) -> None:
    for box, event in bag:
        box.deliver(event)
