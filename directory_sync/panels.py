"""What other parts of the personnel work tell on top of the list of runs: the clock of changes not carried out, cases at the desk."""

from collections.abc import Callable

from flask import Flask, current_app
from sqlalchemy import Connection

from idp.console.home import Notice
from idp.database import reader

Panel = Callable[[Connection], list[Notice]]
_EXTENSION = "hopnhat.sync_panels"


def add_panel(app: Flask, panel: Panel) -> None:
    """Add something to the top of the list of runs."""
    app.extensions.setdefault(_EXTENSION, []).append(panel)


def panels() -> list[Notice]:
    """All that there is to say, in the order in which it was added."""
    found: list[Panel] = current_app.extensions.get(_EXTENSION, [])
    return [notice for panel in found for notice in panel(reader())]
