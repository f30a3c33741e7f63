"""The seed file that a vendor delivers with hardware tokens: CSV, or PSKC (RFC 6030) that is not encrypted."""

import base64
import binascii
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

SHORTEST_SECRET = 16  # bytes (RFC 4226 §4 R6)
HEX_LENGTHS = (40, 64, 128)  # letters of secrets for SHA-1, SHA-256, SHA-512
ALGORITHMS = ("sha1", "sha256", "sha512")
COLUMNS = ("serial", "secret", "digits", "period", "algorithm")
_PSKC = "{urn:ietf:params:xml:ns:keyprov:pskc}"
_TOTP = "urn:ietf:params:xml:ns:keyprov:pskc:totp"


class SeedFileMistaken(Exception):
    """The file cannot be read as it stands; the text names the line and what is wrong, never the secret."""


@dataclass(frozen=True)
class Seed:
    """What a token was made with."""

    serial: str
    secret: bytes
    digits: int = 6
    period_seconds: int = 30
    algorithm: str = "sha1"

    def __repr__(self) -> str:
        return f"Seed({self.serial!r}, …)"


def read_seeds(content: bytes) -> list[Seed]:
    """All seeds of a file, whichever of the two kinds it is. Raises SeedFileMistaken; then nothing of it should be used."""
    seeds = list(_read_pskc(content) if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") else _read_csv(content))
    twice = [serial for serial, times in Counter(seed.serial for seed in seeds).items() if times > 1]
    if twice:
        raise SeedFileMistaken(f"serial {twice[0]} is in the file more than once")
    if not seeds:
        raise SeedFileMistaken("the file holds no token")
    return seeds


def plain_serial(written: str) -> str:
    """A serial number as it is kept and looked up: capitals without blanks and dashes."""
    return "".join(character for character in written.upper() if character.isascii() and character.isalnum())[:64]


def _read_csv(content: bytes) -> Iterator[Seed]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SeedFileMistaken("the file is neither UTF-8 text nor PSKC") from None
    first = text.partition("\n")[0]
    rows = _rows(text, max(",;\t", key=first.count))
    names: list[str] = list(COLUMNS)
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if number == 1 and "secret" in [cell.lower() for cell in cells]:
            names = [cell.lower() for cell in cells]
            continue
        by_name = dict(zip(names, cells, strict=False))
        yield _seed(by_name, _secret(by_name.get("secret", ""), f"line {number}"), f"line {number}")


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text), delimiter=delimiter)
    except csv.Error:
        raise SeedFileMistaken("the file is no CSV: perhaps a quotation mark is missing") from None


def _seed(cells: dict[str, str], secret: bytes, where: str) -> Seed:
    seed = Seed(
        plain_serial(cells.get("serial", "")),
        secret,
        _number(cells.get("digits") or "6", where),
        _number(cells.get("period") or "30", where),
        (cells.get("algorithm") or "sha1").lower().replace("-", "").removeprefix("hmac"),
    )
    wrong = {
        "serial number": not seed.serial,
        "secret (at least 128 bits)": len(seed.secret) < SHORTEST_SECRET,
        "digits (6 or 8)": seed.digits not in (6, 8),
        "period (30 or 60 seconds)": seed.period_seconds not in (30, 60),
        "algorithm (SHA1, SHA256 or SHA512)": seed.algorithm not in ALGORITHMS,
    }
    for what, is_wrong in wrong.items():
        if is_wrong:
            raise SeedFileMistaken(f"{where}: {what} is missing or wrong")
    return seed


def _number(written: str, where: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", written):
        raise SeedFileMistaken(f"{where}: a number is wrong")
    return int(written)


def _secret(written: str, where: str) -> bytes:
    """Hexadecimal or base 32, told apart by their letters; by their length where the letters would do for both."""
    compact = re.sub(r"[\s-]", "", written).upper()
    is_hex = re.fullmatch(r"(?:[0-9A-F]{2})+", compact) is not None
    is_base32 = re.fullmatch(r"[A-Z2-7]+=*", compact) is not None
    try:
        if is_hex and (not is_base32 or len(compact) in HEX_LENGTHS):
            return bytes.fromhex(compact)
        if is_base32 and not is_hex:
            letters = compact.rstrip("=")
            return base64.b32decode(letters + "=" * (-len(letters) % 8))
    except (ValueError, binascii.Error):
        pass
    raise SeedFileMistaken(f"{where}: the secret is neither hexadecimal nor base 32, or could be either")


def _read_pskc(content: bytes) -> Iterator[Seed]:
    # Entities are what XML is attacked with, and PSKC has none. In UTF-16 they would not be seen here, and the parser reads it unasked.
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"\0" in content:
        raise SeedFileMistaken("a PSKC file is UTF-8 text without a document type")
    try:
        container = ElementTree.fromstring(content)  # noqa: S314 - no entities, and a file that the operator was sent
    except ElementTree.ParseError:
        raise SeedFileMistaken("the file is not well-formed XML") from None
    for number, package in enumerate(container.iter(f"{_PSKC}KeyPackage"), 1):
        yield _pskc_seed(package, f"key package {number}")


def _pskc_seed(package: Any, where: str) -> Seed:
    key = package.find(f"{_PSKC}Key")
    if key is None or key.get("Algorithm", "").lower() != _TOTP:
        raise SeedFileMistaken(f"{where}: not a TOTP key")
    secret = _text(key, "Data/Secret/PlainValue")
    if not secret:
        raise SeedFileMistaken(f"{where}: the secret is encrypted; have the vendor's tool decrypt the file first")
    response = key.find(_path("AlgorithmParameters/ResponseFormat"))
    cells = {
        "serial": _text(package, "DeviceInfo/SerialNo") or key.get("Id", ""),
        "digits": response.get("Length", "") if response is not None else "",
        "period": _text(key, "Data/TimeInterval/PlainValue"),
        "algorithm": _text(key, "AlgorithmParameters/Suite"),
    }
    return _seed(cells, _base64(secret, where), where)


def _path(names: str) -> str:
    return "/".join(f"{_PSKC}{name}" for name in names.split("/"))


def _text(element: Any, names: str) -> str:
    return (element.findtext(_path(names)) or "").strip()


def _base64(written: str, where: str) -> bytes:
    try:
        return base64.b64decode("".join(written.split()), validate=True)
    except binascii.Error:
        raise SeedFileMistaken(f"{where}: the secret is not base64") from None
