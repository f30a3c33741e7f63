"""The desk and the lifecycle, handed to the application: pages, what the console's home tells of them."""

from flask import Flask

from directory_sync import desk_pages

BLUEPRINTS = (desk_pages.blueprint,)


def set_up_lifecycle(app: Flask) -> None:
    """Register the pages."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
