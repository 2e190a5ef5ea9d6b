"""The dashboard in a real browser: quiet, offline, within the screen, and a stored script stays text."""

from __future__ import annotations

import base64
import csv
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PAGES = ("", "vectors", "studies", "corpus")
"""The address of each; the first, where one asks, is that of the server."""
BUSY = "[data-testid=stStatusWidget], [data-testid=stSkeleton], [data-testid=stAppSkeleton]"
READY = f"() => !document.querySelector('{BUSY}')"
WAIT = 60_000
"""Milliseconds for a condition on a machine under load; on a quiet one a page takes a second or two."""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; on Debian: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def address(runs, tmp_path_factory):
    """Where a server of its own process shows the folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "eudaimon",
        "dashboard",
        "--folder",
        str(runs.folder),
        "--port",
        str(port),
    ]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as stream:
        server = subprocess.Popen(
            command, stdout=stream, stderr=stream, cwd=log.parent, env={**os.environ, "HOME": str(log.parent)}
        )
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health", server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def _wait(url: str, server: subprocess.Popen, log: Path) -> None:
    import time

    until = time.monotonic() + 120
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Visit:
    """A page with all that it said and asked for."""

    def __init__(self, browser, width: int = 1280, scheme: str = "light") -> None:
        self.page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page.set_default_timeout(WAIT)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.missing: list[str] = []
        self.page.on("console", lambda one: self.said.append(one.text) if one.type == "error" else None)
        self.page.on("response", lambda one: self.missing.append(one.url) if one.status >= 400 else None)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def go(self, url: str):
        self.page.goto(url)
        self.page.get_by_role("heading", level=1).first.wait_for()
        self.settle()
        return self.page

    def settle(self) -> None:
        self.page.wait_for_function(READY)
        self.page.wait_for_load_state("networkidle")

    def wrong(self) -> list[str]:
        """What the page complained of; Streamlit looks below a page's address for its server."""
        probes = [url for url in self.missing if url.endswith(("/_stcore/health", "/_stcore/host-config"))]
        said = list(self.said)
        for _ in probes:
            told = next((one for one in said if "404" in one), None)
            if told:
                said.remove(told)
        return said + [url for url in self.missing if url not in probes]

    def elsewhere(self, address: str) -> list[str]:
        """What it asked of anybody else than the server."""
        own = (address, address.replace("http", "ws", 1), "data:", "blob:")
        return [url for url in self.asked if not url.startswith(own)]


@pytest.fixture
def visit(browser):
    opened: list[Visit] = []

    def made(**how) -> Visit:
        opened.append(Visit(browser, **how))
        return opened[-1]

    yield made
    for one in opened:
        one.page.close()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_pages_are_quiet_offline_and_within_the_screen(visit, address, name, width, scheme):
    one = visit(width=width, scheme=scheme)
    page = one.go(f"{address}/{name}")
    assert one.wrong() == [] and one.elsewhere(address) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(
        "() => [document.querySelector('[data-testid=stMain]')].every(e => e.scrollWidth <= e.clientWidth)"
    )
    assert page.evaluate("window.pwned") is None
    assert page.get_by_text("Traceback").count() == 0


PARTS = {
    "vectors": ("Scatter", "Directions", "Studies"),
    "studies": ("Figures", "Tables", "Compare"),
    "corpus": ("Removed spans", "Policy diff", "Audit queue", "Cards"),
}
WIDER = """() => { const main = document.querySelector('[data-testid=stMain]');
    return main.scrollWidth > main.clientWidth }"""
UNNAMED = """() => [...document.querySelectorAll('input, textarea, select, [role=combobox]')]
    .filter(e => e.offsetParent && !e.getAttribute('aria-label') && !e.getAttribute('aria-labelledby')
        && !(e.labels && e.labels.length))
    .map(e => e.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize(("name", "part"), [(name, part) for name, parts in PARTS.items() for part in parts])
def test_every_part_fits_a_phone_and_names_its_fields(visit, address, name, part):
    one = visit(width=390, scheme="dark")
    page = one.go(f"{address}/{name}")
    page.get_by_role("radio", name=part, exact=True).click()
    one.settle()
    assert page.get_by_role("radio", name=part, exact=True).is_checked()
    assert not page.evaluate(WIDER) and page.evaluate(UNNAMED) == [] and one.wrong() == []


def luminance(colour: str) -> float:
    """Of ``rgb(r, g, b)``, as the accessibility guidelines define it."""
    shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_buttons_and_what_is_chosen_can_be_read(visit, address, scheme):
    one = visit(scheme=scheme)
    page = one.go(address)
    button = page.get_by_role("button", name="Load", exact=True)
    colour = "e => getComputedStyle(e).color"
    ground = "e => getComputedStyle(e).backgroundColor"
    assert contrast(button.locator("p").evaluate(colour), button.evaluate(ground)) >= 4.5
    one.go(f"{address}/vectors")
    chosen = page.get_by_role("radio", name="Monitors", exact=True)
    assert contrast(chosen.locator("p").evaluate(colour), page.locator("body").evaluate(ground)) >= 4.5


def test_a_figure_and_its_data_can_be_saved(visit, address, tmp_path):
    one = visit()
    page = one.go(f"{address}/studies?run=again")
    page.get_by_role("radio", name="Figures", exact=True).click()
    one.settle()
    shown = page.locator(".figure img:visible").get_attribute("src").partition("base64,")[2]
    with page.expect_download() as saved:
        page.get_by_role("button", name="Figure as SVG").click()
    document = Path(saved.value.path()).read_bytes()
    assert document == base64.b64decode(shown) and ElementTree.fromstring(document).tag.endswith("svg")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Data as CSV").first.click()
    header, *rows = csv.reader(Path(saved.value.path()).read_text("utf-8").splitlines())
    assert saved.value.suggested_filename.endswith(".csv") and "row" in header and len(rows) > 2
    assert {len(row) for row in rows} == {len(header)}


def test_a_text_is_read_without_a_mouse(visit, address):
    """Load, type, read: every step by Tab and Enter, on the packaged model; what is missing is said."""
    one = visit()
    page = one.go(address)

    def tab_to(name: str) -> None:
        focused = (
            "() => { const e = document.activeElement; return e.getAttribute('aria-label') || e.innerText }"
        )
        for _ in range(40):
            page.keyboard.press("Tab")
            if (page.evaluate(focused) or "").strip() == name:
                return
        raise AssertionError(f"{name} is not reached")

    tab_to("Load")
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Text", exact=True).wait_for()
    one.settle()
    tab_to("Text")
    page.keyboard.type("How do I bake bread?")
    tab_to("Read")
    page.keyboard.press("Enter")
    page.locator(".failed").first.wait_for()
    assert "nothing reads this text" in page.locator(".failed").first.inner_text()
    assert one.wrong() == []


def test_a_stored_script_stays_text(visit, address):
    one = visit()
    page = one.go(f"{address}/studies?run=hostile")
    page.get_by_text("<script>window.pwned=1</script>").first.wait_for()
    for part in ("Figures", "Tables", "Compare"):
        page.get_by_role("button", name=part, exact=True).or_(
            page.get_by_role("radio", name=part, exact=True)
        ).first.click()
        one.settle()
    assert page.evaluate("window.pwned") is None
    assert one.wrong() == [] and one.elsewhere(address) == []


def test_a_figure_is_narrow_on_a_phone_and_dark_where_the_page_is(visit, address):
    sizes = {}
    for width, scheme in ((390, "dark"), (1280, "light")):
        one = visit(width=width, scheme=scheme)
        page = one.go(f"{address}/vectors")
        page.locator(".figure img:visible").first.wait_for()
        assert page.locator(".figure img:visible").count() == page.locator(".figure").count()
        assert page.locator(".figure img:visible").first.get_attribute("alt")
        source = page.locator(".figure img:visible").first.get_attribute("src")
        paper = page.evaluate(
            """async (src) => { const text = await (await fetch(src)).text();
            return text.includes('#141417') ? 'dark' : 'light' }""",
            source,
        )
        assert paper == scheme
        sizes[width] = page.locator(".figure img:visible").first.bounding_box()["width"]
    assert sizes[390] <= 390 < sizes[1280]


def test_pages_and_parts_are_reached_by_keyboard(visit, address):
    one = visit()
    page = one.go(address)
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == "Studies":
            break
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Studies", level=1).wait_for()
    assert one.wrong() == []


def test_the_way_from_page_to_page_and_back_is_quiet(visit, address):
    """Whatever was chosen on one page does not disturb another."""
    one = visit()
    page = one.go(address)
    for _ in range(2):
        for name, chosen in (
            ("Vectors", "Directions"),
            ("Studies", "Tables"),
            ("Corpus", "Cards"),
            ("Ask", ""),
        ):
            page.get_by_role("link", name=name, exact=True).first.click()
            page.get_by_role("heading", name=name, level=1).wait_for()
            one.settle()
            if chosen:
                page.get_by_text(chosen, exact=True).first.click()
                one.settle()
            assert page.locator("[data-testid=stException]").count() == 0
    assert one.wrong() == []


def test_an_address_is_no_path(visit, address):
    one = visit()
    page = one.go(f"{address}/studies?run=../../etc/passwd&with=/etc/passwd")
    assert "root:" not in page.content() and page.get_by_text("Traceback").count() == 0
    assert one.wrong() == []


def shaken(address: str, **headers: str) -> int:
    """The status with which the server answers who would open its WebSocket."""
    host = address.removeprefix("http://")
    name, _, port = host.partition(":")
    sent = {
        "Host": host,
        "Origin": address,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    } | headers
    lines = ["GET /_stcore/stream HTTP/1.1", *(f"{key}: {value}" for key, value in sent.items()), "", ""]
    with socket.create_connection((name, int(port)), timeout=60) as stream:
        stream.sendall("\r\n".join(lines).encode())
        return int(stream.recv(4096).split()[1])


def test_other_origins_and_hosts_get_nothing(address):
    assert shaken(address) == 101
    assert shaken(address, Origin="http://evil.example") == 403
    assert shaken(address, Host="evil.example", Origin="http://evil.example") == 403
    request = urllib.request.Request(f"{address}/_stcore/health", headers={"Origin": "http://evil.example"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/../../../../etc/passwd", "/app/static/../../app.py", "/media/../../etc/passwd"]
)
def test_files_are_not_served(address, path):
    try:
        with urllib.request.urlopen(address + path, timeout=60) as answer:
            content = answer.read()
    except urllib.error.HTTPError as error:
        content = error.read()
    assert b"root:" not in content and b"set_page_config" not in content
