"""The worker: runs each job when it is due; a lease in the database makes one worker the leader of a job."""

import os
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from flask import Flask
from sqlalchemy import Connection, String, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from idp import clock
from idp.database import Record, UtcDateTime, db, forget_connections, in_transaction, reader, table_of

LONGEST_NAP_SECONDS = 1.0
_log = structlog.get_logger()


@dataclass(frozen=True)
class Job:
    """Something done every `seconds`.

    With `lease_seconds` only one worker of all does it at a time, and that long is the longest one run may take before another
    worker may start it; without, every worker does it (what it does then decides by its own rows who wins).
    """

    name: str
    seconds: float
    run: Callable[[], object]
    lease_seconds: int | None = None


class JobLease(Record):
    """Who runs a job, until when, and when it is due next."""

    __tablename__ = "job_lease"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(128))
    leased_until: Mapped[datetime] = mapped_column(UtcDateTime)
    next_run_at: Mapped[datetime] = mapped_column(UtcDateTime)


_t = table_of(JobLease)
_next_run = select(_t.c.next_run_at).where(_t.c.name == bindparam("job"))
_take = (
    update(_t)
    .where(
        _t.c.name == bindparam("job"), _t.c.next_run_at <= bindparam("now"), or_(_t.c.leased_until <= bindparam("now"), _t.c.holder == "")
    )
    .values(holder=bindparam("me"), leased_until=bindparam("until"))
)
_give_back = (
    update(_t)
    .where(_t.c.name == bindparam("job"), _t.c.holder == bindparam("me"))
    .values(holder="", leased_until=bindparam("now"), next_run_at=bindparam("next"))
)


def worker_name() -> str:
    """This process, as it shows in a lease."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_native_id()}"


def ensure_leases(jobs: Sequence[Job]) -> None:
    """Make sure that each leased job has its row, due at once."""
    now = clock.now()
    rows = [{"name": job.name, "holder": "", "leased_until": now, "next_run_at": now} for job in jobs if job.lease_seconds]
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    if rows:
        in_transaction(lambda connection: connection.execute(insert(JobLease).on_conflict_do_nothing(), rows))


def take_lease(connection: Connection, job: Job, me: str) -> bool:
    """Become the one who runs this job now; one conditional update decides between several workers."""
    assert job.lease_seconds is not None
    now = clock.now()
    values = {"job": job.name, "now": now, "me": me, "until": now + timedelta(seconds=job.lease_seconds)}
    return connection.execute(_take, values).rowcount == 1


def make_due(connection: Connection, name: str) -> bool:
    """Let the worker run a leased job at its next look instead of at its time; return whether any worker has ever known it."""
    due_now = update(_t).where(_t.c.name == name).values(next_run_at=clock.now())
    return connection.execute(due_now).rowcount == 1


def run_if_due(job: Job) -> bool:
    """Run the job when it is due and nobody else runs it; return whether it ran. A failure is logged; the job is due again."""
    if job.lease_seconds is None:
        return _run(job)
    due = reader().execute(_next_run, {"job": job.name}).scalar()
    me = worker_name()
    if due is None or due > clock.now() or not in_transaction(lambda connection: take_lease(connection, job, me)):
        return False
    _run(job)
    now = clock.now()
    values = {"job": job.name, "me": me, "now": now, "next": now + timedelta(seconds=job.seconds)}
    in_transaction(lambda connection: connection.execute(_give_back, values))
    return True


def _run(job: Job) -> bool:
    try:
        job.run()
    except Exception:  # noqa: BLE001 - whatever one job's fault is, the worker goes on: it is logged whole and the job is tried again
        _log.exception("job.failed", job=job.name)
        forget_connections()
    return True


def _keep_running(app: Flask, job: Job, stop: threading.Event) -> None:
    with app.app_context():
        while not stop.is_set():
            try:
                run_if_due(job)
            except Exception:  # noqa: BLE001 - the database may be away for a while; the worker waits for it
                _log.exception("job.not_started", job=job.name)
                forget_connections()
            stop.wait(min(job.seconds, LONGEST_NAP_SECONDS) if job.lease_seconds else job.seconds)


def work(app: Flask, jobs: Sequence[Job], stop: threading.Event) -> None:
    """Run the jobs, each in a thread of its own so that a slow one delays no other, until `stop` is set."""
    with app.app_context():
        ensure_leases(jobs)
    threads = [threading.Thread(target=_keep_running, args=(app, job, stop), name=job.name) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
