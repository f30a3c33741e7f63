"""Rules by path in words."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from clients.path_rules import NOBODY, PUBLIC, SIGNED_IN, PathRule
from idp.console.entry_words import CATEGORY_WORDS, ROLE_CHOICES
from idp.console.words import assurance_words

WHO_CHOICES = [
    (SIGNED_IN, _l("Ai đã đăng nhập và được vào ứng dụng")),
    (PUBLIC, _l("Tất cả, không cần đăng nhập")),
    (NOBODY, _l("Không ai")),
    ("unit", _l("Người của một đơn vị và các đơn vị bên dưới")),
    ("category", _l("Một loại cán bộ")),
    ("role", _l("Người giữ một vai trò")),
    ("app-role", _l("Người có vai trò trong ứng dụng")),
    ("person", _l("Một người nêu tên")),
]
METHOD_CHOICES = [("*", _l("Mọi phương thức")), ("GET|HEAD", _l("Chỉ xem (GET, HEAD)")), ("POST|PUT|PATCH|DELETE", _l("Chỉ gửi và sửa"))]


def who_words(rule: PathRule) -> str:
    """Whom the rule lets in."""
    if rule.opens:
        return str(dict(WHO_CHOICES)[rule.opens])
    return ", ".join(_subject(kind, name) for kind, name in rule.subjects)


def more_words(rule: PathRule) -> str:
    """What it asks for besides; "" for nothing."""
    told = [assurance_words(f"urn:hopnhat:{rule.acr}")] if rule.acr else []
    if rule.max_age is not None:
        told.append(_("xác thực trong %(number)s giây gần nhất", number=rule.max_age))
    return ", ".join(told)


def method_words(rule: PathRule) -> str:
    """Which requests it is about."""
    return ", ".join(sorted(rule.methods)) if rule.methods else _("mọi phương thức")


def _subject(kind: str, name: str) -> str:
    if kind == "unit":
        return _("đơn vị %(name)s và các đơn vị bên dưới", name=name)
    if kind == "category":
        return str(CATEGORY_WORDS.get(name, name))
    if kind == "role":
        return _("vai trò %(name)s", name=dict(ROLE_CHOICES).get(name, name))
    if kind == "app-role":
        return _("vai trò %(name)s trong ứng dụng", name=name)
    return name
