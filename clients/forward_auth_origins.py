"""The sites that a proxy guards in a client's name: exact origins, each with its redirect URI below the path that leads to us."""

from urllib.parse import urlsplit

from flask_babel import gettext as _

from clients.redirect_uris import InvalidRedirectUri, check_uris

PATH = "/hopnhat"  # the site's host passes what is below it on to /forward-auth/<client_id>
CALLBACK_PATH = f"{PATH}/callback"


def check_origins(origins: tuple[str, ...], redirect_uris: tuple[str, ...]) -> tuple[str, ...]:
    """The origins (RFC 6454 §6.2, as browsers write them), each once. Raises InvalidRedirectUri for what is none, or one whose
    redirect URI is not among the client's."""
    for origin in check_uris(origins):
        parts = urlsplit(origin)
        default_port = {"https": 443, "http": 80}[parts.scheme]
        if origin != f"{parts.scheme}://{parts.netloc}".lower() or parts.netloc.endswith(":") or parts.port == default_port:
            raise InvalidRedirectUri(
                _("“%(origin)s” phải có dạng https://tên-máy-chủ, chữ thường, không có gì sau đó.", origin=origin[:200])
            )
        if origin + CALLBACK_PATH not in redirect_uris:
            raise InvalidRedirectUri(_("Cần đăng ký thêm địa chỉ trả về “%(uri)s”.", uri=(origin + CALLBACK_PATH)[:200]))
    return tuple(dict.fromkeys(origins))
