"""Writes docs/api-reference.md from the declarations of the API: python docs/write_api.py."""

from pathlib import Path

from flask import Flask

from idp.api.openapi import TAGS, operations_of
from idp.api.scopes import PATH
from idp.sealing import new_key
from idp.settings import read_settings
from wsgi import build

HEAD = """# The API's operations

Written from the declarations by `python docs/write_api.py`; how to call them is told in [the API](api.md), each parameter and member in
`/api/v1/openapi.json`. An operation takes the permission by a role of the client, and the scope in its token.
"""


def page(app: Flask) -> str:
    """The whole page."""
    found = list(operations_of(app))
    parts = [HEAD]
    for tag, words in TAGS.items():
        rows = [
            f"| `{method} {rule.rule.removeprefix(PATH)}` | {told.summary} | `{told.permission or '—'}` | `{told.scope or '—'}` |"
            for rule, method, told in found
            if told.tag == tag
        ]
        parts.append(f"## {tag}\n\n{words}\n\n| operation | does | permission | scope |\n|---|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def main() -> None:
    """Write it."""
    app = build(read_settings(issuer="http://127.0.0.1:8000", sealing_keys=new_key(), database_url="sqlite://"))
    (Path(__file__).resolve().parent / "api-reference.md").write_text(page(app))


if __name__ == "__main__":
    main()
