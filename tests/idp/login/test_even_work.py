"""Rules of names that nobody has: the database and the directory do the same for them as for anybody's."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import event

from idp.database import db
from tests.support.bind_directory import BindDirectory
from tests.support.sign_in import Visitor, official


@contextmanager
def work_done(app: Flask) -> Iterator[list[str]]:
    """The statements sent to the database, in order, without their values."""
    done: list[str] = []

    def note(*given: object) -> None:
        done.append(str(given[2]))

    event.listen(db.engine, "before_cursor_execute", note)
    yield done
    event.remove(db.engine, "before_cursor_execute", note)


def test_a_wrong_password_is_the_same_work_for_a_name_that_nobody_has(app: Flask, directory: BindDirectory) -> None:
    """LOG-007: by username and by mail address."""
    official(directory, "vmsinh")
    official(directory, "lvan", state="suspended")
    works = []
    for typed in ("vmsinh", "lvan", "nobody", "vmsinh@hagiang.gov.vn", "lvan@hagiang.gov.vn", "nobody@hagiang.gov.vn"):
        visitor = Visitor(app)
        visitor.asks()
        with work_done(app) as done:
            visitor.types_password(typed, "wrong")
        works.append(("@" in typed, tuple(done)))
    assert len(set(works)) == 2
