"""An installation that asks the directory of the tests, and somebody at its sign-in page."""

from tests.support.directory_fixtures import app, visitor

__all__ = ["app", "visitor"]
