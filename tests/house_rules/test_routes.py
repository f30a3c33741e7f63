"""Every route says who may use it."""

from idp.web.viewer import PERMISSION_ATTRIBUTE
from tests.support.installation import settings_for
from wsgi import build

FLASKS_OWN = {"static"}


def test_every_route_declares_who_may_use_it() -> None:
    app = build(settings_for("sqlite://"))
    silent = [
        f"{rule.rule} ({rule.endpoint})"
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in FLASKS_OWN and not hasattr(app.view_functions[rule.endpoint], PERMISSION_ATTRIBUTE)
    ]
    assert not silent, silent
