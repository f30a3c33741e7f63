"""What `hopnhat doctor` recommends without calling the installation unsound for it."""

from collections.abc import Callable

from flask import Flask, current_app

KEY = "hopnhat.doctor_advice"


def add(app: Flask, name: str, look: Callable[[], str]) -> None:
    """Let the doctor of this application recommend this: `look` says what to do, or nothing."""
    app.extensions.setdefault(KEY, []).append((name, look))


def advice() -> list[tuple[str, str]]:
    """What is recommended, by name; empty words where nothing is."""
    return [(name, look()) for name, look in current_app.extensions.get(KEY, ())]
