"""Rules of the pages with an application's ready settings, and with what it would be told of one person."""

import html

from flask import Flask

from idp.roles.models import Role
from tests.support.people import add_person
from tests.support.relying_party import register_party
from tests.support.signed_in import browser_of, words_of


def test_names_are_shown_in_letters_as_the_application_gets_them(app: Flask) -> None:
    register_party(client_name="Một cửa", client_id="mot-cua")
    add_person("binh", "Lý Thị Bình")
    page = html.unescape(words_of(browser_of(app, Role.IT_ADMIN).get("/console/clients/mot-cua/preview?person=binh")))
    assert '"Lý Thị Bình"' in page
    assert "\\u" not in page


def test_the_ready_settings_say_before_they_are_pasted_what_the_registration_lacks_for_a_program(app: Flask) -> None:
    register_party(client_name="Một cửa", client_id="mot-cua")
    page = words_of(browser_of(app, Role.IT_ADMIN).get("/console/clients/mot-cua/setup"))
    wordpress = page[page.index("WordPress") : page.index("GitLab")]
    assert "client_secret_post" in wordpress
    assert "không làm được PKCE" in wordpress
    assert "admin-ajax.php?action=openid-connect-authorize" in wordpress
    assert "chưa đăng nhập được" not in page[page.index("Node") : page.index("Django")]
