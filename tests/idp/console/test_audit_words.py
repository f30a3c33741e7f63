"""Kinds of events are chosen by words, not by their names in the code."""

from flask import Flask

from idp.console.words import SENTENCES, kind_words


def test_every_kind_of_event_is_chosen_by_words_of_its_own(app: Flask) -> None:
    words = [kind_words(event) for event in SENTENCES]
    assert len(set(words)) == len(words)
    assert not [text for text in words if "%(" in text or "." in text]
