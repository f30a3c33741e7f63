"""create_app: puts the parts together in reading order; no logic of its own."""

from pathlib import Path

from flask import Flask

from idp import records
from idp.database import db, engine_options, prepare_engine
from idp.sealing import SealingKeys
from idp.settings import Settings, read_settings

ROOT = Path(__file__).resolve().parent.parent


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application for these settings, or for those of the environment. Raises SettingsMistaken."""
    settings = settings or read_settings()
    assert records.MODULES
    app = Flask("idp", root_path=str(ROOT / "idp"), instance_path=str(ROOT / "instance"))
    app.extensions["hopnhat.settings"] = settings
    app.extensions["hopnhat.sealing_keys"] = SealingKeys(settings.sealing_keys.get_secret_value())
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings.database_url)
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    return app
