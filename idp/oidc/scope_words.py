"""Scopes in plain words, for the person whom they are about."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

WORDS: dict[str, LazyString] = {
    "openid": _l("Mã định danh riêng để nhận ra tài khoản này ở lần vào sau"),
    "profile": _l("Họ và tên, tên đăng nhập"),
    "email": _l("Địa chỉ thư điện tử công vụ"),
    "phone": _l("Số điện thoại"),
    "address": _l("Địa chỉ cơ quan"),
    "staff": _l("Mã CBCCVC, loại cán bộ, chức vụ, đơn vị công tác"),
    "offline_access": _l("Tiếp tục xem các thông tin này khi không có mặt người dùng, tối đa 30 ngày"),
}


def words_of(scope: Iterable[str]) -> list[str]:
    """What these scopes let an application know or do, in our order; one that an application's own resource defines by its name."""
    asked = set(scope)
    return [str(words) for name, words in WORDS.items() if name in asked] + sorted(asked - WORDS.keys())
