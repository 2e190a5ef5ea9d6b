"""The server: one process, one event loop, and an end in which what runs is finished or fails."""

from __future__ import annotations

import asyncio
import math
import os
import sys
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn

from eudaimon.core import UsageError
from eudaimon.serve.asked import Answerer
from eudaimon.serve.http.app import make_app
from eudaimon.serve.http.audit import Audit
from eudaimon.serve.http.connection import Patient
from eudaimon.serve.http.serving import LEAVING_SECONDS, Serving
from eudaimon.serve.http.settings import Settings
from eudaimon.serve.http.systemd import keep_alive, notify

STUCK_EXIT = 75
"""The exit status of a server whose model is stuck (EX_TEMPFAIL of sysexits.h: another try may succeed)."""
LAST_SECONDS = 5
"""How long responses that are ready may take to be read once everything else has ended."""


def serve(
    answerer: Answerer,
    settings: Settings | None = None,
    audit: Audit | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    listening: Callable[[str, int], None] = lambda host, port: None,
) -> None:
    """Serve until SIGTERM or Ctrl-C, then end within the grace of the settings; a second signal ends at once.

    ``listening`` is called with host and port once requests are taken; port 0 takes a free one. Raises
    `UsageError` where the address cannot be had. Where a step of the model never comes back, the process
    ends with `STUCK_EXIT`: no thread can be ended, and neither can an interpreter that waits for one.
    """
    server = Server(answerer, settings or Settings(), audit, host, port, listening, leave)
    server.run()
    if server.stuck:
        leave()


def leave() -> None:
    """End the process at once with `STUCK_EXIT`."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(STUCK_EXIT)


class Server(uvicorn.Server):
    """uvicorn with a way to end: ``/readyz`` says no and nothing new is taken while the rest is finished."""

    def __init__(
        self,
        answerer: Answerer,
        settings: Settings,
        audit: Audit | None,
        host: str,
        port: int,
        listening: Callable[[str, int], None],
        leave: Callable[[], object] = lambda: None,
    ) -> None:
        app = make_app(answerer, settings, audit)
        limits = settings.limits
        clocks = {"header_seconds": limits.header_seconds, "write_seconds": limits.write_seconds}
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                http=type("PatientProtocol", (Patient,), clocks),
                ws="none",
                lifespan="on",
                # Longer than proxies keep theirs: who closes while the other one sends loses a request.
                timeout_keep_alive=math.ceil(limits.idle_seconds),
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=LAST_SECONDS,
            )
        )
        self._serving: Serving = app.state.serving
        self._serving.when_stuck = self._leave_soon
        self._listening = listening
        self._leave = leave
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Task[None] | None = None
        self._alive: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Listen, and tell where."""
        self._loop = asyncio.get_running_loop()
        try:
            await super().startup(sockets)  # type: ignore[arg-type]
        except SystemExit:
            where = f"{self.config.host}:{self.config.port}"
            raise UsageError(f"{where} cannot be listened on", right="a free port", do="--port N") from None
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        self._listening(host, port)
        notify("READY=1")
        self._alive = asyncio.create_task(keep_alive())

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; at the second signal, end."""
        if self._serving.stopping or self._loop is None:
            self.should_exit = self.force_exit = True
        else:
            self._serving.stopping = True
            self._loop.call_soon_threadsafe(self.stop)

    @property
    def stuck(self) -> bool:
        """Whether a step of the model did not come back, for which the server ends."""
        return self._serving.stuck

    def _leave_soon(self) -> None:
        # Whatever else may hang, the process ends: a supervisor starts another one.
        timer = threading.Timer(LEAVING_SECONDS, self._leave)
        timer.daemon = True
        timer.start()
        self.stop()

    def stop(self) -> None:
        """Begin to end, from the server's own thread."""
        if self._ending is None:
            notify("STOPPING=1")
            self._ending = asyncio.get_running_loop().create_task(self._end())

    async def _end(self) -> None:
        try:
            await self._serving.stop()
        finally:
            self.should_exit = True
