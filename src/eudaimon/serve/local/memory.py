"""What was read once, by the hash of what was read: the newest entries, never more than a number."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Memory(Generic[Value]):
    """At most ``most`` values by key; the one that was not asked for longest goes first. From any thread."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = Lock()
        self._known: OrderedDict[bytes, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: bytes) -> Value | None:
        """The value, which is then the newest; None where there is none."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
            return self._known.get(key)

    def put(self, key: bytes, value: Value) -> None:
        """Keep a value."""
        with self._lock:
            self._known[key] = value
            self._known.move_to_end(key)
            while len(self._known) > self.most:
                self._known.popitem(last=False)
