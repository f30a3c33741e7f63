"""/console/clients/<client_id>/activity: the live view of one application."""

from flask import Blueprint, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from clients.registry import find_even_disabled
from idp.console import failure_words
from idp.database import reader
from idp.errors import NotFound
from idp.oidc.backchannel_logout import deliveries
from idp.proof.activity import activity_of
from idp.web.viewer import Permission, requires

blueprint = Blueprint("console_activity", __name__)
SHOWN_DELIVERIES = 10
STEP_WORDS = {
    "sign_in": _l("Người dùng đăng nhập ở trang chung"),
    "redeem": _l("Ứng dụng đổi mã sau khi đăng nhập"),
    "logout": _l("Ứng dụng xác nhận lệnh đăng xuất"),
}


@blueprint.get("/console/clients/<client_id>/activity")
@requires(Permission.SEE_CLIENTS)
def activity(client_id: str) -> str:
    """Sign-ins by hour and day, errors by kind, the slowest step, the last logout deliveries."""
    client = find_even_disabled(client_id)
    if client is None:
        raise NotFound(_("Không có ứng dụng này."))
    told = activity_of(reader(), client.key)
    return render_template(
        "proof/activity.html", client=client, told=told, steps=STEP_WORDS, failure_words=failure_words,
        most=max([1, *(span.sign_ins + span.own_tokens for span in told.hours)]),
        deliveries=deliveries(reader(), client=client.key, most=SHOWN_DELIVERIES),
    )  # fmt: skip
