"""/console/clients/<client_id>/history: what was changed of an application, newest first."""

import uuid

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from clients.registry import find_even_disabled
from idp.console.client_history import history_of
from idp.database import reader
from idp.errors import NotFound
from idp.web.viewer import Permission, requires

blueprint = Blueprint("console_client_history", __name__)


@blueprint.get("/console/clients/<client_id>/history")
@requires(Permission.SEE_CLIENTS)
def history(client_id: str) -> str:
    """Who changed what, when and why; before and after."""
    client = find_even_disabled(client_id)
    if client is None:
        raise NotFound(_("Không có ứng dụng này."))
    try:
        before = uuid.UUID(request.args["before"]) if "before" in request.args else None
    except ValueError:
        raise NotFound(_("Không có trang này.")) from None
    entries, older = history_of(reader(), client.key, before)
    return render_template("console/client_history.html", client=client, entries=entries, older=older, before=before)
