"""The sources by name, for whoever reads one again: an approved plan, the worker."""

from collections.abc import Callable

from flask import Flask, current_app

from directory_sync.source.ldap_full import SOURCE, whole_directory
from directory_sync.source.reading import ReadIncomplete, Source

FindSource = Callable[[str], Source | None]
_EXTENSION = "hopnhat.sync_sources"


def add_source(app: Flask, find: FindSource) -> None:
    """Make further sources known: `find` is given a name and answers with the source that reads it whole, or None."""
    app.extensions.setdefault(_EXTENSION, []).append(find)


def require_source(name: str) -> Source:
    """The source of this name, to be read whole. Raises ReadIncomplete when it cannot be read again."""
    if name == SOURCE:
        return whole_directory()
    finders: list[FindSource] = current_app.extensions.get(_EXTENSION, [])
    for find in finders:
        if found := find(name):
            return found
    raise ReadIncomplete("source_not_readable", name)
