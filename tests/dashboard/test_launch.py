"""How the server is started: closed to everybody else, and a mistake is one line."""

from __future__ import annotations

import socket
import sys

import pytest
from typer.testing import CliRunner

from eudaimon.core import UsageError
from eudaimon.dashboard import launch as launch_function
from eudaimon.dashboard.launch import CLOSED, is_loopback, settings_for


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_a_port_that_is_taken_is_told(tmp_path, port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(UsageError, match=f"port {port}"):
            settings_for(tmp_path, host="127.0.0.1", port=port)
    assert settings_for(tmp_path, host="127.0.0.1", port=port)


def test_the_settings_are_closed(tmp_path, port):
    settings = settings_for(tmp_path, host="127.0.0.1", port=port)
    assert settings["browser.gatherUsageStats"] is False
    assert settings["server.enableXsrfProtection"] is True and settings["server.enableCORS"] is True
    assert settings["server.address"] == "127.0.0.1" and settings["server.port"] == port
    assert set(settings["server.allowedHosts"]) == {"localhost", "127.0.0.1", "::1", "[::1]"}


def test_streamlit_knows_every_setting_and_takes_it(tmp_path, port):
    """In the words of the installed version: one that it does not know would be passed over."""
    from streamlit import config
    from streamlit.web import bootstrap

    settings = settings_for(tmp_path, host="127.0.0.1", port=port)
    try:
        bootstrap.load_config_options({name.replace(".", "_"): value for name, value in settings.items()})
        assert {name: config.get_option(name) for name in settings} == settings
    finally:
        config.get_config_options(force_reparse=True, options_from_flags={})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_taken(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.4", "example.com", "", "127.0.0.1.evil.example", "2130706433"]
)
def test_nothing_beyond_this_machine_is(host, tmp_path):
    assert not is_loopback(host)
    with pytest.raises(UsageError, match="this machine alone"):
        settings_for(tmp_path, host=host, port=8501)


@pytest.mark.parametrize("number", [0, -1, 65536])
def test_a_port_is_one(tmp_path, number):
    with pytest.raises(UsageError, match="no port"):
        settings_for(tmp_path, host="127.0.0.1", port=number)


@pytest.mark.parametrize("missing", ["streamlit", "plotly", "duckdb"])
def test_a_missing_package_is_one_red_line_that_says_what_to_install(missing, tmp_path, monkeypatch):
    from eudaimon.cli import app
    from eudaimon.dashboard import launch as module

    assert callable(module)
    launching = sys.modules["eudaimon.dashboard.launch"]
    find = launching.find_spec
    monkeypatch.setattr(launching, "find_spec", lambda name: None if name == missing else find(name))
    result = CliRunner().invoke(app, ["dashboard", "--folder", str(tmp_path)])
    assert result.exit_code == 2
    (line,) = result.stderr.strip().splitlines()
    assert missing in line and "eudaimon[dashboard]" in line


def test_a_missing_folder_is_one_red_line(tmp_path):
    from eudaimon.cli import app

    result = CliRunner().invoke(app, ["dashboard", "--folder", str(tmp_path / "none")])
    assert result.exit_code == 2
    (line,) = result.stderr.strip().splitlines()
    assert "there is no folder" in line and "eudaimon quickstart" in line


def test_the_door_gives_the_function():
    assert launch_function.__module__ == "eudaimon.dashboard.launch"
    assert "server.address" not in CLOSED
