"""Flaws of the data that features of a floor above know of: each adds its own lines to those a snapshot freezes."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import cast

from flask import Flask, current_app
from sqlalchemy import Connection

KEY = "hopnhat.tracker_quality"
Look = Callable[[Connection, date], Mapping[str, int]]


def add_quality_source(app: Flask, look: Look) -> None:
    """Let a feature count flaws of a day; its keys have their words in `quality_words.QUALITY`."""
    app.extensions.setdefault(KEY, []).append(look)


def quality_elsewhere(connection: Connection, day: date) -> dict[str, int]:
    """All that these features count."""
    looks = cast("list[Look]", current_app.extensions.get(KEY, []))
    return {key: number for look in looks for key, number in look(connection, day).items()}
