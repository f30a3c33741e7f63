"""The application, the request and its notes, as they are: behind Flask's proxies each look takes four calls, and a sign-on looks eighty times."""

from flask import Flask, Request, current_app, g, request
from flask.ctx import _AppCtxGlobals


def this_application() -> Flask:
    """What `current_app` stands for. Raises RuntimeError outside an application."""
    found: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return found


def this_request() -> Request:
    """What `request` stands for. Raises RuntimeError outside a request."""
    found: Request = request._get_current_object()  # type: ignore[attr-defined]
    return found


def these_notes() -> _AppCtxGlobals:
    """What `g` stands for. Raises RuntimeError outside an application."""
    found: _AppCtxGlobals = g._get_current_object()
    return found
