"""The reason that somebody gives for a deed: needed, and short enough to be read later."""

from flask import request
from flask_babel import gettext as _

SHORTEST, LONGEST = 5, 200


def read_reason(field: str = "reason") -> tuple[str, dict[str, str]]:
    """The reason in the form, and what is wrong with it."""
    # What cannot be seen would only hide the rest; a NUL cannot even be kept.
    written = "".join(character if character.isprintable() else " " for character in request.form.get(field, ""))
    reason = " ".join(written.split())
    if not SHORTEST <= len(reason) <= LONGEST:
        return reason, {field: _("Nhập lý do, từ %(least)s đến %(most)s ký tự.", least=SHORTEST, most=LONGEST)}
    return reason, {}
