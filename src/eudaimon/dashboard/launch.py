"""Start the server: on this machine alone, without telemetry, closed to other origins and to other hosts."""

from __future__ import annotations

import ipaddress
import os
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from eudaimon.core.errors import UsageError

NEEDED = ("streamlit", "plotly", "duckdb")
FOLDER = "EUDAIMON_DASHBOARD_FOLDER"
"""Where the pages look: set by whoever starts the server, and never by a browser."""
SCRIPT = Path(__file__).with_name("script") / "app.py"
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1", "[::1]")
CLOSED: dict[str, Any] = {
    "browser.gatherUsageStats": False,
    "server.enableCORS": True,  # this is protection from other origins, and on
    "server.enableXsrfProtection": True,
    "server.headless": True,
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "server.showEmailPrompt": False,
    "server.enableStaticServing": False,
    "server.maxUploadSize": 1,
    "server.maxMessageSize": 200,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "logger.hideWelcomeMessage": True,
    "global.developmentMode": False,
    # The paper of the report's figures, and the colour of what a monitor says in them.
    "theme.light.backgroundColor": "#fffffe",
    # Words that are less important are this at 60 %: darker than usual, so that they can still be read.
    "theme.light.secondaryBackgroundColor": "#f4f4f6",
    "theme.dark.secondaryBackgroundColor": "#232329",
    "theme.light.textColor": "#141417",
    "theme.light.primaryColor": "#4338a8",
    "theme.dark.backgroundColor": "#141417",
    "theme.dark.primaryColor": "#6f62e3",
}
"""Settings that hold whatever a file of Streamlit's in the user's folders says."""


def launch(folder: str | Path, *, host: str = "127.0.0.1", port: int = 8501) -> None:
    """Serve the dashboard over a folder until it is interrupted.

    Raises `UsageError` when something that it needs is not installed, when there is no such folder, and when
    ``host`` is not this machine's own (whoever reaches the page can read all that lies in the folder, and run
    its models) or the port is taken.
    """
    settings = settings_for(folder, host=host, port=port)
    os.environ[FOLDER] = str(Path(folder).resolve())
    from streamlit.web import bootstrap

    flags = {name.replace(".", "_"): value for name, value in settings.items()}
    bootstrap.load_config_options(flags)
    bootstrap.run(str(SCRIPT), False, [], flags)


def settings_for(folder: str | Path, *, host: str, port: int) -> dict[str, Any]:
    """Streamlit's settings for a folder and a free place to listen; raises as `launch` does."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the dashboard needs {', '.join(missing)}, which is not installed",
            right="the packages of the extra `dashboard`",
            do='pip install "eudaimon[dashboard]"',
        )
    if not Path(folder).is_dir():
        raise UsageError(
            f"there is no folder {folder}",
            right="a folder of runs",
            do="eudaimon quickstart, or --folder FOLDER",
        )
    if not is_loopback(host):
        raise UsageError(
            f"{host} is not an address of this machine alone: the page asks for no password",
            right="127.0.0.1, and an SSH tunnel from elsewhere",
            do=f"ssh -L {port}:127.0.0.1:{port} HOST",
        )
    if not 1 <= port <= 65535:
        raise UsageError(f"there is no port {port}", right="a number from 1 to 65535", do="--port 8501")
    hosts = list(dict.fromkeys((*LOOPBACK_NAMES, host)))
    _require_free(host, port)
    return {**CLOSED, "server.address": host, "server.port": port, "server.allowedHosts": hosts}


def is_loopback(host: str) -> bool:
    """Whether an address or a name reaches this machine and no other; names other than localhost do not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require_free(host: str, port: int) -> None:
    """Raises `UsageError` when somebody listens there already, or nobody may."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the server will: one that has just ended leaves its port in a state that this overcomes.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"port {port} of {host} cannot be had: {error.strerror or error}",
                right="a port that nobody listens on",
                do=f"--port {port + 1 if port < 65535 else 8501}",
            ) from error
