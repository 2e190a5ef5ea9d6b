"""Password-protected archives, opened in memory: nothing that is sealed is ever written out in the clear."""

from __future__ import annotations

import base64
import hashlib
import importlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eudaimon.core import BadRows, UsageError

SEALED = ".zip.enc"
SALT_BYTES = 16
ITERATIONS = 100_000
ROWS = ".jsonl"
AES = 99
TERMS = ("tos.txt", "terms.txt", "terms_of_service.txt")


def is_archive(path: Path) -> bool:
    """Whether the name is that of an archive: ``.zip``, or ``.zip.enc`` as easy-dataset-share seals one."""
    return path.name.lower().endswith((".zip", SEALED))


def archived_lines(
    path: Path, *, password: str | None, member: str | None
) -> tuple[str, Iterator[tuple[int, str]]]:
    """The name of one part of an archive, and its lines with their numbers (from 1).

    ``member`` is the part's name or its end; None takes the only one that ends in .jsonl. Raises `UsageError`
    for a password that is missing or wrong, a part that is not there or not the only one, an archive that is
    damaged, and one encrypted by AES inside the zip, which Python does not read.
    """
    with _opened(path, password) as archive:
        name = _member(archive, path, member)
        data = _read(archive, path, name, password)
    return name, _lines(data, f"{path.name}:{name}")


def archived_terms(path: Path, *, password: str | None) -> str:
    """The terms that an archive carries itself (``tos.txt``), or nothing; raises as `archived_lines`."""
    with _opened(path, password) as archive:
        found = [name for name in archive.namelist() if Path(name).name.lower() in TERMS]
        return _read(archive, path, found[0], password).decode("utf-8", "replace") if found else ""


def _opened(path: Path, password: str | None) -> zipfile.ZipFile:
    try:
        if path.name.lower().endswith(SEALED):
            return zipfile.ZipFile(io.BytesIO(_unsealed(path, password)))
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise UsageError(
            f"{path} is not a whole zip archive", right="the file as it was published"
        ) from error


def _unsealed(path: Path, password: str | None) -> bytes:
    """The zip inside: 16 bytes of salt, then a Fernet token under PBKDF2-SHA256 of the password."""
    try:
        fernet: Any = importlib.import_module("cryptography.fernet")
    except ImportError as error:
        raise UsageError(
            f"{path.name} is sealed, and opening it needs a library that is not installed",
            right="the package `cryptography`",
            do="pip install cryptography",
        ) from error
    data = path.read_bytes()
    key = hashlib.pbkdf2_hmac("sha256", _password(path, password), data[:SALT_BYTES], ITERATIONS)
    try:
        opened: bytes = fernet.Fernet(base64.urlsafe_b64encode(key)).decrypt(data[SALT_BYTES:])
    except fernet.InvalidToken:
        raise UsageError(f"the password does not open {path}", do="--data-password PASSWORD") from None
    return opened


def _member(archive: zipfile.ZipFile, path: Path, member: str | None) -> str:
    names = [name for name in archive.namelist() if name.lower().endswith(ROWS)]
    # Publishers add files of rows that only mark a set, to be found again in corpora.
    names = [name for name in names if not Path(name).name.startswith("dataset_entry_")]
    found = names if member is None else [name for name in names if name.endswith(member)]
    if member in found:
        found = [member]
    if len(found) != 1:
        what = "several parts" if found else "no part"
        raise UsageError(
            f"{path} has {what} of rows" + (f" named {member}" if member else ""),
            right=f"one of {', '.join(names)}" if names else f"a part that ends in {ROWS}",
            do="--data-member NAME",
        )
    return found[0]


def _read(archive: zipfile.ZipFile, path: Path, name: str, password: str | None) -> bytes:
    info = archive.getinfo(name)
    if info.compress_type == AES:
        raise UsageError(
            f"{path} is encrypted by AES inside the zip, which Python's zipfile does not read",
            right="an archive with the zip format's own encryption, or .zip.enc",
            do="unpack it, and give the .jsonl",
        )
    given = _password(path, password) if info.flag_bits & 1 else None
    try:
        return archive.read(name, pwd=given)
    except RuntimeError:
        raise UsageError(f"the password does not open {path}", do="--data-password PASSWORD") from None
    except (zipfile.BadZipFile, zlib.error):
        # The check of a zip's password is one byte: a wrong one may pass it and give garbage.
        raise UsageError(
            f"{name} of {path} cannot be read: the password is wrong or the archive is damaged"
        ) from None


def _password(path: Path, password: str | None) -> bytes:
    if not password:
        raise UsageError(
            f"{path.name} needs a password",
            right="the one that its publishers give beside it",
            do="--data-password PASSWORD, or the variable EUDAIMON_DATA_PASSWORD",
        )
    return password.encode()


def _lines(data: bytes, source: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(data.split(b"\n"), start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            text = None
        if text is None:
            raise BadRows(f"{source}, line {number}: not UTF-8")
        yield number, text
