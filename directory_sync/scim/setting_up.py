"""Puts SCIM into the application: its endpoint, its pages, its jobs, and its words about whoever leaves."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from directory_sync.scim import delivery, endpoint, messages, pages, provisioning
from idp import outbox
from idp.console.client_pages import CLIENT_LINKS
from idp.console.home import add_attention
from idp.database import in_transaction
from idp.jobs import Job
from idp.oidc.leavings import ALSO_TOLD

LOOK_SECONDS, HOUR, DAY = 5, 3600, 86_400


def set_up_scim(app: Flask) -> None:
    """Register the doors, and what is done beside what others do."""
    app.register_blueprint(endpoint.blueprint)
    app.register_blueprint(pages.blueprint)
    app.extensions.setdefault(CLIENT_LINKS, []).append((_l("Cấp tài khoản trước"), "scim_pages.show_provisioning"))
    app.extensions.setdefault(ALSO_TOLD, []).append(provisioning.tell_of_leaving)
    add_attention(app, pages.attention)
    outbox.add_deliverers(app, delivery.DELIVERERS)


def jobs() -> list[Job]:
    """What the worker does for SCIM."""
    return [
        Job("old_scim_messages", HOUR, lambda: in_transaction(messages.forget_old), lease_seconds=60),
        Job("provisioning", LOOK_SECONDS, provisioning.look, lease_seconds=600),
        Job("provisioning_again", DAY, provisioning.look_at_all_again, lease_seconds=60),
    ]
