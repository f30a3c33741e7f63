"""Puts SAML into the application, when HOPNHAT_SAML asks for it: what reads and signs XML is not even loaded otherwise."""

import importlib

from flask import Flask
from flask_babel import lazy_gettext as _l

from idp.console.client_pages import CLIENT_LINKS
from idp.oidc.frontchannel_logout import FURTHER_WAYS

DOORS = ("sign_in_endpoint", "sign_out_endpoint", "pages")


def set_up_saml(app: Flask) -> None:
    """Register the doors."""
    if not app.extensions["hopnhat.settings"].saml:
        return
    doors = {name: importlib.import_module(f"idp.saml.{name}") for name in DOORS}
    for door in doors.values():
        app.register_blueprint(door.blueprint)
    app.extensions.setdefault(FURTHER_WAYS, []).append(doors["sign_out_endpoint"].way_after)
    app.extensions.setdefault(CLIENT_LINKS, []).append((_l("SAML"), "console_saml.show"))
    importlib.import_module("idp.saml.sensitive_changes").set_up()
    app.jinja_env.globals["saml_is_on"] = True
