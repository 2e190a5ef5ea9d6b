"""Archives as publishers make them: zips with the format's own cipher, and zips inside a Fernet token."""

from __future__ import annotations

import base64
import hashlib
import importlib
import io
import zipfile
import zlib
from pathlib import Path

SALT = b"0123456789abcdef"


def zipped(parts: dict[str, str]) -> bytes:
    """A zip with these parts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return stream.getvalue()


def sealed(path: Path, parts: dict[str, str], password: str) -> Path:
    """A zip in a Fernet token behind its salt, as easy-dataset-share writes one."""
    key = base64.urlsafe_b64encode(hashlib.pbkdf2_hmac("sha256", password.encode(), SALT, 100_000))
    token = importlib.import_module("cryptography.fernet").Fernet(key).encrypt(zipped(parts))
    path.write_bytes(SALT + token)
    return path


def encrypted_zip(path: Path, name: str, text: str, password: str) -> Path:
    """A zip of one stored part under the cipher of PKWARE's APPNOTE, 6.1, which zipfile only reads."""
    data = text.encode()
    check = zlib.crc32(data)
    cipher = _cipher(b"\0" * 11 + bytes([check >> 24]) + data, password.encode())
    plain = bytearray(zipped({name: text}))
    start = 30 + len(name)
    size = len(cipher).to_bytes(4, "little")
    plain[6] |= 1
    plain[18:22] = size
    plain[start : start + len(data)] = cipher
    entry = plain.index(b"PK\x01\x02")
    plain[entry + 8] |= 1
    plain[entry + 20 : entry + 24] = size
    end = plain.index(b"PK\x05\x06")
    plain[end + 16 : end + 20] = entry.to_bytes(4, "little")
    path.write_bytes(bytes(plain))
    return path


def _cipher(data: bytes, password: bytes) -> bytes:
    keys = [0x12345678, 0x23456789, 0x34567890]

    def crc(value: int, byte: int) -> int:
        return zlib.crc32(bytes([byte]), value ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    def update(byte: int) -> None:
        keys[0] = crc(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = crc(keys[2], keys[1] >> 24)

    for byte in password:
        update(byte)
    out = bytearray()
    for byte in data:
        mask = (keys[2] | 2) & 0xFFFF
        out.append(byte ^ ((mask * (mask ^ 1)) >> 8 & 255))
        update(byte)
    return bytes(out)
