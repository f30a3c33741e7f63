"""create_app: puts the parts together in reading order; no logic of its own."""

from pathlib import Path

from flask import Flask

from clients import logo_endpoint, registration_endpoint
from idp import doctor_advice, metrics_endpoint, records, smtp
from idp.access import set_up_access
from idp.account import adding_pages as account_adding_pages
from idp.account import alarm_pages as account_alarm_pages
from idp.account import application_pages as account_application_pages
from idp.account import factor_pages as account_factor_pages
from idp.account import pages as account_pages
from idp.account import password_pages as account_password_pages
from idp.api import audit_endpoint as api_audit_endpoint
from idp.api import client_endpoint as api_client_endpoint
from idp.api import openapi_endpoint
from idp.api import people_endpoint as api_people_endpoint
from idp.api import secret_endpoint as api_secret_endpoint
from idp.api import system_endpoint as api_system_endpoint
from idp.api import tracker_endpoint as api_tracker_endpoint
from idp.api.pages import set_up_api_pages
from idp.console import (
    activity_pages,
    audit_pages,
    check_pages,
    client_pages,
    draft_pages,
    enough_administrators,
    help_pages,
    home,
    leaving_pages,
    path_pages,
    people_pages,
    preview_pages,
    proposal_pages,
    role_pages,
    saved_filter_pages,
    secret_pages,
    session_pages,
    system_pages,
    token_check_pages,
)
from idp.console import app_role_pages as console_app_role_pages
from idp.console import client_history_pages as console_client_history_pages
from idp.console import (
    emergency_pages as console_emergency_pages,
)
from idp.console import entry_pages as console_entry_pages
from idp.console import failure_pages as console_failure_pages
from idp.console import lifetime_pages as console_lifetime_pages
from idp.console import logo_pages as console_logo_pages
from idp.console.client_reach import set_up_reach
from idp.console.reach import sees_all
from idp.database import db, engine_options, prepare_engine
from idp.emergency import pages as emergency_pages
from idp.emergency.setting_up import set_up_emergency
from idp.enrollment import closing_pages, dashboard_pages, names_pages
from idp.enrollment import pages as enrollment_pages
from idp.enrollment.campaigns import pages as campaign_pages
from idp.enrollment.campaigns.setting_up import set_up_acting
from idp.enrollment.reports import pages as report_pages
from idp.enrollment.reports import public_pages as public_figure_pages
from idp.login import (
    activation_pages,
    change_pages,
    codes_pages,
    enroll_pages,
    known_pages,
    notice_pages,
    passkey_pages,
    second_factor_pages,
)
from idp.login import pages as login_pages
from idp.logs import set_up_logs
from idp.oidc import (
    authorize_endpoint,
    consent_pages,
    device_authorization_endpoint,
    device_pages,
    discovery_endpoint,
    end_session_endpoint,
    entry_pages,
    introspection_endpoint,
    protected_resource_endpoint,
    pushed_authorization_endpoint,
    revocation_endpoint,
    session_management,
    token_endpoint,
    userinfo_endpoint,
)
from idp.oidc.forward_auth import check_endpoint, sign_in_endpoint
from idp.people.unit_paths import place_of
from idp.people.words import source_words
from idp.proof import trial_sign_in_pages
from idp.sealing import SealingKeys
from idp.sessions.visitors import set_up_visitors
from idp.settings import Settings, read_settings
from idp.web import health
from idp.web.address_limits import set_up_address_limits
from idp.web.application import Application
from idp.web.pages import set_up_web

ROOT = Path(__file__).resolve().parent.parent
BLUEPRINTS = (
    health.blueprint,
    metrics_endpoint.blueprint,
    login_pages.blueprint,
    change_pages.blueprint,
    known_pages.blueprint,
    second_factor_pages.blueprint,
    passkey_pages.blueprint,
    activation_pages.blueprint,
    enroll_pages.blueprint,
    codes_pages.blueprint,
    notice_pages.blueprint,
    account_pages.blueprint,
    account_alarm_pages.blueprint,
    account_application_pages.blueprint,
    account_factor_pages.blueprint,
    account_adding_pages.blueprint,
    account_password_pages.blueprint,
    emergency_pages.blueprint,
    enrollment_pages.blueprint,
    dashboard_pages.blueprint,
    names_pages.blueprint,
    report_pages.blueprint,
    campaign_pages.blueprint,
    closing_pages.blueprint,
    public_figure_pages.blueprint,
    home.blueprint,
    client_pages.blueprint,
    system_pages.blueprint,
    console_entry_pages.blueprint,
    path_pages.blueprint,
    console_failure_pages.blueprint,
    console_logo_pages.blueprint,
    console_app_role_pages.blueprint,
    console_client_history_pages.blueprint,
    console_lifetime_pages.blueprint,
    check_pages.blueprint,
    activity_pages.blueprint,
    token_check_pages.blueprint,
    trial_sign_in_pages.blueprint,
    draft_pages.blueprint,
    secret_pages.blueprint,
    preview_pages.blueprint,
    people_pages.blueprint,
    role_pages.blueprint,
    proposal_pages.blueprint,
    console_emergency_pages.blueprint,
    session_pages.blueprint,
    saved_filter_pages.blueprint,
    leaving_pages.blueprint,
    help_pages.blueprint,
    audit_pages.blueprint,
    discovery_endpoint.blueprint,
    authorize_endpoint.blueprint,
    consent_pages.blueprint,
    entry_pages.blueprint,
    pushed_authorization_endpoint.blueprint,
    token_endpoint.blueprint,
    userinfo_endpoint.blueprint,
    protected_resource_endpoint.blueprint,
    introspection_endpoint.blueprint,
    revocation_endpoint.blueprint,
    end_session_endpoint.blueprint,
    session_management.blueprint,
    device_authorization_endpoint.blueprint,
    device_pages.blueprint,
    registration_endpoint.blueprint,
    logo_endpoint.blueprint,
    openapi_endpoint.blueprint,
    api_people_endpoint.blueprint,
    api_client_endpoint.blueprint,
    api_secret_endpoint.blueprint,
    api_system_endpoint.blueprint,
    api_audit_endpoint.blueprint,
    api_tracker_endpoint.blueprint,
    check_endpoint.blueprint,
    sign_in_endpoint.blueprint,
)


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application for these settings, or for those of the environment. Raises SettingsMistaken."""
    settings = settings or read_settings()
    set_up_logs(settings.log_level)
    app = Application("idp", static_folder=None, root_path=str(ROOT / "idp"), instance_path=str(ROOT / "instance"))
    app.debug = False  # whatever FLASK_DEBUG says: a fault of ours is a page of ours, never a traceback
    app.extensions["hopnhat.settings"] = settings
    app.extensions["hopnhat.sealing_keys"] = SealingKeys(settings.sealing_keys.get_secret_value())
    _set_up_database(app, settings)
    set_up_web(app, settings)
    set_up_visitors(app)
    set_up_emergency(app)
    set_up_access(app)
    set_up_reach(app)
    doctor_advice.add(app, "administrators", enough_administrators.advice)
    doctor_advice.add(app, "mail", smtp.advice)
    for look in (proposal_pages.attention, role_pages.attention, console_emergency_pages.attention):
        home.add_attention(app, look)
    set_up_address_limits(app, settings)
    set_up_acting(app)
    set_up_api_pages(app)
    app.jinja_env.globals.update(place_of=place_of, sees_all=sees_all, source_words=source_words)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app


def _set_up_database(app: Flask, settings: Settings) -> None:
    assert records.MODULES  # every table is known before the first statement
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings.database_url)
    db.init_app(app)
    app.teardown_appcontext_funcs.clear()  # Flask-SQLAlchemy closes a session of the ORM there; we never open one
    with app.app_context():
        prepare_engine(db.engine)
