"""The page of studies: everything of the record on it, nothing that runs, nothing from elsewhere."""

from __future__ import annotations

import csv
import json
import re
import shutil

import pytest

from eudaimon.report.study.tables import table_rows
from eudaimon.report.study.write import write_study_report
from eudaimon.report.words import percent

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def folder(good_personas, em_stack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies")
    write_study_report([good_personas, em_stack], folder, title="two studies")
    return folder


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


def test_every_figure_of_the_table_is_on_the_page(page, good_personas, em_stack):
    for record in (good_personas, em_stack):
        for cell in record.cells:
            if (cell.metric, cell.scope) == (record.primary, record.scope):
                assert percent(cell.score.value) in page


def test_known_answers_say_what_holds_what_fails_and_what_is_open(page, good_personas, em_stack):
    for record in (good_personas, em_stack):
        for answer in record.known_answers:
            if answer.passed is not None:
                assert answer.situation in page
    assert "holds" in page
    left = sum(answer.passed is None for answer in good_personas.known_answers)
    assert 1 < left < len(good_personas.known_answers)
    assert page.count("more are not measured in this study") == 1
    assert f"{left} more are not measured in this study" in page


def test_parts_without_records_are_left_out(page, good_personas, tmp_path):
    bare = good_personas.model_copy(
        update={
            "contrasts": (),
            "curves": (),
            "monitors": None,
            "equivalences": (),
            "proofs": (),
            "costs": (),
        }
    )
    text = write_study_report([bare], tmp_path).read_text(encoding="utf-8")
    for part in ("contrasts", "curves", "monitors", "equivalence"):
        assert f'id="good-personas-{part}"' in page
        assert f'id="good-personas-{part}"' not in text


def test_one_file_without_script_or_request(page):
    assert "<script" not in page
    assert "default-src 'none'" in page
    links = re.findall(r'(?:src|href)="([^"#][^"]*)"', page)
    assert all(re.match(r"(figures|data)/[\w.-]+$", link) for link in links)


def test_links_lead_to_files_and_anchors_exist(page, folder):
    for link in re.findall(r'href="((?:figures|data)/[^"]+)"', page):
        assert (folder / link).is_file(), link
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for anchor in re.findall(r'href="#([^"]+)"', page):
        assert anchor in ids


def test_the_same_records_give_the_same_bytes(folder, good_personas, em_stack, tmp_path):
    write_study_report([good_personas, em_stack], tmp_path, title="two studies")
    for path in sorted(tmp_path.rglob("*.*")):
        assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes()


def test_summary_holds_the_figures_of_the_page(folder, good_personas):
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    stored = summary["studies"]["good-personas"]
    assert stored == json.loads(good_personas.model_dump_json())


def test_csv_has_every_cell(folder, good_personas):
    with (folder / "data" / "good-personas-cells.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(good_personas.cells)
    assert float(rows[0]["value"]) == good_personas.cells[0].score.value


def test_what_the_data_say_is_never_markup(hostile_study, tmp_path):
    page = write_study_report([hostile_study], tmp_path).read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<img" not in page
    assert "49 " not in page or "{{7*7}}" in page
    assert "\u202e" not in page


def test_rows_for_a_terminal_are_ascii_and_equally_long(good_personas):
    rows = table_rows(good_personas)
    assert len({len(row) for row in rows}) == 1
    assert len(rows) == len(good_personas.rows) + 1
    assert all(cell.isascii() for row in rows for cell in row)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; on Debian: apt-get install chromium")
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (900, "dark"), (1280, "light")])
def test_quiet_offline_and_within_the_screen(folder, width, scheme):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((folder / "report.html").as_uri())
        assert said == []
        assert asked == [(folder / "report.html").as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        browser.close()
