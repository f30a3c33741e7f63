"""Writes docs/settings.md from the settings themselves: python docs/write_settings.py."""

from pathlib import Path

from pydantic import SecretStr, TypeAdapter
from pydantic_core import PydanticUndefined

from idp.settings import PREFIX, Settings

HEAD = """# Settings

Environment variables, or the same names in small letters without the prefix in a TOML file named by `HOPNHAT_CONFIG`
(`instance/hopnhat.toml` when that is not set). The environment wins. All mistakes are reported at once at start.
This page is written from the code by `python docs/write_settings.py`.

| variable | default | meaning |
|---|---|---|
"""


def page() -> str:
    """The whole page."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "required" if field.default is PydanticUndefined else "none" if field.default is None else f"`{_shown(field.default)}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return HEAD + "\n".join(rows) + "\n"


def _shown(value: object) -> str:
    if isinstance(value, tuple) and value:  # what is written as JSON is shown as JSON
        return TypeAdapter(tuple[type(value[0]), ...]).dump_json(value).decode()
    if isinstance(value, frozenset | tuple):
        return ", ".join(str(part) for part in value) or "(empty)"
    return "…" if isinstance(value, SecretStr) else str(value)


if __name__ == "__main__":
    Path(__file__).with_name("settings.md").write_text(page())
