"""Every text is there in English, and says the same things in the same places."""

import re
import tomllib
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "idp" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|%")
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}


def _source() -> set[str]:
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    methods = [(mapping["pattern"], mapping["method"]) for mapping in mappings]
    found: set[str] = set()
    for folder in ("idp", "clients", "directory_sync"):
        for _file, _line, message, _comments, _context in extract_from_dir(ROOT / folder, methods, keywords=KEYWORDS):
            found.add(message if isinstance(message, str) else message[0])
    return found


def _english() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en")


def test_every_text_has_its_english_and_no_english_is_left_over() -> None:
    source, told = _source(), {message.id: message.string for message in _english() if message.id}
    assert source, "nothing was extracted"
    assert sorted(text for text in source if not told.get(text)) == []
    assert sorted(set(told) - source) == []


def test_no_english_is_a_guess() -> None:
    assert [message.id for message in _english() if message.id and message.fuzzy] == []


def test_placeholders_are_the_same_in_both_languages() -> None:
    differing = [
        message.id
        for message in _english()
        if message.id and sorted(PLACEHOLDER.findall(str(message.id))) != sorted(PLACEHOLDER.findall(str(message.string)))
    ]
    assert differing == []


def test_texts_use_no_pronoun_and_no_exclamation_mark() -> None:
    pronoun = re.compile(r"\b(bạn|quý khách|đồng chí)\b|!", re.IGNORECASE)
    assert sorted(text for text in _source() if pronoun.search(text)) == []
