"""An installation under test: settings, a migrated database, the application."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from idp import schema
from idp.app import create_app
from idp.database import db, forget_connections
from idp.sealing import new_key
from idp.settings import Settings, read_settings
from idp.web.application import Route

ISSUER = "http://127.0.0.1:8000"
SEALING_KEY = new_key()
STANDING_TRIGGERS = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"


def settings_for(database_url: str, **given: Any) -> Settings:
    """Complete settings of a test installation; keyword arguments win. Without activation slips, which have tests of their own."""
    own = {"issuer": ISSUER, "sealing_keys": SEALING_KEY, "database_url": database_url, "activation_slips": False}
    return read_settings(**{**own, **given})


class FreshContextClient(FlaskClient):
    """A test client whose requests do not share `flask.g` with each other, although a test has the application's context pushed."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """One request, in a context of its own, as a server gives it."""
        with self.application.app_context():
            return super().open(*args, **kwargs)


class CompiledTemplates(BytecodeCache):
    """Templates that one application of this process has compiled, for the next one: compiling was a quarter of the time of all tests."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what is there for this text of the template."""
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        self._kept[bucket.key, bucket.checksum] = bucket.code


class ReadRoute(Route):
    """A route whose address one application of this process has read, for the next one: reading was half of making an application."""

    _kept: ClassVar[dict[tuple[Any, ...], tuple[Any, ...]]] = {}

    def compile(self) -> None:
        """Take what the same address was read as."""
        key = (self.rule, self.subdomain, self.merge_slashes, repr(self.defaults))
        if key not in self._kept:
            super().compile()
            self._kept[key] = (self._parts, self._trace, self._converters, frozenset(self.arguments))
        self._parts, self._trace, self._converters, arguments = self._kept[key]
        self.arguments |= arguments
        self._build, self._build_unknown = (self._compile_builder(unknown).__get__(self, None) for unknown in (False, True))


def share_compiled_statements() -> None:
    """From now on the engines of one kind of database take statements from each other: compiling them again was a tenth of a test."""
    make, first = db._make_engine, dict[str, Engine]()

    def share(bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        engine = make(bind_key, options, app)
        known = first.get(engine.dialect.name)
        if known is None or known.dialect.server_version_info is None:  # never met its server
            first[engine.dialect.name] = engine
        else:
            engine.dialect, engine.pool._dialect, engine._compiled_cache = known.dialect, known.dialect, known._compiled_cache
        return engine

    db._make_engine = share  # type: ignore[method-assign]


class Databases:
    """Fresh, migrated databases of one kind, copied from a template that was migrated once."""

    def __init__(self, kind: str, folder: Path, postgresql_url: str | None = None) -> None:
        self._kind, self._folder, self._server = kind, folder, postgresql_url
        self._returned: list[str] = []
        self._cleaners: dict[str, psycopg.Connection[Any]] = {}
        self._template = self._create("template")
        app = create_app(settings_for(self._template))
        with app.app_context():
            schema.upgrade()
            forget_connections()
            db.engine.dispose()

    def _create(self, name: str, template: str | None = None) -> str:
        if self._kind == "sqlite":
            path = self._folder / f"{name}.sqlite"
            if template:
                shutil.copyfile(self._folder / f"{template}.sqlite", path)
            return f"sqlite:///{path}"
        assert self._server
        with psycopg.connect(self._server.replace("+psycopg", "") + "/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}" STRATEGY FILE_COPY' if template else ""))
        return f"{self._server}/{name}"

    def fresh(self) -> str:
        """The URL of a new database with the schema and no rows, for a server that outlives the test."""
        return self._create(f"test_{uuid.uuid4().hex}", "template")

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The URL of a database with the schema and no rows, for one test; PostgreSQL's is emptied and lent again."""
        url = self._returned.pop() if self._returned else self.fresh()
        yield url
        if self._kind == "sqlite":
            for path in self._folder.glob(f"{Path(url).stem}.*"):
                path.unlink()
        elif self._empty(url):
            self._returned.append(url)

    def _empty(self, postgresql_url: str) -> bool:
        """Delete every row, past the triggers that forbid it; return whether the database can be lent again: not when a
        test dropped a trigger or a table, or left somebody in a transaction.

        Deleting takes 2 ms where a new copy of the template takes 150, and a connection that has not met the tables 20.
        """
        try:
            cleaner = self._cleaner(postgresql_url)
            cleaner.execute("; ".join(f'DELETE FROM "{name}"' for name in db.metadata.tables))
            return cleaner.execute(STANDING_TRIGGERS).fetchone() == (len(schema.APPEND_ONLY),)
        except psycopg.Error:
            return False

    def _cleaner(self, postgresql_url: str) -> psycopg.Connection[Any]:
        if postgresql_url not in self._cleaners:
            cleaner = self._cleaners[postgresql_url] = psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True)
            cleaner.execute("SET session_replication_role = replica; SET lock_timeout = '5s'")
        return self._cleaners[postgresql_url]


def close(app: Flask) -> None:
    """Let go of the application's connections."""
    with app.app_context():
        forget_connections()
        db.engine.dispose()
