"""Pages of WARC and WET files."""

from __future__ import annotations

import gzip
import zlib

import pytest

from eudaimon.curate.sources.cut import split
from eudaimon.curate.sources.find import find_sources
from eudaimon.curate.sources.read import read_shard


def record(kind: str, body: bytes, n: int, type: str = "text/plain", **more: str) -> bytes:
    head = {
        "WARC-Type": kind, "WARC-Record-ID": f"<urn:{n}>", "WARC-Target-URI": f"http://example.org/{n}",
        "WARC-Date": "2026-01-01T00:00:00Z", "Content-Type": type, **more, "Content-Length": str(len(body)),
    }  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"WARC/1.0\r\n{lines}\r\n".encode() + body + b"\r\n\r\n"


INFO = record("warcinfo", b"software: none\r\n", 0, "application/warc-fields")
PAGES = [record("conversion", f"Grüße\r\n\r\nvon Seite {n}\n".encode(), n) for n in range(1, 9)]


@pytest.mark.parametrize("shard_bytes", [1, 100, 1000, 1 << 30])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_wet(tmp_path, pack, shard_bytes) -> None:
    (tmp_path / "a.warc.wet").write_bytes(b"".join(map(pack, [INFO, *PAGES])))
    shards = split(find_sources(tmp_path), shard_bytes)
    found = [r for shard in shards for r in read_shard(shard)]
    assert [r.id for r in found] == [f"<urn:{n}>" for n in range(1, 9)]
    assert found[2].text == "Grüße\r\n\r\nvon Seite 3\n"
    assert found[2].metadata == {
        "url": "http://example.org/3", "host": "example.org", "source": "a.warc",
        "date": "2026-01-01T00:00:00Z",
    }  # fmt: skip


HTML = (
    b"<html><head><meta charset='iso-8859-1'><title>t</title><script>no()</script></head><body><nav>menu"
    b"</nav>"
    b"<main><p>Caf\xe9 one.</p><p>And a second paragraph of words.</p></main></body></html>"
)


def answer(body: bytes, *heads: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\n" + b"".join(head + b"\r\n" for head in heads) + b"\r\n" + body


def test_html_of_answers(tmp_path, read_all) -> None:
    http = "application/http; msgtype=response"
    html = b"Content-Type: text/html"
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(HTML), HTML)
    bodies = [
        answer(HTML, html),
        answer(chunked, html, b"Transfer-Encoding: chunked"),
        answer(gzip.compress(HTML), html, b"Content-Encoding: gzip"),
        answer(b"plain \xe9", b"Content-Type: text/plain; charset=latin-1"),
        answer(HTML, html, status=b"404 Not Found"),
        answer(b"\x89PNG", b"Content-Type: image/png"),
        b"no answer at all",
    ]
    records = [record("response", body, n, http) for n, body in enumerate(bodies)]
    records += [record("resource", HTML, 7, "text/html"), record("request", b"GET / HTTP/1.1\r\n\r\n", 8)]
    (tmp_path / "a.warc.gz").write_bytes(b"".join(map(gzip.compress, records)))
    good, bad = read_all(tmp_path)
    assert not bad
    assert [document.id for document in good] == [f"<urn:{n}>" for n in (0, 1, 2, 3, 7)]
    for document in (good[0], good[1], good[2], good[4]):
        assert "Café one." in document.text
        assert "no()" not in document.text
        assert "<p>" not in document.text
    assert good[3].text == "plain é"


@pytest.mark.parametrize(
    ("raw", "kind", "reason"),
    [
        (b"garbage\r\nof two lines\r\n\r\n", "syntax", "no WARC record begins here"),
        (PAGES[0].replace(b"Content-Length: ", b"Content-Length: x"), "syntax", "no WARC record begins here"),
        (b"WARC/1.0\r\n" + b"x" * 200_000, "syntax", "no WARC record begins here"),
        (record("conversion", b"caf\xe9", 9), "encoding", "not UTF-8 at byte 3"),
        (record("conversion", b"x" * 1001, 9), "length", "a page of 1,001 bytes"),
        (record("conversion", b" \n", 9), "empty", "empty"),
    ],
)
def test_a_bad_page(tmp_path, read_all, raw, kind, reason) -> None:
    path = tmp_path / "a.wet"
    path.write_bytes(INFO + PAGES[0] + raw + b"\r\n" + PAGES[1])
    good, (bad,) = read_all(path, longest=1000)
    assert [document.id for document in good] == ["<urn:1>", "<urn:2>"]
    assert (bad.file, bad.offset, bad.kind) == (str(path), len(INFO + PAGES[0]), kind)
    assert reason in bad.reason


def test_noise_in_pages_stops_nothing(tmp_path, read_all) -> None:
    import random

    random_ = random.Random(0)
    whole = (
        answer(HTML, b"Content-Type: text/html"),
        answer(gzip.compress(HTML), b"Content-Type: text/html", b"Content-Encoding: gzip"),
    )
    records = []
    for n in range(200):
        body = bytearray(whole[n % 2])
        for _ in range(4):
            body[random_.randrange(len(body))] = random_.randrange(256)
        link = {"WARC-Target-URI": "http://[::1/", "WARC-Date": ""} if n % 3 else {}
        records.append(record("response", bytes(body), n, "application/http", **link))
    (tmp_path / "a.warc").write_bytes(b"".join(records))
    good, bad = read_all(tmp_path, shard_bytes=1000)
    assert len(good) > 50
    assert {r.kind for r in bad} <= {"syntax", "empty"}


def test_a_warc_cut_off(tmp_path, read_all) -> None:
    raw = b"".join([INFO, *PAGES])
    for cut in (30, 5, 120):
        (tmp_path / "a.wet").write_bytes(raw[:-cut])
        good, (bad,) = read_all(tmp_path)
        assert len(good) == 7
        assert bad.offset == len(raw) - len(PAGES[-1])
        assert bad.kind in ("damage", "syntax")
    packed = gzip.compress(raw)
    (tmp_path / "a.wet").write_bytes(packed[: len(packed) - 20])
    good, (bad,) = read_all(tmp_path)
    before = zlib.decompressobj(31).decompress(packed[:-20])
    assert len(good) == before.count(b"von Seite") - (not before.endswith(b"\r\n"))
    assert bad.kind == "damage"
