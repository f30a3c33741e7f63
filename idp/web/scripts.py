"""The one script there is: passkeys cannot do without. It stands in the page itself, and its hash lets it run there."""

import base64
import hashlib
import re

from markupsafe import Markup

from idp.web.headers import set_policy
from idp.web.sheets import STATIC


def _compact(script: str) -> str:
    """The script without whole-line comments and indentation."""
    return re.sub(r"\n+", "\n", re.sub(r"^[ \t]*(//.*)?", "", script, flags=re.MULTILINE)).strip()


_KEY_SCRIPT = _compact((STATIC / "key.js").read_text("utf-8"))
_KEY_SCRIPT_HASH = "'sha256-" + base64.b64encode(hashlib.sha256(_KEY_SCRIPT.encode()).digest()).decode() + "'"
_KEY_SCRIPT_ELEMENT = Markup(f"<script>{_KEY_SCRIPT}</script>")  # noqa: S704 - our own file


def key_script() -> Markup:
    """The script for passkeys, which this page's policy lets run from now on."""
    set_policy(script_src=_KEY_SCRIPT_HASH)
    return _KEY_SCRIPT_ELEMENT
