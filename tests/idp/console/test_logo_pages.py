"""Rules of the logo that an administrator puts up: a picture of our own making, whatever was sent."""

import io
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from clients.logos import fetch_due
from idp.roles.models import Role
from tests.support.relying_party import register_party
from tests.support.signed_in import browser_of, csrf_token, words_of
from tests.support.trail import events

PAGE = "/console/clients/mot-cua/logo"


def picture(kind: str = "PNG", comment: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(buffer, kind)
    return buffer.getvalue() + comment


def send(app: Flask, content: bytes, **more: str) -> Any:
    browser = browser_of(app, Role.IT_ADMIN)
    form = {"csrf_token": csrf_token(browser, PAGE), "reason": "Đúng mẫu", "picture": (io.BytesIO(content), "a.png"), **more}
    return browser.post(PAGE, data=form, content_type="multipart/form-data")


def test_a_picture_is_drawn_anew_and_shown_until_it_is_taken_away(app: Flask) -> None:
    party = register_party(client_id="mot-cua")
    assert send(app, picture(comment=b"<script>alert(1)</script>")).status_code == 303
    shown = app.test_client().get("/clients/mot-cua/logo")
    assert (shown.status_code, shown.content_type) == (200, "image/png")
    assert b"script" not in shown.data
    assert Image.open(io.BytesIO(shown.data)).size == (256, 256)
    assert fetch_due() == 0
    assert app.test_client().get("/clients/mot-cua/logo").status_code == 200
    assert send(app, b"", remove="1").status_code == 303
    assert app.test_client().get("/clients/mot-cua/logo").status_code == 404
    assert [(row.client_id, row.detail["reason"]) for row in events("client.changed")] == [(party.key, "Đúng mẫu")] * 2


@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", b"GIF89a", b"x" * (100 * 1024 + 1)])
def test_what_is_no_picture_is_refused(app: Flask, content: bytes) -> None:
    register_party(client_id="mot-cua")
    refused = send(app, content)
    assert refused.status_code == 400
    assert "Có lỗi cần sửa" in words_of(refused)
    assert app.test_client().get("/clients/mot-cua/logo").status_code == 404
