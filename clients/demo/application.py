"""Puts one application together: its pages, its memory of who is signed in, and what it knows of the provider."""

import secrets
from datetime import date, datetime

from flask import Flask, g
from werkzeug.wrappers import Response

from clients.demo import pages
from clients.demo.local_sessions import LocalSessions
from clients.demo.logout_token import LogoutTokenVerifier
from clients.demo.provider import Provider
from clients.demo.relying_party import RelyingParty
from clients.demo.shown_work import TIMEZONE

LARGEST_FORM_BYTES = 65536


def create_application(party: RelyingParty) -> Flask:
    """The application as a Flask app, with local sessions of its own."""
    app = Flask("clients.demo", root_path=pages.FOLDER, static_folder=None)
    app.secret_key = secrets.token_bytes(32)
    app.config.update(
        SESSION_COOKIE_NAME=f"{party.cookie_name}_sign_in",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        MAX_CONTENT_LENGTH=LARGEST_FORM_BYTES,
    )
    provider = Provider(app, party)
    verifier = LogoutTokenVerifier(party.issuer, party.client_id, provider.keys)
    app.extensions["demo"] = pages.Parts(party, provider, LocalSessions(), verifier)
    app.register_blueprint(pages.blueprint)
    app.context_processor(lambda: {"party": party, "look": party.look, "nonce": _style_nonce()})
    app.add_template_filter(day)
    app.add_template_filter(moment)
    app.after_request(lambda response: _guard(response, party))
    return app


def day(value: date) -> str:
    """A day as it is written in Vietnamese papers."""
    return f"{value:%d/%m/%Y}"


def moment(seconds: float) -> str:
    """An instant, given in seconds since 1970, as people in Hà Giang read it."""
    return f"{datetime.fromtimestamp(seconds, TIMEZONE):%d/%m/%Y %H:%M:%S}"


def _guard(response: Response, party: RelyingParty) -> Response:
    """The headers of every answer. Signing out posts a form whose redirects lead over the provider and back."""
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'nonce-{_style_nonce()}'; img-src data:; base-uri 'none'; frame-ancestors 'none';"
        f" form-action 'self' {party.issuer}"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _style_nonce() -> str:
    if "style_nonce" not in g:
        g.style_nonce = secrets.token_urlsafe(16)
    return str(g.style_nonce)
