"""Kinds of events are chosen by words, not by their names in the code."""

from flask import Flask

from idp.audit import Event
from idp.console.trail import actor_words
from idp.console.words import SENTENCES, kind_words, sentence


def test_every_kind_of_event_is_chosen_by_words_of_its_own(app: Flask) -> None:
    words = [kind_words(event) for event in SENTENCES]
    assert len(set(words)) == len(words)
    assert not [text for text in words if "%(" in text or "." in text]


def test_who_tried_a_password_and_why_it_was_refused_is_told_in_words(app: Flask) -> None:
    assert actor_words("anonymous", {}) == "Người chưa đăng nhập"
    for reason in ("wrong", "unknown_person", "directory_locked", "suspended"):
        assert reason not in sentence(Event.PASSWORD_REFUSED, {"reason": reason}, "Vàng Thị Mai", None)


def test_an_event_of_the_catalogue_names_its_system(app: Flask) -> None:
    assert sentence(Event.SYSTEM_ADDED, {"code": "hop", "name": "Họp không giấy"}, None, None).endswith("(Họp không giấy)")
