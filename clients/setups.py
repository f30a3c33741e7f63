"""Settings of widely used programs for one client, ready to be pasted, and what its registration needs before the program works."""

import json
import secrets
from dataclasses import dataclass

from flask_babel import gettext as _

from clients.landing import landing_path
from clients.metadata import CLIENT_SECRET_BASIC
from clients.setup_texts import PROGRAMS, Program

SECRET = "KHOA-BI-MAT"  # stands where the secret goes, after the moment in which it is known


@dataclass(frozen=True)
class Facts:
    """What the settings are made of. `landing`: where people come after signing out; `method`: how the client is registered to send its
    secret; `algorithm`: what signs its ID tokens; `needs_pkce`: whether it is refused without RFC 7636."""

    issuer: str
    client_id: str
    secret: str | None
    redirect_uri: str
    scope: str
    is_public: bool
    landing: str | None = None
    redirect_uris: tuple[str, ...] = ()
    method: str = CLIENT_SECRET_BASIC
    algorithm: str = "RS256"
    needs_pkce: bool = True


@dataclass(frozen=True)
class Setup:
    """What goes into the settings of one program. `needs`: what has to be changed in the registration first, in words."""

    name: str
    text: str
    needs: tuple[str, ...] = ()


def env_file(facts: Facts) -> str:
    """The settings as environment variables."""
    lines = [
        f"OIDC_ISSUER={facts.issuer}", f"OIDC_DISCOVERY={facts.issuer}/.well-known/openid-configuration", f"OIDC_CLIENT_ID={facts.client_id}",
        f"OIDC_REDIRECT_URI={facts.redirect_uri}", f'OIDC_SCOPE="{facts.scope}"',
    ]  # fmt: skip
    if not facts.is_public:
        lines.insert(3, f"OIDC_CLIENT_SECRET={facts.secret or SECRET}")
    return "\n".join(lines) + "\n"


def setups(facts: Facts) -> list[Setup]:
    """Program by program."""
    return [
        Setup(one.name, _filled(one.text, _values(facts, one)), tuple(_needs(facts, one)))
        for one in PROGRAMS
        if one.is_for_public or not facts.is_public
    ]


def _needs(facts: Facts, program: Program) -> list[str]:
    needs, uri = [], _redirect_uri(facts, program)
    if not facts.is_public and facts.method not in program.methods:
        wanted = " / ".join(program.methods)
        needs.append(_("Phần mềm này xác thực bằng %(methods)s: chọn lại “Cách xác thực ứng dụng”.", methods=wanted))
    if facts.needs_pkce and not program.pkce:
        needs.append(_("Phần mềm này không làm được PKCE: bỏ dấu ở “Bắt buộc PKCE”."))
    if program.callback and uri not in (facts.redirect_uris or (facts.redirect_uri,)):
        needs.append(_("Phần mềm này nhận kết quả ở %(uri)s: thêm vào “Địa chỉ trả về”.", uri=uri))
    return needs


def _redirect_uri(facts: Facts, program: Program) -> str:
    """The address that the program takes the answer at: the registered one that fits, or the one to be registered."""
    if program.callback is None:
        return facts.redirect_uri
    fitting = (uri for uri in facts.redirect_uris or (facts.redirect_uri,) if uri.endswith(program.callback))
    return min(fitting, default=_origin(facts.redirect_uri) + program.callback)


def _origin(uri: str) -> str:
    return "/".join(uri.split("/")[:3])


def _values(facts: Facts, program: Program) -> dict[str, str]:
    uri, scopes = _redirect_uri(facts, program), facts.scope.split()
    origin, plain = _origin(uri), facts.issuer.startswith("http:")  # plain http: on loopback alone
    landing = landing_path(origin, facts.landing)
    method = facts.method if facts.method in program.methods else program.methods[0]
    is_basic, secret = method == CLIENT_SECRET_BASIC, facts.secret or SECRET
    node = "None()" if facts.is_public else f"ClientSecret{'Basic' if is_basic else 'Post'}(OIDC_CLIENT_SECRET)"
    return {
        "issuer": facts.issuer, "id": facts.client_id, "secret": secret, "uri": uri, "scope": facts.scope, "origin": origin,
        "comma": ",".join(scopes), "quoted": ", ".join(map(json.dumps, scopes)), "single": ", ".join(f"'{name}'" for name in scopes),
        "random": secrets.token_hex(16), "open": _APACHE_OPEN.replace("@landing@", landing) if landing else "",
        "algorithm": facts.algorithm, "method": method, "mail_claim": "email" if "email" in scopes else "sub",
        "django_basic": str(is_basic), "moodle_basic": "yes" if is_basic else "no", "ruby_method": "basic" if is_basic else "post",
        "node_method": node, "node_http": ",\n  { execute: [client.allowInsecureRequests] }" if plain else "",
        "dotnet_http": "\n    options.RequireHttpsMetadata = false;" if plain else "",
    }  # fmt: skip


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


_APACHE_OPEN = """
# Where people land after signing out: protected like the rest, it would ask them to sign in again.
<Location "@landing@">
    AuthType None
    Require all granted
</Location>
"""
