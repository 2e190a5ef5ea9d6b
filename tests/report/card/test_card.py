"""The data safety card: what the record holds is on the page, folded where it may hurt, and nothing runs."""

from __future__ import annotations

import csv
import json
import re
import shutil

import pytest

from eudaimon.core import Score
from eudaimon.curate.card.record import CardRecord
from eudaimon.report.card import reading
from eudaimon.report.card.amounts import amount, hours, share, share_interval
from eudaimon.report.card.page import sections
from eudaimon.report.card.tables import card_tables
from eudaimon.report.card.write import write_card

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SPACE = "\u202f"
WIDER = """() => [...document.querySelectorAll('main *')].filter(e => {
    const box = e.getBoundingClientRect();
    if (!box.width || e.closest('thead, .skip, clipPath, defs, .scroll')) return false;
    if (e.closest('svg') && !['text', 'svg'].includes(e.tagName)) return false;
    return box.right > innerWidth + 1 || box.left < -1;
}).map(e => e.tagName + ': ' + e.textContent.slice(0, 60))"""


@pytest.fixture(scope="module")
def folder(card, tmp_path_factory):
    path = tmp_path_factory.mktemp("card")
    write_card(card, path)
    return path


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "card.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def hostile_page(hostile_card, tmp_path_factory):
    return write_card(hostile_card, tmp_path_factory.mktemp("hostile"))


def test_what_the_record_holds_is_on_the_page(page, card):
    for key, title in sections(card):
        assert f'id="{key}"' in page
        assert title in page
    for row in card.sources:
        assert amount(row.after / card.characters_per_token) in page
    for _, _, rate in reading.rates(card):
        assert share(rate.value) in page
        assert share_interval(rate) in page
    for row in card.stages:
        assert row.stage in page
    assert "67\u202f700" in page
    assert card.policy.segments[0].when in page
    assert "random removal" in page
    assert all(assumption in page for assumption in card.projection.assumptions)


def test_sums_are_those_of_the_rows(card):
    whole = reading.total(card)
    assert whole.before == sum(row.before for row in card.sources)
    assert reading.acted(whole) == whole.before - whole.characters["keep"]
    for field in ("category", "stance", "rule", "fate"):
        found = reading.matrix(card, field)
        assert sum(n for *_, n, _ in found.rows) == sum(row.n_characters for row in card.removed)
        assert all(sum(cells) == n for _, cells, n, _ in found.rows)
    assert reading.REST in {name for name, *_ in reading.matrix(card, "stance").rows}


def test_many_sources_become_one_column(card):
    rows = tuple(
        row.model_copy(update={"source": f"s{k}", "n_characters": 1000 - k})
        for k, row in enumerate((card.removed * 2)[:20])
    )
    found = reading.matrix(card.model_copy(update={"removed": rows}), "category")
    assert len(found.columns) == reading.MOST_COLUMNS
    assert found.columns[-1] == "others"
    assert sum(n for *_, n, _ in found.rows) == sum(row.n_characters for row in rows)


def test_examples_are_folded_and_cut(page, card):
    for example in card.examples:
        if example.text is not None:
            at = page.index(example.text[:48])
            assert page.rfind("<details", 0, at) > page.rfind("</details>", 0, at)
    assert "<details open" not in page
    assert "harmful" in page[page.index('id="examples"') : page.index("<details")]
    grave = next(e for e in card.examples if e.text and e.severity >= 4)
    assert len(grave.text) > 300
    assert grave.text not in page
    assert "The text was not at hand." in page


def test_texts_of_examples_are_in_no_table(folder, card):
    said = card.examples[0].text[:30]
    assert said in (folder / "card.json").read_text(encoding="utf-8")
    assert all(said not in path.read_text(encoding="utf-8") for path in (folder / "data").iterdir())


def test_json_is_the_record_and_tables_are_whole(folder, card):
    assert CardRecord.model_validate(json.loads((folder / "card.json").read_text(encoding="utf-8"))) == card
    for table in card_tables(card):
        with (folder / "data" / f"{table.name}.csv").open(encoding="utf-8", newline="") as stream:
            header, *rows = csv.reader(stream)
        assert tuple(header) == table.header
        assert len(rows) == len(table.rows) > 0


def test_the_same_record_gives_the_same_bytes_and_old_parts_go(card, bare_card, tmp_path):
    first = write_card(card, tmp_path / "a").read_bytes()
    assert write_card(card, tmp_path / "b").read_bytes() == first
    write_card(bare_card, tmp_path / "a")
    assert sorted(path.name for path in (tmp_path / "a" / "data").iterdir()) == [
        "histogram.csv",
        "sources.csv",
    ]
    assert not list((tmp_path / "a" / "figures").iterdir())


def test_links_lead_to_files_and_anchors_exist(page, folder):
    assert "<script" not in page
    assert "default-src 'none'" in page
    for link in re.findall(r'(?:src|href)="([^"#][^"]*)"', page):
        assert re.match(r"(figures|data)/[\w.-]+$", link), link
        assert (folder / link).is_file(), link
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for anchor in re.findall(r'href="#([^"]+)"', page):
        assert anchor in ids


def test_what_is_missing_is_left_out_or_said(bare_card, tmp_path):
    page = write_card(bare_card, tmp_path).read_text(encoding="utf-8")
    for key in ("removed", "examples", "controls", "cost", "scores"):
        assert f'id="{key}"' not in page
    assert "Nobody has audited" in page
    assert "eudaimon curate audit" in page


def test_hostile_strings_stay_text(hostile_page):
    text = hostile_page.read_text(encoding="utf-8")
    assert not re.search(r"<script|<img|<image|<iframe|<object|<link", text)
    assert not re.search(r"""\s(on\w+|srcdoc|formaction)\s*=\s*["']""", text)
    assert "{{7*7}}" in text
    assert "\u202e" not in text
    assert "\x00" not in text
    assert "⟨U+202E⟩" in text
    # The only style sheet is ours, and it ends once.
    assert text.count("</style>") == 1
    for row in csv.reader((hostile_page.parent / "data" / "sources.csv").open(encoding="utf-8", newline="")):
        assert not row[0].startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "100"),
        (0.5, "50.0"),
        (0.0123, "1.2"),
        (0.00123, "0.12"),
        (0.000012345, "0.0012"),
        (0.99999, "99.9"),
        (1e-9, f"<{SPACE}0.00001"),
    ],
)
def test_small_shares_keep_two_digits(value, text):
    assert share(value) == f"{text}{SPACE}%"
    assert share(None) == "–"


def test_large_amounts_in_words():
    assert amount(999_999) == f"999{SPACE}999"
    assert amount(1_500_000) == f"1.5{SPACE}million"
    assert amount(15e12) == f"15{SPACE}trillion"
    assert hours(0.123) == "0.12"
    assert hours(67_700.4) == f"67{SPACE}700"
    assert share_interval(Score(value=0.1, n=3)) == ""


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; on Debian: apt-get install chromium")
@pytest.mark.parametrize("which", ["plain", "hostile"])
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_quiet_offline_and_within_the_screen(browser, folder, hostile_page, which, width, scheme):
    path = folder / "card.html" if which == "plain" else hostile_page
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert said == []
    assert asked == [path.as_uri()]
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(WIDER) == []
    page.close()
