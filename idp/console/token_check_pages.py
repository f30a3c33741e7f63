"""/console/clients/<client_id>/token-check: an ID token is pasted and told apart. It is never kept: not in the address, not in a log."""

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from clients.registry import RegisteredClient, find_even_disabled
from idp.errors import NotFound
from idp.proof.token_check import judge
from idp.web.viewer import Permission, requires

blueprint = Blueprint("console_token_check", __name__)
LONGEST_NONCE = 1000


@blueprint.get("/console/clients/<client_id>/token-check")
@requires(Permission.SEE_CLIENTS)
def ask(client_id: str) -> str:
    """The empty form."""
    return render_template("proof/token_check.html", client=_require(client_id), read=None, errors={})


@blueprint.post("/console/clients/<client_id>/token-check")
@requires(Permission.SEE_CLIENTS)
def check(client_id: str) -> str | tuple[str, int]:
    """What it says, and what is wrong with it."""
    client, written = _require(client_id), request.form.get("id_token", "").strip()
    if not written:
        return render_template("proof/token_check.html", client=client, read=None, errors={"id_token": _("Dán một ID token vào đây.")}), 400
    found = judge(written, client, request.form.get("nonce", "").strip()[:LONGEST_NONCE])
    return render_template("proof/token_check.html", client=client, read=found, errors={})


def _require(client_id: str) -> RegisteredClient:
    client = find_even_disabled(client_id)
    if client is None:
        raise NotFound(_("Không có ứng dụng này."))
    return client
