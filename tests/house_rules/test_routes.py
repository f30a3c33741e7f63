"""Every route says who may use it."""

from idp.api.operations import OPERATION_ATTRIBUTE
from idp.api.scopes import PATH
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


def test_every_route_of_the_api_declares_its_permission_and_scope_and_answers_no_preflight() -> None:
    app = build(settings_for("sqlite://"))
    undeclared, found = [], 0
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(f"{PATH}/") or rule.rule == f"{PATH}/openapi.json":
            continue
        told = getattr(app.view_functions[rule.endpoint], OPERATION_ATTRIBUTE, None)
        found += 1
        is_about_itself = told is not None and told.name == "showMyself"
        if told is None or "OPTIONS" in (rule.methods or ()) or not (is_about_itself or (told.scope and told.permission)):
            undeclared.append(rule.rule)
    assert found > 30
    assert not undeclared, undeclared
