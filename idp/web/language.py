"""Vietnamese or English: chosen by a cookie, else by the browser, else Vietnamese, which is the language of the source."""

import io
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, Response, has_request_context, request
from flask_babel import Babel, Domain, get_locale

from idp.settings import Settings

VIETNAMESE, ENGLISH = "vi", "en"
LANGUAGES = (VIETNAMESE, ENGLISH)
COOKIE = "hopnhat_language"
CATALOGUE = Path(__file__).resolve().parent.parent / "translations" / "en" / "LC_MESSAGES" / "messages.po"
YEAR = 365 * 86400


@cache
def english() -> Translations:
    """The English texts, read from the catalogue itself: no compiled file that could be missing or stale."""
    compiled = io.BytesIO()
    with CATALOGUE.open("rb") as file:
        write_mo(compiled, read_po(file, locale=ENGLISH))
    compiled.seek(0)
    return Translations(compiled)


class _Catalogue(Domain):
    def get_translations(self) -> NullTranslations:
        return english() if current_language() == ENGLISH else _SOURCE


class _Babel(Babel):
    @property
    def domain_instance(self) -> Domain:
        return _DOMAIN


_SOURCE, _DOMAIN = NullTranslations(), _Catalogue()


def choose_language() -> str:
    """The language of this request; outside of one, that of the source."""
    if not has_request_context():
        return VIETNAMESE
    chosen = request.cookies.get(COOKIE)
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or VIETNAMESE


def current_language() -> str:
    """The language that texts are in at this moment: "vi" or "en"."""
    return str(get_locale() or VIETNAMESE)


def set_language_cookie(response: Response, language: str) -> None:
    """Remember the language in this browser for a year; anything but a language we have is ignored."""
    if language in LANGUAGES:
        response.set_cookie(COOKIE, language, max_age=YEAR, secure=request.is_secure, httponly=True, samesite="Lax")


def language_url() -> str:
    """Where the other language is switched on, leading back to this page: `/language?to=en&next=/sign-in%3Fflow%3D…`."""
    other = VIETNAMESE if current_language() == ENGLISH else ENGLISH
    # Not request.full_path, which breaks on a query that is not UTF-8.
    here = f"{request.path}?{request.query_string.decode('utf-8', 'replace')}".removesuffix("?")
    return "/language?" + urlencode({"to": other, "next": here if len(here) < 6000 else "/"})


def set_up_language(app: Flask, settings: Settings) -> None:
    """Texts, and the functions of templates that concern languages."""
    _Babel(app, default_locale=VIETNAMESE, default_timezone=settings.timezone, locale_selector=choose_language)
    app.jinja_env.globals.update(current_language=current_language, language_url=language_url)
