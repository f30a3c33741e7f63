"""What else can be done on somebody's page, told by parts of the system that the console does not know."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app

KEY = "hopnhat.person_deeds"


@dataclass(frozen=True)
class PersonDeed:
    """A button: where it posts to, and what it says."""

    action: str
    words: str


FindDeed = Callable[[Any], PersonDeed | None]


def add_person_deed(app: Flask, find: FindDeed) -> None:
    """Offer a deed on the page of each person for whom `find` gives one to this viewer."""
    app.extensions.setdefault(KEY, []).append(find)


def deeds_for(person: Any) -> list[PersonDeed]:
    """The deeds to offer, in the order in which the parts were set up."""
    found = (find(person) for find in current_app.extensions.get(KEY, ()))
    return [deed for deed in found if deed]
