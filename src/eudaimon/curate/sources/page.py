"""The text of an answer that a crawler kept."""

from __future__ import annotations

import io
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from eudaimon.core.errors import UsageError

MARKUP = ("text/html", "application/xhtml+xml")


def page_text(body: bytes, head: Mapping[str, str]) -> str | None:
    """The main text of a stored page, None when it is none: an error, a redirect, an image.

    ``head`` is that of the WARC record. HTML loses its navigation and its mark-up; its encoding is the one
    that it names, and else guessed. Raises `UsageError` when what reads HTML is not installed.
    """
    kind = head.get("content-type", "")
    if kind.startswith("application/http"):
        answer = _answer(body)
        if answer is None:
            return None
        kind, body = answer
    media, _, parameters = kind.partition(";")
    if media.strip().lower() in MARKUP:
        return _main_text(body)
    if media.strip().lower() != "text/plain":
        return None
    charset = parameters.lower().partition("charset=")[2].strip(" \"'") or "utf-8"
    try:
        return body.decode(charset, "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


def _answer(raw: bytes) -> tuple[str, bytes] | None:
    """The content type and body of a successful HTTP answer, without transfer and content encodings."""
    heads = _module("warcio.statusandheaders")
    stream: Any = io.BytesIO(raw)
    try:
        answer = heads.StatusAndHeadersParser(["HTTP/"]).parse(stream)
    except (heads.StatusAndHeadersParserException, EOFError):
        return None
    if raw.split(maxsplit=2)[1][:1] != b"2":
        return None
    encoding = (answer.get_header("content-encoding") or "").lower()
    chunked = (answer.get_header("transfer-encoding") or "").lower() == "chunked"
    if chunked or encoding in ("gzip", "deflate"):
        readers = _module("warcio.bufferedreaders")
        stream = readers.ChunkedDataReader(stream, decomp_type=encoding or None)
    return answer.get_header("content-type") or "", stream.read()


def _main_text(html: bytes) -> str:
    encoding = _module("resiliparse.parse.encoding")
    text = encoding.bytes_to_str(html, encoding.detect_encoding(html, from_html_meta=True) or "utf-8")
    extract = _module("resiliparse.extract.html2text").extract_plain_text
    return str(extract(text, main_content=True, alt_texts=False))


def _module(name: str) -> Any:
    """A module that only the extra ``curate`` brings."""
    try:
        return import_module(name)
    except ImportError as error:
        raise UsageError(
            f"{name.partition('.')[0]} is not installed, which reads web pages from WARC files",
            right="WET files, which need nothing more, or an installation with it",
            do="pip install 'eudaimon[curate]'",
        ) from error
