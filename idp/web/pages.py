"""What all pages share, put together: headers, forged forms, languages, formats, layouts, error pages."""

from flask import Flask, Response, redirect
from werkzeug.wrappers import Response as BaseResponse

from idp.at_hand import these_notes
from idp.request_ids import request_id
from idp.settings import Settings
from idp.web.csrf import set_up_csrf
from idp.web.errors import set_up_errors
from idp.web.formats import set_up_formats
from idp.web.headers import set_up_headers
from idp.web.language import set_up_language
from idp.web.scripts import key_script
from idp.web.sheets import CONSOLE_SHEET, CONSOLE_SHEET_VERSION, INLINE_SHEET
from idp.web.viewer import Permission, anyone, may, viewer

CONSOLE_SHEET_URL = f"/static/console.css?v={CONSOLE_SHEET_VERSION}"


@anyone
def front_door() -> BaseResponse:
    """The bare address leads to a person's own page, which asks for a sign-in when nobody is signed in."""
    return redirect("/account", 303)


@anyone
def console_sheet() -> Response:
    """The sheet of signed-in pages; its URL changes with its content, so browsers keep it."""
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(CONSOLE_SHEET, content_type="text/css; charset=utf-8", headers=kept)


def set_up_web(app: Flask, settings: Settings) -> None:
    """Prepare the application for pages; before any blueprint is registered."""
    app.before_request(_forget_other_requests)
    set_up_headers(app, settings)
    set_up_csrf(app, settings)
    set_up_language(app, settings)
    set_up_formats(app)
    set_up_errors(app)
    app.add_url_rule("/", "front_door", front_door)
    app.add_url_rule("/static/console.css", "console_sheet", console_sheet)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        organization_name=settings.organization_name,
        help_line=settings.help_line,
        inline_sheet=INLINE_SHEET,
        console_sheet_url=CONSOLE_SHEET_URL,
        key_script=key_script,
        viewer=viewer,
        may=may,
        Permission=Permission,
        request_id=request_id,
    )


def _forget_other_requests() -> None:
    # `g` lives as long as the application context, which a caller may hold open over several requests.
    notes = these_notes()
    for name in list(notes):
        notes.pop(name)
