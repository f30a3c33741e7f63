"""Puts spreadsheets and the page of the sources into the application: pages, the source itself, and what the worker does for it."""

from flask import Flask

from directory_sync import owner_pages, sources
from directory_sync.sheets import imports, pages, upload
from directory_sync.sheets.source import find_source
from idp.database import in_transaction
from idp.jobs import Job

HOUR = 3600


def set_up_sheets(app: Flask) -> None:
    """Register the pages, and how the source is read again for an approved plan."""
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(upload.blueprint)
    app.register_blueprint(owner_pages.blueprint)
    sources.add_source(app, find_source)


def _look() -> None:
    in_transaction(imports.forget_old)
    in_transaction(imports.due_again)


def jobs() -> list[Job]:
    """Once an hour: drafts of yesterday are dropped, rows whose day has come are planned."""
    return [Job("sheets", HOUR, _look, lease_seconds=300)]
