"""What is tried against the sign-in pages as a whole: sizes, encodings, methods, cookies, frames, other people's flows."""

import time as real_time
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select

from idp.app import create_app
from idp.audit import AuditEvent
from idp.credentials.models import FailureCount
from idp.database import reader, table_of
from idp.sessions.models import BrowserSession
from tests.support.bind_directory import PASSWORD, BindDirectory
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.sign_in import Visitor, official

PATHS = ("/sign-in", "/sign-in/password")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["username", "password"])
def test_a_megabyte_in_a_field_is_refused_at_once_and_nobody_is_asked(
    visitor: Visitor, directory: BindDirectory, path: str, name: str
) -> None:
    """LOG-017."""
    visitor.asks()
    form = {**visitor.form(), "username": "vmsinh", "password": PASSWORD, name: "x" * 2**20}
    began = real_time.monotonic()
    response = visitor.browser.post(f"{path}?flow={visitor.flow}", data=form)
    assert response.status_code in (400, 413)
    assert real_time.monotonic() - began < 0.2
    assert "hopnhat.directory" not in visitor.app.extensions


def test_ten_thousand_fields_and_multipart_bodies_are_no_sign_in(visitor: Visitor, directory: BindDirectory) -> None:
    """LOG-017."""
    official(directory)
    visitor.asks()
    form = {**visitor.form(), "username": "vmsinh", "password": PASSWORD}
    many = {**form, **{f"field{number}": "x" for number in range(10_000)}}
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        response = visitor.browser.post(f"/sign-in?flow={visitor.flow}", data=many, content_type=content_type)
        assert response.status_code in (400, 413)
    assert visitor.session() is None
    assert visitor.browser.post(f"/sign-in?flow={visitor.flow}", json=form).status_code == 400
    assert "hopnhat.directory" not in visitor.app.extensions


def test_somebody_elses_flow_does_nothing_in_this_browser(app: Flask, directory: BindDirectory) -> None:
    """LOG-019: an attacker's flow does not advance by a victim who opens it, with or without a session."""
    official(directory)
    attacker, victim = Visitor(app), Visitor(app)
    attacker.asks(client_name="Bẫy")
    for _ in range(2):
        response = victim.browser.get(f"/sign-in?flow={attacker.flow}")
        assert response.status_code == 400
        assert "Bẫy" not in response.text
        victim.asks()
        victim.types_password()
        assert victim.session() is not None
    assert attacker.session() is None
    attacker.opens(f"/sign-in?flow={attacker.flow}")
    assert attacker.path == "/sign-in"


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-in/password", "/sign-in/factor", "/sign-in/account", "/account", "/account/password", "/console"]
)
def test_no_page_is_shown_in_a_frame(visitor: Visitor, path: str) -> None:
    """LOG-023."""
    visitor.asks()
    response = visitor.browser.get(f"{path}?flow={visitor.flow}")
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Frame-Options"] == "DENY"


def test_over_https_every_cookie_of_a_sign_in_is_bound_to_the_host_and_hidden_from_scripts(
    database_url: str, directory: BindDirectory
) -> None:
    """LOG-025: the session's is 256 random bits and says nothing."""
    app = create_app(settings_for(database_url, **directory.settings(), issuer="https://dinhdanh.example.vn"))
    app.test_client_class = FreshContextClient
    with app.app_context():
        official(directory)
        browser = app.test_client()
        told = {"base_url": "https://dinhdanh.example.vn"}
        first = browser.get("/sign-in", **told)
        page = browser.get(first.location, **told)
        token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        data = {"csrf_token": token, "username": "vmsinh", "password": PASSWORD}
        answer = browser.post(first.location, data=data, headers={"Referer": f"https://dinhdanh.example.vn{first.location}"}, **told)
        assert answer.status_code == 303, answer.text
        cookies = [cookie for one in (first, page, answer) for cookie in one.headers.getlist("Set-Cookie")]
        assert len(cookies) >= 3
        for cookie in cookies:
            name, _, rest = cookie.partition("=")
            assert name.startswith("__Host-"), cookie
            attributes = {part.strip().lower() for part in rest.split(";")[1:]}
            assert {"secure", "path=/"} <= attributes, cookie
            assert attributes & {"samesite=lax", "samesite=strict"}, cookie
            assert not any(attribute.startswith("domain") for attribute in attributes), cookie
            assert "httponly" in attributes, cookie
        session = next(cookie for cookie in cookies if cookie.startswith("__Host-hopnhat="))
        assert len(session.partition("=")[2].partition(";")[0]) == 43
    close(app)


@pytest.mark.parametrize("path", PATHS)
def test_other_methods_and_overrides_do_nothing(visitor: Visitor, directory: BindDirectory, path: str) -> None:
    """LOG-027."""
    official(directory)
    visitor.asks()
    query = f"?flow={quote(visitor.flow)}"
    for method in ("PUT", "DELETE", "PATCH", "TRACE"):
        assert visitor.browser.open(path + query, method=method).status_code in (400, 405)
    form = {**visitor.form(), "username": "vmsinh", "password": PASSWORD}
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        response = visitor.browser.get(path, headers={header: "POST"}, query_string={**form, "flow": visitor.flow})
        assert response.status_code == 200
    assert visitor.session() is None
    assert "hopnhat.directory" not in visitor.app.extensions


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("raw", [b"%ff", b"%c0%af", b"%00", b"%ed%a0%80", b"\xff\xfe", b"%e2%80%8d"])
@pytest.mark.parametrize("name", [b"username", b"password", b"new_password"])
def test_what_is_no_text_is_refused_and_the_trail_stays_whole(
    visitor: Visitor, directory: BindDirectory, path: str, name: bytes, raw: bytes
) -> None:
    """LOG-029."""
    official(directory)
    visitor.asks()
    fields = {b"username": b"vmsinh", b"password": b"wrong", b"new_password": b"x", b"again": b"x", name: raw}
    token = quote(visitor.form()["csrf_token"]).encode()
    body = b"&".join([b"csrf_token=" + token, *(key + b"=" + value for key, value in fields.items())])
    response = visitor.browser.post(f"{path}?flow={quote(visitor.flow)}", data=body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 400
    assert visitor.session() is None
    for row in reader().execute(select(table_of(AuditEvent))).all():
        str(row).encode()
    assert visitor.browser.get("/sign-in?flow=" + raw.decode("latin-1")).status_code in (303, 400)


def test_an_opened_page_leaves_no_row_and_a_refused_one_at_most_its_counts(visitor: Visitor, directory: BindDirectory) -> None:
    """LOG-037."""
    for _ in range(20):
        visitor.asks()
    assert reader().execute(select(table_of(BrowserSession))).first() is None
    assert reader().execute(select(table_of(FailureCount))).first() is None
    for _ in range(5):
        visitor.types_password("nobody", "wrong")
    assert len(reader().execute(select(table_of(FailureCount))).all()) == 2  # the name's and the address's


def test_an_unauthenticated_bind_is_never_sent(visitor: Visitor, directory: BindDirectory) -> None:
    """LOG-001."""
    official(directory)
    for fields in ({"password": ""}, {"password": "   "}, {"password": "\0"}, {}):
        visitor.asks()
        visitor.sends(username="vmsinh", **fields)
        assert visitor.session() is None
    assert "hopnhat.directory" not in visitor.app.extensions
