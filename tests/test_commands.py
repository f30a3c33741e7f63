"""Rules that hold for all commands of `hopnhat`."""

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from flask import Flask

import wsgi
from idp.app import create_app
from idp.command_line import told
from tests.support.installation import close, settings_for


@pytest.fixture
def commands(app: Flask, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """`hopnhat` on the test's own application."""
    monkeypatch.setattr(wsgi, "build", lambda: app)
    return CliRunner()


def test_refusals_are_in_the_language_of_the_commands(commands: CliRunner) -> None:
    refused = commands.invoke(wsgi.main, ["client", "add", "--name", "Họp", "--redirect-uri", "http://hop.example.gov.vn/cb"])
    assert refused.exit_code == 1
    assert "it must be https" in refused.stderr


def test_what_does_not_exist_is_a_refusal_and_what_is_no_command_a_mistake(commands: CliRunner) -> None:
    for arguments in (["client", "show", "x"], ["client", "disable", "x"], ["people", "show", "x"], ["sync", "show", "99"]):
        assert commands.invoke(wsgi.main, arguments).exit_code == 1
    assert commands.invoke(wsgi.main, ["nonsense"]).exit_code == 2


@pytest.mark.parametrize("url", ["sqlite:////nowhere/hopnhat.sqlite", "postgresql+psycopg://hopnhat:Mat-khau@127.0.0.1:1/hopnhat"])
def test_a_database_that_does_not_answer_is_told_in_a_sentence_without_its_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(settings_for(url))
    monkeypatch.setattr(wsgi, "build", lambda: app)
    refused = CliRunner().invoke(wsgi.main, ["people", "find", "sinh"])
    assert refused.exit_code == 1
    assert refused.stderr.startswith("Error: The database does not answer: ")
    assert "Traceback" not in refused.stderr
    assert "Mat-khau" not in refused.stderr
    close(app)


def test_a_value_is_told_in_words_and_local_time(app: Flask) -> None:
    at = datetime(2026, 11, 24, 7, 25, 26, 686419, tzinfo=UTC)
    assert told(at) == "2026-11-24 14:25:26 +0700"
    assert told({"name": "Sở Nội vụ", "code": None}) == "name: Sở Nội vụ, code: –"
    assert told([{"hint": "…L5J8"}, "b"]) == "hint: …L5J8\nb"
    assert told(None) == ""
    assert told(0) == "0"
