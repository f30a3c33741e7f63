"""Rules of reminders written by many at once, on PostgreSQL: each person's week is taken once, each order carried out once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from idp import outbox
from idp.app import create_app
from idp.database import forget_connections, in_transaction, reader, table_of
from idp.enrollment.campaigns import reminders
from idp.enrollment.campaigns.models import ReminderOrder
from idp.enrollment.campaigns.reminder_letter import KIND
from tests.support.installation import close, settings_for
from tests.support.tracked_province import build_province, freeze

THREADS = 20
_m, _o = table_of(outbox.OutboxMessage), table_of(ReminderOrder)


@pytest.fixture
def app(postgresql_url: str) -> Iterator[Flask]:
    mail = {"smtp_url": "smtp://127.0.0.1:9", "mail_from": "dinhdanh@hagiang.gov.vn"}
    application = create_app(settings_for(postgresql_url, **mail))
    with application.app_context():
        yield application
    close(application)


def test_twenty_workers_at_two_orders_write_to_each_person_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminders, "BATCH", 2)
    province = build_province()
    freeze()
    for unit_id in (province.commune, None):
        in_transaction(
            lambda connection, unit_id=unit_id: reminders.order_reminders(connection, "", unit_id, reason="Đôn đốc", actor="cli:test")  # type: ignore[misc]
        )

    def work(_number: int) -> None:
        with app.app_context():
            try:
                reminders.remind_job()
            except SQLAlchemyError:
                pass  # it lost against another too often; the worker's next turn goes on
            finally:
                forget_connections()

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(work, range(THREADS)))
    reminders.remind_job()
    people = select(func.count(), func.count(_m.c.person_id.distinct())).where(_m.c.kind == KIND)
    written, distinct = reader().execute(people).one()
    assert written == distinct == 21
    assert reader().execute(select(func.sum(_o.c.written))).scalar_one() == 21
