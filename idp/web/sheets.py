"""The style sheets: tokens once, literal values in front of each `var()` for old browsers, white space taken out."""

import base64
import hashlib
import re
from pathlib import Path

from markupsafe import Markup

STATIC = Path(__file__).resolve().parent.parent / "static"
TOKEN = re.compile(r"(--[\w-]+)\s*:\s*([^;}]+)")
DECLARATION = re.compile(r"(?<=[{;])([\w-]+):([^;{}]*var\(--[^;{}]*)")


def compact(css: str) -> str:
    """The sheet without comments and needless white space."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    css = re.sub(r" ?([{};,>]) ?", r"\1", css)
    return re.sub(r"(?<=[\w)-]): ", ":", css).replace(";}", "}").strip()


def with_literals(css: str) -> str:
    """Each declaration that uses a token, with the token's first value in front: browsers without `var()` read that one."""
    tokens: dict[str, str] = {}
    for name, value in TOKEN.findall(css):
        tokens.setdefault(name, value.strip())

    def both(found: re.Match[str]) -> str:
        name, value = found.groups()
        if name.startswith("--"):
            return found.group(0)
        literal = re.sub(r"var\((--[\w-]+)\)", lambda token: tokens[token.group(1)], value)
        return f"{name}:{literal};{name}:{value}"

    return DECLARATION.sub(both, css)


def read_sheet(*names: str) -> str:
    """One sheet out of the named files of `static/`, ready to be sent."""
    return with_literals(compact("".join((STATIC / name).read_text("utf-8") for name in names)))


def content_hash(text: str) -> str:
    """Ten characters that change with the text: for the URL of a cached file."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]


INLINE_SHEET = Markup(read_sheet("tokens.css", "page.css"))  # noqa: S704 - our own file
INLINE_SHEET_HASH = "'sha256-" + base64.b64encode(hashlib.sha256(INLINE_SHEET.encode()).digest()).decode() + "'"
CONSOLE_SHEET = read_sheet("tokens.css", "page.css", "console.css")
CONSOLE_SHEET_VERSION = content_hash(CONSOLE_SHEET)
