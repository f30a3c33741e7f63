"""Puts SCIM into the application: its endpoint, its pages, its jobs."""

from flask import Flask

from directory_sync.scim import endpoint, messages
from idp.database import in_transaction
from idp.jobs import Job


def set_up_scim(app: Flask) -> None:
    """Register the doors."""
    app.register_blueprint(endpoint.blueprint)


def jobs() -> list[Job]:
    """What the worker does for SCIM."""
    return [Job("old_scim_messages", 3600, lambda: in_transaction(messages.forget_old), lease_seconds=60)]
