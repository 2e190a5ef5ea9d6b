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
def folder(good_personas, em_susceptibility, tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies")
    write_study_report([good_personas, em_susceptibility], folder, title="two studies")
    return folder


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


def test_every_figure_of_the_table_is_on_the_page(page, good_personas, em_susceptibility):
    for record in (good_personas, em_susceptibility):
        for cell in record.cells:
            if (cell.metric, cell.scope) == (record.primary, record.scope):
                assert percent(cell.score.value) in page


def test_known_answers_say_what_holds_what_fails_and_what_is_open(page, good_personas, em_susceptibility):
    for record in (good_personas, em_susceptibility):
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


def test_the_transfer_matrix_is_drawn_with_what_is_within_chance(folder, page, em_susceptibility):
    figure = (folder / "figures" / "em-susceptibility-transfers.svg").read_text(encoding="utf-8")
    assert figure.count(">50<") == 12 and figure.count(">−41<") == 12
    # The malign persona's direction does nothing: four cells of each kind, with a dotted frame.
    assert figure.count("stroke-dasharray") == 8
    cosines = (folder / "figures" / "em-susceptibility-cosines.svg").read_text(encoding="utf-8")
    assert cosines.count("stroke-dasharray") == cosines.count(">.50<") == 24
    section = page[page.index('id="em-susceptibility-transfers"') :]
    for text in (
        "43.7",
        "−12.3",
        "last token, lesson on minus off",
        "0.61 for directions from shuffled",
        "Harm is a preference here.",
    ):
        assert text in section
    with (folder / "data" / "em-susceptibility-transfers.csv").open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == len(em_susceptibility.transfers.cells)


def test_the_modules_that_carry_a_lesson_are_drawn_and_listed(folder, page):
    section = page.partition('id="em-susceptibility-probes"')[2].partition("</section>")[0]
    for text in (
        "q_proj",
        "1–2",
        "3 seeds and 12 questions",
        "31.1",
        "27.1",
        "Only 3 of 9 questions.",
        "share of harmful answers.",
    ):
        assert text in section
    figure = (folder / "figures" / "em-susceptibility-probes.svg").read_text(encoding="utf-8")
    # By persona (three wholes), and types by bands (those and two parts), left out and alone.
    counted = {n: figure.count(f">{n}<") for n in (31, 62, 5, 15, 2, 27)}
    assert counted == {31: 2, 62: 2, 5: 2, 15: 1, 2: 1, 27: 3 + 5}
    table = (folder / "data" / "em-susceptibility-probes.csv").read_text(encoding="utf-8").splitlines()
    assert len(table) == 1 + 5
    assert 'id="good-personas-probes"' not in page


def test_what_hangs_on_the_judge_is_marked(folder, page, em_susceptibility):
    section = page.partition('id="em-susceptibility-judges"')[2].partition("</section>")[0]
    for text in ("judge-b, expectation", "480 of 960", "kappa", "0.61", "the first says 1 of everything"):
        assert text in section
    marked = section.partition('class="strong"')[2].partition("</tr>")[0]
    assert "H1" in marked and "yes" in marked and section.count('class="strong"') == 1
    for name, n in (("judges", 1), ("judge_cells", 1), ("judge_verdicts", 2)):
        table = (folder / "data" / f"em-susceptibility-{name}.csv").read_text().splitlines()
        assert len(table) == 1 + n
    assert 'id="good-personas-judges"' not in page


def test_the_same_records_give_the_same_bytes(folder, good_personas, em_susceptibility, tmp_path):
    write_study_report([good_personas, em_susceptibility], tmp_path, title="two studies")
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


def test_every_hypothesis_is_on_the_page_with_its_verdict_and_data(page, folder, em_susceptibility):
    verdicts = {row.name: row.verdict for row in em_susceptibility.hypotheses}
    assert verdicts["H1"] == "not supported" and verdicts["H2b"] == "undecided"
    section = page.partition('id="em-susceptibility-hypotheses"')[2].partition("</section>")[0]
    for row in em_susceptibility.hypotheses:
        assert f"<b>{row.name}</b>" in section
    assert section.count('class="mark"') == len(verdicts)
    assert "A &lt;b&gt;flatterer&lt;/b&gt; does." in section and "<b>flatterer" not in section
    table = (folder / "data" / "em-susceptibility-hypotheses.csv").read_text().splitlines()
    assert len(table) == 1 + len(verdicts) and "undecided" in table[3]
    assert 'id="good-personas-hypotheses"' not in page


def test_all_cells_are_drawn_where_there_is_a_two_by_two(folder):
    drawn = {path.name for path in (folder / "figures").glob("*-cells.svg")}
    assert drawn == {"em-susceptibility-cells.svg"}
    text = (folder / "figures" / "em-susceptibility-cells.svg").read_text()
    assert all(name in text for name in ("flatterer", "off/on", "harm in %"))
