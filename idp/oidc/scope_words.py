"""Scopes in plain words, for the person whom they are about."""

from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from clients.lifetimes import FINAL, lasting
from clients.registry import RegisteredClient
from clients.resources import find_resource

OFFLINE, DAY = "offline_access", 86400
WORDS: dict[str, LazyString] = {
    "openid": _l("Mã định danh riêng để nhận ra tài khoản này ở lần vào sau"),
    "profile": _l("Họ và tên, tên đăng nhập"),
    "email": _l("Địa chỉ thư điện tử công vụ"),
    "phone": _l("Số điện thoại"),
    "address": _l("Địa chỉ cơ quan"),
    "staff": _l("Mã CBCCVC, loại cán bộ, chức vụ, đơn vị công tác"),
}


def words_of(scope: Iterable[str], client: RegisteredClient) -> list[str]:
    """What these scopes and resources let this application know or do, in our order; what a resource defines by the name it gave."""
    asked = set(scope)
    told = [str(words) for name, words in WORDS.items() if name in asked]
    told += [_of_resource(name) for name in sorted(asked - WORDS.keys() - {OFFLINE})]
    if OFFLINE in asked:
        days = -(-lasting(client.metadata, FINAL) // DAY)
        told.append(_("Tiếp tục xem các thông tin này khi cán bộ không có mặt, tối đa %(days)s ngày", days=days))
    return told


def _of_resource(name: str) -> str:
    found = find_resource(name)
    return name if found is None else _("Dùng dịch vụ “%(name)s” thay mặt cán bộ", name=found.name)
